// What starts: decode, join what is queued of the same record, and ask or write.
import HTTPClient
import JSONText
import Kafka
import Lanes
import Logging
import Model
import Settings
import Stores
import Telemetry

extension ConsumerLoop {
  typealias Ticket = LaneTable.Ticket

  private static let startsMax = 4096

  /// Starts whatever may start. A round ends after a while all the same, so that answers and
  /// rebalances do not wait for a window that is decoded for the first time.
  func startWork(nowMs: Int64) {
    resumeDestinations(nowMs: nowMs)
    var left = Self.startsMax
    while left > 0, !isSaturated, let start = table.next(nowMs: nowMs) {
      left -= 1
      switch start {
      case .attempt(let ticket, let place, _): begin(ticket, place, nowMs: nowMs)
      case .bury(let ticket, let burial): bury(ticket, burial, nowMs: nowMs)
      case .park(let ticket, let place, let parking): park(ticket, place, parking)
      }
    }
    mayStartMore = left == 0
    sendBatches(nowMs: nowMs)
  }

  /// Everybody who could be asked is busy: a lane that started now would be read for nothing and
  /// put aside. It stays where it is, without having cost anything.
  private var isSaturated: Bool {
    isAskingOnly && openBatches.isEmpty
      && destinations.allSatisfy { $0.room == 0 && !$0.isAway }
  }

  // MARK: Decode

  private func begin(_ ticket: Ticket, _ place: Int, nowMs: Int64) {
    guard step != .empty else { return finish(ticket, .skipped, nowMs: nowMs) }
    let decoded: DecodedEvent
    switch decode(place) {
    case .event(let event): decoded = event
    case .nobodys(let eventId):
      return finish(ticket, .skipped, eventId: eventId, nowMs: nowMs)
    case .poison(let failure): return finish(ticket, .failed(failure), nowMs: nowMs)
    }
    guard let fetch = decoded.pipeline.fetch else {
      let attempt = Attempt(events: [decoded], observedAtUs: nextObservedAtUs())
      attempts[ticket] = attempt
      let value = works[place]?.record.value ?? []
      return write(attempt, ticket, attempt.write(value: value), nowMs: nowMs)
    }
    ask(ticket, place, decoded, fetch, nowMs: nowMs)
  }

  private enum Decoding {
    case event(DecodedEvent)
    /// No pipeline wants it.
    case nobodys(eventId: String)
    case poison(Failure)
  }

  private func decode(_ place: Int) -> Decoding {
    guard let work = works[place] else {
      return .poison(Failure(.bug, .decode, "a record without its work"))
    }
    if let decoded = work.decoded { return .event(decoded) }
    let event: Event
    do {
      event = try Event(headers: work.record.headers)
    } catch {
      return .poison(Failure(.poison, .decode, error.description))
    }
    guard let pipeline = pipelines[event.source] else {
      return .nobodys(eventId: event.id)
    }
    guard let key = event.key else {
      return .poison(
        Failure(.poison, .decode, "the event names no record: no key to work under"))
    }
    let decoded = DecodedEvent(event: event, key: key, pipeline: pipeline)
    works[place]?.decoded = decoded
    return .event(decoded)
  }

  // MARK: Ask

  private func ask(
    _ ticket: Ticket, _ place: Int, _ head: DecodedEvent, _ fetch: FetchPlan, nowMs: Int64
  ) {
    let destination = head.pipeline.destination
    let batchName = OpenBatch.Name(destination: destination, object: head.key.object)
    let isAlone = fetch.batchIdsMax == 1 || works[place]?.goesAlone == true
    if !isAlone, openBatches[batchName] != nil {
      return join(ticket, place, head, batchName, nowMs: nowMs)
    }
    switch destinations[destination].admit(nowMs: nowMs) {
    case .wait:
      table.suspend(ticket, on: destination)
    case .go(let permit) where isAlone:
      attempts[ticket] = gather(ticket, place, head)
      send(
        Call(
          destination: destination, permit: permit, request: fetch.request(for: head.key),
          startedUs: SystemClock.monotonicUs, tickets: [ticket], ids: nil), nowMs: nowMs)
    case .go(let permit):
      openBatches[batchName] = OpenBatch(permit: permit, plan: fetch)
      join(ticket, place, head, batchName, nowMs: nowMs)
    }
  }

