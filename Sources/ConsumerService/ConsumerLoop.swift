// The consumer's owner thread: Kafka, HTTP transfers, results of writes, timers and commits in
// one loop, so that nothing of the engine's state is shared. Decisions are LaneTable's.
import Glibc
import HTTPClient
import JSONText
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
  private static let pollRecordsMax = 4096
  /// The longest wait: gauges and health are refreshed at least this often.
  private static let waitMaxMs: Int64 = 250

  let settings: ConsumerSettings
  let kafkaSettings: KafkaSettings
  let pipelines: [String: Pipeline]
  let step: ConsumerService.Step
  /// No pipeline gets by without its API.
  let isAskingOnly: Bool
  let consumer: Consumer
  let transfers: TransferLoop
  let credentials: CredentialKeeper
  /// By destination; nil where its calls carry no credential.
  let credentialHandles: [CredentialKeeper.Handle?]
  let deadLettersTopic: ProducerTopic
  /// Nil where nothing is parked.
  let retryTopic: ProducerTopic?
  let writers: [String: SinkWriter]
  let producer: Producer
  let scanner: JSONScanner
  let ports: Ports
  let gauges: ConsumerGauges
  let health: ConsumerHealth
  let observe: ProgressObserver
  let log: Logger

  var table: LaneTable
  var flood: FloodGuard
  var partitions = PartitionIndex()
  /// By place in the lane table.
  var works: [Work?] = []
  /// Runs by ticket, from start to `finish`.
  var attempts: [LaneTable.Ticket: Attempt] = [:]
  /// Burials and parkings by ticket, until their delivery reports.
  var produces: [UInt64: ProduceUnderWay] = [:]
  var destinations: [Destination] = []
  var authorizedHeaders: [Int: AuthorizedHeaders] = [:]
  /// Calls under way, by transfer ticket.
  var calls: [UInt64: Call] = [:]
  var lastCall: UInt64 = 0
  /// Batches that are being put together in this round.
  var openBatches: [OpenBatch.Name: OpenBatch] = [:]
  /// Writes gathered in this round, by sink.
  var writeBatches: [String: [SinkWriter.Job]] = [:]
  /// Records polled that the ledger cannot take yet; nothing is polled until it is empty.
  var held: [(partition: Int, record: ConsumedRecord)] = []
  /// Retry partitions that are read to their end first, to learn whose records wait there.
  var scans: [TopicPartition: RetryScan] = [:]
  var assignment: AssignmentUnderWay?
  var revocation: Revocation?
  var backlog = BacklogWait()
  var stopDeadlineMs: Int64?
  var nextCommitMs: Int64 = 0
  var nextWalkMs: Int64 = 0
  var lastObservedAtUs: Int64 = 0
  /// Records whose end was seen, and when (by the calendar), where answers are compared by time.
  var goneSeenMs: [RecordKey: Int64] = [:]
  /// The last round left lanes that could be started.
  var mayStartMore = false
  var totals = ConsumerTotals()

  init(_ parts: ConsumerParts, ports: Ports) throws {
    settings = parts.settings
    kafkaSettings = parts.kafka
    pipelines = parts.pipelines
    isAskingOnly =
      parts.step != .empty && pipelines.values.allSatisfy { $0.fetch != nil }
    step = parts.step
    consumer = try Consumer(parts.consumerOptions)
    transfers = try TransferLoop(parts.httpLimits)
    credentials = try CredentialKeeper(
      tickets: Self.tokenTickets, seed: .random(in: .min ... .max))
    credentialHandles = zip(parts.destinations, parts.credentials).map { [credentials] in
      $1.map { [name = $0.name] in credentials.add(name, $0) }
    }
    writers = parts.writers
    producer = parts.producer
    deadLettersTopic = try producer.topic(parts.kafka.deadLettersTopic)
    retryTopic = parts.settings.engine.isParking ? try producer.topic(parts.kafka.retryTopic) : nil
    scanner = try JSONScanner()
    self.ports = ports
    gauges = parts.gauges
    health = parts.health
    observe = parts.observe
    log = parts.log
    let seed = UInt64.random(in: .min ... .max)
    table = LaneTable(
      limits: .init(
        inFlightMax: settings.inFlightMax, windowRecordsMax: settings.windowRecordsMax,
        windowBytesMax: settings.windowBytesMax, attemptsMax: settings.retryAttemptsMax,
        laneAttemptsMax: settings.engine.laneAttemptsMax),
      backoff: Backoff(
        baseMs: Int64(settings.retryBaseMs), maxMs: Int64(settings.retryMaxMs), seed: seed))
    var flood = FloodGuard.Limits()
    flood.allowance = settings.engine.deadLettersAllowance
    self.flood = FloodGuard(flood)
    destinations = parts.destinations.enumerated().map { index, fetch in
      Destination(name: fetch.name, fetch.settings, seed: seed &+ UInt64(index) &+ 1)
    }
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
      if !backlog.isWaiting { startWork(nowMs: nowMs) }
      requestTokens(nowMs: nowMs)
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
    if let assignment { timeoutMs = min(timeoutMs, assignment.remainingMs(nowMs: nowMs)) }
    if let dueMs = table.nextDueMs { timeoutMs = min(timeoutMs, dueMs - nowMs) }
    if let curlMs = transfers.nextTimeoutMs { timeoutMs = min(timeoutMs, Int64(curlMs)) }
    if let askMs = nextAskMs(nowMs: nowMs) { timeoutMs = min(timeoutMs, askMs - nowMs) }
    if let endMs = backlog.endMs { timeoutMs = min(timeoutMs, endMs - nowMs) }
    timeoutMs = min(timeoutMs, nextCommitMs - nowMs)
    if mayStartMore || consumer.hasRecordsLeft && pollBudget > 0 { timeoutMs = 0 }
    withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 3) { descriptors in
      for (index, descriptor) in [
        consumer.wakeDescriptor, transfers.fileDescriptor, ports.wakeup.fileDescriptor,
      ].enumerated() {
        descriptors.initializeElement(
          at: index, to: pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
      }
      _ = poll(descriptors.baseAddress, nfds_t(descriptors.count), Int32(max(0, timeoutMs)))
      if descriptors[0].revents != 0 { consumer.clearWake() }
      if descriptors[2].revents != 0 { ports.wakeup.clear() }
    }
  }

  // MARK: Stopping

  private func serveStops(nowMs: Int64) {
    guard !ports.stops.takeAll().isEmpty, stopDeadlineMs == nil else { return }
    log.write(.info, "stopping: finishing work under way", [.pending: table.inFlight])
    stopDeadlineMs = nowMs + Int64(settings.drainTimeoutMs)
    for partition in table.ownedPartitions { table.fence(partition) }
    assignment = nil
  }

  private func isDrained(nowMs: Int64) -> Bool {
    guard let stopDeadlineMs else { return false }
    return table.inFlight == 0 || nowMs >= stopDeadlineMs
  }

  private func shutDown() {
    let owned = table.ownedPartitions
    let unfinished = table.inFlight
    commitNow(owned)
    for partition in owned { drop(partition) }
    // Lent records must be gone before their consumer is.
    held = []
    works = []
    transfers.cancelAll()
    transfers.close()
    consumer.close(timeoutMs: 3000)
    for writer in writers.values { writer.close(timeoutMs: 5000) }
    let undelivered = producer.close(timeoutMs: 5000)
    log.write(.info, "stopped: \(totals)", [.pending: unfinished, .count: undelivered])
  }

  /// Forgets a partition with everything kept of its records.
  func drop(_ partition: Int) {
    table.drop(partition) { works[$0] = nil }
  }

  func refreshGauges(nowMs: Int64) {
    health.tick(nowMs: nowMs)
    gauges.set(
      inFlight: table.inFlight, lanes: table.laneCount, windowRecords: table.windowRecords,
      windowBytes: table.windowBytes)
    // These walk lanes and partitions: once a second will do.
    guard nowMs >= nextWalkMs else { return }
    nextWalkMs = nowMs + 1000
    walk(nowMs: nowMs)
  }

  /// What one round may poll.
  var pollBudget: Int {
    held.isEmpty && stopDeadlineMs == nil ? min(table.room, Self.pollRecordsMax) : 0
  }
}
