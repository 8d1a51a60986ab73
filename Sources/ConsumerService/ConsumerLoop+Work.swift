// One event's way: decode, fetch, write, or its end in the dead-letter topic.
import HTTPClient
import Kafka
import Lanes
import Logging
import Model
import Settings
import Stores
import Telemetry

extension ConsumerLoop {
  typealias Ticket = LaneTable<Work>.Ticket

  /// Starts whatever may start. Bounded by the slots: an attempt that ends at once frees its own.
  func startWork(nowMs: Int64) {
    while let start = table.next(nowMs: nowMs) {
      switch start {
      case .attempt(let ticket, let work, _): begin(work, ticket, nowMs: nowMs)
      case .bury(let ticket, let work, let burial): bury(work, ticket, burial, nowMs: nowMs)
      }
    }
  }

  // MARK: Decode and fetch

  private func begin(_ work: Work, _ ticket: Ticket, nowMs: Int64) {
    let event: Event
    do {
      event = try Event(headers: work.record.headers)
    } catch {
      let failure = Failure(.poison, .decode, error.description)
      return finish(ticket, work, eventId: "", .failed(failure), nowMs: nowMs)
    }
    guard let pipeline = pipelines[event.source]?.first else {
      return finish(ticket, work, eventId: event.id, .skipped, nowMs: nowMs)
    }
    guard let key = event.key else {
      let failure = Failure(.poison, .decode, "the event names no record: no key to work under")
      return finish(ticket, work, eventId: event.id, .failed(failure), nowMs: nowMs)
    }
    let attempt = Attempt(
      work: work, event: event, key: key, pipeline: pipeline, observedAtUs: nextObservedAtUs())
    attempts[ticket.rawValue] = attempt
    guard let fetch = pipeline.fetch else {
      return write(attempt, ticket, attempt.eventAsWrite, nowMs: nowMs)
    }
    do {
      try transfers.start(fetch.request(for: key), ticket: ticket.rawValue)
    } catch {
      end(attempt, ticket, .failed(error.failure(.enrich)), nowMs: nowMs)
    }
  }

  private func nextObservedAtUs() -> Int64 {
    lastObservedAtUs = max(SystemClock.wallUs, lastObservedAtUs + 1)
    return lastObservedAtUs
  }

  func serveTransfers(nowMs: Int64) {
    for completion in transfers.run() {
      let ticket = Ticket(rawValue: completion.ticket)
      guard let attempt = attempts[ticket.rawValue] else { continue }
      gauges.fetched(completion)
      switch completion.result {
      case .failure(let error):
        end(attempt, ticket, .failed(error.failure(.enrich)), nowMs: nowMs)
      case .success(let response):
        let answer = attempt.pipeline.fetch?.read(response, wallMs: SystemClock.wallMs)
        take(
          answer ?? .failed(Failure(.bug, .enrich, "an answer nobody asked for")), of: attempt,
          ticket, nowMs: nowMs)
      }
    }
  }

  private func take(
    _ answer: FetchAnswer, of attempt: Attempt, _ ticket: Ticket, nowMs: Int64
  ) {
    switch answer {
    case .failed(let failure): end(attempt, ticket, .failed(failure), nowMs: nowMs)
    case .record(let version, let payload):
      observe(.fetched(key: attempt.key))
      write(
        attempt, ticket, attempt.write(version: version, .upsert(payload: payload)), nowMs: nowMs)
    case .gone:
      observe(.fetched(key: attempt.key))
      // "Not found" carries no version: the store keeps the newest that it knows.
      write(attempt, ticket, attempt.write(version: 0, .delete), nowMs: nowMs)
    }
  }

  // MARK: Write

  private func write(
    _ attempt: Attempt, _ ticket: Ticket, _ write: RecordWrite, nowMs: Int64
  ) {
    guard writers[attempt.pipeline.sink] != nil else {
      let failure = Failure(.bug, .write, "no such sink: \(attempt.pipeline.sink)")
      return end(attempt, ticket, .failed(failure), nowMs: nowMs)
    }
    writeBatches[attempt.pipeline.sink, default: []].append(
      SinkWriter.Job(ticket: ticket.rawValue, write: write))
  }

