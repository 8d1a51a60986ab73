// The consumer's owner thread: Kafka, HTTP transfers, results of writes, timers and commits in
// one loop, so that nothing of the engine's state is shared. Decisions are LaneTable's.
import Glibc
import HTTPClient
import Kafka
import Lanes
import Logging
import Model
import Settings
import Telemetry

/// Everything here runs on one thread; only `Ports` is reached from others.
final class ConsumerLoop {
  /// How other threads reach the loop.
  struct Ports: Sendable {
    let wakeup = Wakeup()
    let writes: Mailbox<SinkWriter.Done>
    let deliveries: Mailbox<Delivery>
    let stops: Mailbox<Stop>

    init() {
      writes = Mailbox(wakeup: wakeup)
      deliveries = Mailbox(wakeup: wakeup)
      stops = Mailbox(wakeup: wakeup)
    }
  }

  /// Asks the loop to drain and end.
  struct Stop: Sendable {}

  /// Polls at most this many records a round, so that a round stays short.
  private static let pollRecordsMax = 1000
  /// The longest wait: gauges and health are refreshed at least this often.
  private static let waitMaxMs: Int64 = 250

  let settings: ConsumerSettings
  let kafkaSettings: KafkaSettings
  let pipelines: [String: [Pipeline]]
  let consumer: Consumer
  let transfers: TransferLoop
  let deadLettersTopic: ProducerTopic
  let writers: [String: SinkWriter]
  let deadLetters: Producer
  let ports: Ports
  let gauges: ConsumerGauges
  let health: ConsumerHealth
  let observe: ProgressObserver
  let log: Logger

  var table: LaneTable<Work>
  var partitions = PartitionIndex()
  /// Attempts by ticket, from start to `finish`.
  var attempts: [UInt64: Attempt] = [:]
  /// Burials by ticket, until their delivery report.
  var burials: [UInt64: Failure] = [:]
  /// Writes gathered in this round, by sink.
  var writeBatches: [String: [SinkWriter.Job]] = [:]
  /// Records polled that the ledger cannot take yet; nothing is polled until it is empty.
  var held: [Work] = []
  var revocation: Revocation?
  var stopDeadlineMs: Int64?
  var nextCommitMs: Int64 = 0
  var nextWalkMs: Int64 = 0
  var lastObservedAtUs: Int64 = 0
  var totals = ConsumerTotals()

  init(_ parts: ConsumerParts, ports: Ports) throws {
    settings = parts.settings
    kafkaSettings = parts.kafka
    pipelines = parts.pipelines
    consumer = try Consumer(parts.consumerOptions)
    transfers = try TransferLoop(parts.httpLimits)
    writers = parts.writers
    deadLetters = parts.deadLetters
    deadLettersTopic = try parts.deadLetters.topic(parts.kafka.deadLettersTopic)
    self.ports = ports
    gauges = parts.gauges
    health = parts.health
    observe = parts.observe
    log = parts.log
    table = LaneTable(
      limits: .init(
        inFlightMax: settings.inFlightMax, windowRecordsMax: settings.windowRecordsMax,
        windowBytesMax: settings.windowBytesMax, attemptsMax: settings.retryAttemptsMax),
      backoff: Backoff(
        baseMs: Int64(settings.retryBaseMs), maxMs: Int64(settings.retryMaxMs),
        seed: UInt64.random(in: .min ... .max)))
    try consumer.subscribe([kafkaSettings.eventsTopic])
  }

  /// Runs until stopped. Every wait inside is bounded.
  func run() {
    var isRunning = true
    while isRunning {
      waitForWork()
      let nowMs = SystemClock.monotonicMs
      serveStops(nowMs: nowMs)
      serveKafka(nowMs: nowMs)
      serveTransfers(nowMs: nowMs)
      serveWrites(nowMs: nowMs)
      serveDeliveries(nowMs: nowMs)
      startWork(nowMs: nowMs)
      submitWrites()
      progressRevocation(nowMs: nowMs)
      commitIfDue(nowMs: nowMs)
      refreshGauges(nowMs: nowMs)
      isRunning = !isDrained(nowMs: nowMs)
    }
    shutDown()
  }

  private func waitForWork() {
    let nowMs = SystemClock.monotonicMs
    var timeoutMs = Self.waitMaxMs
    if let dueMs = table.nextDueMs { timeoutMs = min(timeoutMs, dueMs - nowMs) }
    if let curlMs = transfers.nextTimeoutMs { timeoutMs = min(timeoutMs, Int64(curlMs)) }
    timeoutMs = min(timeoutMs, nextCommitMs - nowMs)
    if consumer.hasRecordsLeft, pollBudget > 0 { timeoutMs = 0 }
    var descriptors = [
      pollfd(fd: consumer.wakeDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: transfers.fileDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: ports.wakeup.fileDescriptor, events: Int16(POLLIN), revents: 0),
    ]
    _ = poll(&descriptors, nfds_t(descriptors.count), Int32(max(0, timeoutMs)))
    if descriptors[0].revents != 0 { consumer.clearWake() }
    if descriptors[2].revents != 0 { ports.wakeup.clear() }
  }

  // MARK: Stopping

  private func serveStops(nowMs: Int64) {
    guard !ports.stops.takeAll().isEmpty, stopDeadlineMs == nil else { return }
    log.write(.info, "stopping: finishing work under way", [.pending: table.inFlight])
    stopDeadlineMs = nowMs + Int64(settings.drainTimeoutMs)
    for partition in table.ownedPartitions { table.fence(partition) }
  }

  private func isDrained(nowMs: Int64) -> Bool {
    guard let stopDeadlineMs else { return false }
    return table.inFlight == 0 || nowMs >= stopDeadlineMs
  }

  private func shutDown() {
    let owned = table.ownedPartitions
    let unfinished = table.inFlight
    commitNow(owned)
    for partition in owned { table.drop(partition) }
    transfers.cancelAll()
    transfers.close()
    consumer.close(timeoutMs: 3000)
    for writer in writers.values { writer.close(timeoutMs: 5000) }
    let undelivered = deadLetters.close(timeoutMs: 5000)
    log.write(.info, "stopped: \(totals)", [.pending: unfinished, .count: undelivered])
  }

  func refreshGauges(nowMs: Int64) {
    health.tick(nowMs: nowMs)
    gauges.set(
      inFlight: table.inFlight, lanes: table.laneCount, windowRecords: table.windowRecords,
      windowBytes: table.windowBytes)
    // These walk lanes and partitions: once a second will do.
    guard nowMs >= nextWalkMs else { return }
    nextWalkMs = nowMs + 1000
    gauges.set(oldestUnfinishedMs: table.least { $0.receivedMs }.map { nowMs - $0 } ?? 0)
    for number in table.ownedPartitions {
      let partition = partitions.name(number)
      guard let end = consumer.knownEnd(partition), let done = table.frontier(number) else {
        continue
      }
      gauges.set(lag: max(0, end - done), partition: partition.partition)
    }
  }

  /// What one round may poll.
  var pollBudget: Int {
    held.isEmpty && stopDeadlineMs == nil ? min(table.room, Self.pollRecordsMax) : 0
  }
}