  private func join(
    _ ticket: Ticket, _ place: Int, _ head: DecodedEvent, _ name: OpenBatch.Name, nowMs: Int64
  ) {
    attempts[ticket] = gather(ticket, place, head)
    openBatches[name]?.tickets.append(ticket)
    openBatches[name]?.ids.append(head.key.recordId)
    guard let batch = openBatches[name], batch.ids.count >= batch.plan.batchIdsMax else { return }
    openBatches[name] = nil
    send(batch, name, nowMs: nowMs)
  }

  /// The head and what is queued behind it of the same record. Deletes, merges and the like end a
  /// run: what comes after them may be about another life of the record.
  private func gather(_ ticket: Ticket, _ place: Int, _ head: DecodedEvent) -> Attempt {
    var events = [head]
    if head.pipeline.coalesceRecordsMax > 1, !head.event.isBarrier {
      table.extend(ticket, countMax: head.pipeline.coalesceRecordsMax) { place in
        guard case .event(let next) = decode(place), next.key == head.key,
          next.event.source == head.event.source, !next.event.isBarrier
        else { return false }
        events.append(next)
        return true
      }
    }
    return Attempt(events: events, observedAtUs: nextObservedAtUs())
  }

  private func nextObservedAtUs() -> Int64 {
    lastObservedAtUs = max(SystemClock.wallUs, lastObservedAtUs + 1)
    return lastObservedAtUs
  }

  // MARK: Ends

  func end(
    _ attempt: Attempt, _ ticket: Ticket, _ outcome: Outcome, isCounted: Bool = true,
    nowMs: Int64
  ) {
    attempts[ticket] = nil
    finish(
      ticket, outcome, events: attempt.events, isCounted: isCounted, nowMs: nowMs)
  }

  func finish(
    _ ticket: Ticket, _ outcome: Outcome, events: [DecodedEvent] = [], eventId: String = "",
    isCounted: Bool = true, nowMs: Int64
  ) {
    if case .failed(let failure) = outcome {
      return fail(ticket, outcome, failure, events, isCounted: isCounted, nowMs: nowMs)
    }
    guard let run = table.run(of: ticket) else { return }
    var place = run.first
    for _ in 0..<run.count {
      works[place] = nil
      place = table.place(after: place)
    }
    guard table.finish(ticket, outcome, nowMs: nowMs) == .done else { return }
    flood.succeeded(nowMs: nowMs)
    totals.count(outcome)
    gauges.finished(outcome)
    if run.count > 1 { noteCoalesced(events) }
    observe(.finished(eventId: events.last?.event.id ?? eventId, outcome: outcome))
  }

  /// One state settles them all: the older ones had nothing to add.
  private func noteCoalesced(_ events: [DecodedEvent]) {
    gauges.coalesced(events.count - 1)
    var seen: Set<String> = []
    if let newest = events.last { seen.insert(newest.event.id) }
    for older in events.dropLast() {
      let outcome: Outcome = seen.insert(older.event.id).inserted ? .superseded : .duplicate
      totals.count(outcome)
      gauges.finished(outcome)
      observe(.finished(eventId: older.event.id, outcome: outcome))
    }
  }

  private func fail(
    _ ticket: Ticket, _ outcome: Outcome, _ failure: Failure, _ events: [DecodedEvent],
    isCounted: Bool, nowMs: Int64
  ) {
    guard table.isCurrent(ticket) else { return }
    // It stays: what was fetched together with it need not.
    var fields: LogFields = [:]
    for place in table.places(of: ticket) {
      if let record = works[place]?.record {
        fields = self.place(of: record, works[place]?.partition ?? 0)
        works[place] = works[place]?.detached
      }
    }
    guard
      case .retry(let atMs, let attempt) = table.finish(
        ticket, outcome, isCounted: isCounted, nowMs: nowMs)
    else { return }
    totals.retried += 1
    gauges.retried(failure.failureClass)
    let eventId = events.last?.event.id ?? ""
    fields[.eventId] = eventId
    if let trace = events.last?.event.traceparent { fields[.trace] = trace }
    fields[.failureClass] = failure.failureClass.rawValue
    fields[.error] = failure.message
    fields[.attempt] = attempt
    fields[.waitMs] = atMs - nowMs
    log.write(isCounted ? .info : .debug, "will try again", fields)
    observe(.retried(eventId: eventId, failure: failure))
  }

  func place(of record: ConsumedRecord, _ partition: Int) -> LogFields {
    let name = partitions.name(partition)
    return [.topic: name.topic, .partition: name.partition, .offset: record.offset]
  }
}