  /// Hands this round's writes over, one wake-up a sink.
  func submitWrites() {
    for (sink, batch) in writeBatches { writers[sink]?.submit(batch) }
    writeBatches.removeAll(keepingCapacity: true)
  }

  func serveWrites(nowMs: Int64) {
    let results = ports.writes.takeAll()
    if let last = results.last { gauges.wrote(last) }
    for done in results {
      guard let attempt = attempts[done.ticket] else { continue }
      let ticket = Ticket(rawValue: done.ticket)
      switch done.result {
      case .success(let outcome): end(attempt, ticket, outcome, nowMs: nowMs)
      case .failure(let failure): end(attempt, ticket, .failed(failure), nowMs: nowMs)
      }
    }
  }

  private func end(_ attempt: Attempt, _ ticket: Ticket, _ outcome: Outcome, nowMs: Int64) {
    attempts[ticket.rawValue] = nil
    finish(ticket, attempt.work, eventId: attempt.event.id, outcome, nowMs: nowMs)
  }

  private func finish(
    _ ticket: Ticket, _ work: Work, eventId: String, _ outcome: Outcome, nowMs: Int64
  ) {
    switch table.finish(ticket, outcome, nowMs: nowMs) {
    case .done:
      totals.count(outcome)
      gauges.finished(outcome)
      observe(.finished(eventId: eventId, outcome: outcome))
    case .retry(let atMs, let attempt):
      guard case .failed(let failure) = outcome else { return }
      totals.retried += 1
      gauges.retried(failure.failureClass)
      var fields = place(of: work)
      fields[.eventId] = eventId
      fields[.failureClass] = failure.failureClass.rawValue
      fields[.error] = failure.message
      fields[.attempt] = attempt
      fields[.waitMs] = atMs - nowMs
      log.write(.info, "will try again", fields)
      observe(.retried(eventId: eventId, failure: failure))
    case .toBury, .stale: break
    }
  }

  // MARK: Dead letters

  private func bury(
    _ work: Work, _ ticket: Ticket, _ burial: LaneTable<Work>.Burial, nowMs: Int64
  ) {
    let letter = DeadLetter(
      topic: work.partition.topic, partition: work.partition.partition,
      offset: work.record.offset, groupId: settings.groupId, failure: burial.failure,
      attempts: burial.attempts,
      firstFailedAtMs: SystemClock.wallMs - max(0, nowMs - burial.firstFailedAtMs),
      failedAtMs: SystemClock.wallMs,
      pipeline: work.record.headers.text("ce_source").flatMap { pipelines[$0]?.first?.name })
    burials[ticket.rawValue] = burial.failure
    do {
      try deadLetters.produce(
        to: deadLettersTopic, key: work.record.key,
        value: work.record.isTombstone ? nil : work.record.value,
        headers: letter.headers(over: work.record.headers),
        timestampMs: work.record.timestampMs < 0 ? nil : work.record.timestampMs,
        ticket: ticket.rawValue)
      var fields = place(of: work)
      fields[.failureClass] = burial.failure.failureClass.rawValue
      fields[.error] = burial.failure.message
      fields[.attempt] = burial.attempts
      log.write(
        .warning, "to the dead-letter topic: \(burial.failure.failureClass.remedy)", fields)
    } catch {
      endBurial(ticket, error: error, nowMs: nowMs)
    }
  }

  func serveDeliveries(nowMs: Int64) {
    for delivery in ports.deliveries.takeAll() {
      endBurial(Ticket(rawValue: delivery.ticket), error: delivery.error, nowMs: nowMs)
    }
  }

  private func endBurial(_ ticket: Ticket, error: KafkaError?, nowMs: Int64) {
    guard let failure = burials.removeValue(forKey: ticket.rawValue) else { return }
    let verdict = table.buried(ticket, isAcknowledged: error == nil, nowMs: nowMs)
    if let error {
      log.write(.error, "dead letter not stored; its offset stays open", [.error: error])
    } else if verdict == .done {
      totals.deadLettered += 1
      gauges.deadLettered(failure.failureClass)
      observe(.deadLettered(failure: failure))
    }
  }

  private func place(of work: Work) -> LogFields {
    [
      .topic: work.partition.topic, .partition: work.partition.partition,
      .offset: work.record.offset,
    ]
  }
}
