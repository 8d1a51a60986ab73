// Calls to APIs: sent, answered, and what their ends mean to those who wait.
import HTTPClient
import Kafka
import Lanes
import Logging
import Model
import Settings
import Stores
import Telemetry

extension ConsumerLoop {
  private static let goneSeenMax = 10_000

  // MARK: Destinations

  /// When a destination that lanes wait for can be asked again.
  func nextAskMs(nowMs: Int64) -> Int64? {
    var next: Int64?
    for index in destinations.indices where table.hasSuspended(index) {
      guard let askMs = destinations[index].nextAskMs(nowMs: nowMs) else { continue }
      next = min(next ?? askMs, askMs)
    }
    return next
  }

  /// Makes as many lanes ready as their destinations have room for.
  func resumeDestinations(nowMs: Int64) {
    for index in destinations.indices where table.hasSuspended(index) {
      guard let askMs = destinations[index].nextAskMs(nowMs: nowMs), askMs <= nowMs else {
        continue
      }
      // A probe goes with one call; the others would only be turned away.
      let room = destinations[index].isAway ? 1 : destinations[index].room
      table.resume(index, countMax: room * batchIdsMax(index))
    }
  }

  private func batchIdsMax(_ destination: Int) -> Int {
    pipelines.values.lazy.filter { $0.destination == destination }.compactMap {
      $0.fetch?.batchIdsMax
    }.max() ?? 1
  }

  // MARK: Sending

  func sendBatches(nowMs: Int64) {
    guard !openBatches.isEmpty else { return }
    for (name, batch) in openBatches { send(batch, name, nowMs: nowMs) }
    openBatches.removeAll(keepingCapacity: true)
  }

  func send(_ batch: OpenBatch, _ name: OpenBatch.Name, nowMs: Int64) {
    guard let first = batch.tickets.first.flatMap({ attempts[$0] }) else { return }
    let isAlone = batch.ids.count == 1
    let request =
      isAlone
      ? batch.plan.request(for: first.key)
      : batch.plan.request(object: name.object, ids: batch.ids)
    send(
      Call(
        destination: name.destination, permit: batch.permit, request: request,
        startedUs: SystemClock.monotonicUs, tickets: batch.tickets,
        ids: isAlone ? nil : batch.ids), nowMs: nowMs)
  }

  func send(_ call: Call, nowMs: Int64) {
    lastCall += 1
    gauges.asked(records: call.tickets.count)
    authorize(call, lastCall, nowMs: nowMs)
  }

  /// Puts a call on its way; it ends with a completion, or at once.
  func transmit(_ call: Call, _ ticket: UInt64, _ request: HTTPRequest, nowMs: Int64) {
    calls[ticket] = call
    do {
      try transfers.start(request, ticket: ticket)
    } catch {
      giveUp(call, ticket, error.failure(.enrich), nowMs: nowMs)
    }
  }

  /// Ends a call that never reached its destination, which says nothing about that.
  func giveUp(_ call: Call, _ ticket: UInt64, _ failure: Failure, nowMs: Int64) {
    calls[ticket] = nil
    _ = destinations[call.destination].ended(call.permit, .abandoned, latencyUs: 0, nowMs: nowMs)
    fail(call, failure, nowMs: nowMs)
  }

  // MARK: Answers

  func serveTransfers(nowMs: Int64) {
    for completion in transfers.run() {
      if credentials.owns(completion.ticket) {
        takeToken(completion, nowMs: nowMs)
        continue
      }
      guard let call = calls.removeValue(forKey: completion.ticket) else { continue }
      gauges.fetched(completion)
      if isRefusedToken(completion, call, nowMs: nowMs) { continue }
      switch completion.result {
      case .failure(let error):
        let failure = error.failure(.enrich)
        end(call, failure.failureClass == .transient ? .failed : .answered, nowMs: nowMs)
        fail(call, failure, nowMs: nowMs)
      case .success(let response):
        destinations[call.destination].noteRates(response.headers, nowMs: nowMs)
        if call.ids == nil {
          takeSingle(response, call, nowMs: nowMs)
        } else {
          takeBatch(response, call, nowMs: nowMs)
        }
      }
    }
  }

  private func takeSingle(_ response: HTTPResponse, _ call: Call, nowMs: Int64) {
    let ticket = call.tickets[0]
    guard let attempt = attempts[ticket] else {
      return end(call, .answered, nowMs: nowMs)
    }
    let answer =
      attempt.pipeline.fetch?.read(response, scanner, wallMs: SystemClock.wallMs)
      ?? .failed(Failure(.bug, .enrich, "an answer nobody asked for"))
    end(call, callEnd(answer, nowMs: nowMs), nowMs: nowMs)
    take(answer, of: attempt, ticket, call, nowMs: nowMs)
  }

  private func takeBatch(_ response: HTTPResponse, _ call: Call, nowMs: Int64) {
    let attempt = call.tickets.lazy.compactMap { [attempts] in attempts[$0] }.first
    guard let fetch = attempt?.pipeline.fetch, let ids = call.ids else {
      return end(call, .answered, nowMs: nowMs)
    }
    switch fetch.readBatch(response, scanner, wallMs: SystemClock.wallMs) {
    case .failure(let failure):
      end(call, callEnd(.failed(failure), nowMs: nowMs), nowMs: nowMs)
      guard failure.failureClass == .permanent else { return fail(call, failure, nowMs: nowMs) }
      // One of them may have spoilt it for all.
      for ticket in call.tickets { askAlone(ticket, nowMs: nowMs) }
    case .success(let answers):
      end(call, .answered, nowMs: nowMs)
      for (ticket, id) in zip(call.tickets, ids) {
        guard let attempt = attempts[ticket] else { continue }
        if let answer = answers[id] {
          take(answer, of: attempt, ticket, call, nowMs: nowMs)
        } else {
          // Its absence alone does not say that it is gone.
          askAlone(ticket, nowMs: nowMs)
        }
      }
    }
  }

  private func askAlone(_ ticket: Ticket, nowMs: Int64) {
    attempts[ticket] = nil
    for place in table.places(of: ticket) { works[place]?.goesAlone = true }
    table.postpone(ticket, untilMs: nowMs)
  }

  private func callEnd(_ answer: FetchAnswer, nowMs: Int64) -> Destination.CallEnd {
    guard case .failed(let failure) = answer else { return .answered }
    switch failure.failureClass {
    case .transient: return .failed
    case .throttled: return .throttled(untilMs: failure.retryAfterMs.map { nowMs + $0 })
    case .auth, .conflict, .permanent, .poison, .bug: return .answered
    }
  }

  private func end(_ call: Call, _ end: Destination.CallEnd, nowMs: Int64) {
    let latencyUs = Int(SystemClock.monotonicUs - call.startedUs)
    let change = destinations[call.destination].ended(
      call.permit, end, latencyUs: latencyUs, nowMs: nowMs)
    let name = destinations[call.destination].name
    switch change {
    case .opened(let untilMs)?:
      log.write(
        .warning, "the API of \(name) fails: its records wait, and it is probed",
        [.pipeline: name, .waitMs: untilMs - nowMs])
    case .closed?:
      log.write(.info, "the API of \(name) answers again", [.pipeline: name])
    case nil: break
    }
    if change != nil { gauges.set(breakersOpen: destinations.count { $0.isAway }) }
  }

  private func take(
    _ answer: FetchAnswer, of attempt: Attempt, _ ticket: Ticket, _ call: Call, nowMs: Int64
  ) {
    if isStale(answer, of: attempt) {
      let failure = Failure(.transient, .enrich, "the answer is older than its event: asked again")
      return end(attempt, ticket, .failed(failure), isCounted: false, nowMs: nowMs)
    }
    switch answer {
    case .failed(let failure):
      end(
        attempt, ticket, .failed(failure), isCounted: !isAway(call), nowMs: nowMs)
    case .record(let version, let payload):
      observe(.fetched(key: attempt.key))
      write(
        attempt, ticket, attempt.write(version: version, .upsert(payload: payload)), nowMs: nowMs)
    case .gone:
      observe(.fetched(key: attempt.key))
      noteGone(attempt)
      // "Not found" carries no version: the store keeps the newest that it knows.
      write(attempt, ticket, attempt.write(version: 0, .delete), nowMs: nowMs)
    }
  }

  /// True for an answer from before the event, while that is young enough for a replica to lag
  /// behind. Of a record that is said to be gone nobody knows a version: an event that is none of
  /// its end tells against it.
  private func isStale(_ answer: FetchAnswer, of attempt: Attempt) -> Bool {
    guard let pace = attempt.pipeline.fetch?.pace, pace.staleWaitMs > 0,
      let versionMin = attempt.versionMin(comparesEventTime: pace.comparesEventTime)
    else { return false }
    let newestMs = max(versionMin, goneSeenMs[attempt.key] ?? versionMin)
    // What is older than that no replica lacks any more.
    let youngMs = SystemClock.wallMs - Int64(pace.staleWaitMs)
    guard newestMs > youngMs else { return false }
    return switch answer {
    case .failed: false
    case .record(let version, _):
      // An event from before the end of the record says nothing against a replica that lags.
      version < newestMs
    case .gone: versionMin > youngMs && !attempt.newest.event.isBarrier
    }
  }

  private func noteGone(_ attempt: Attempt) {
    guard let pace = attempt.pipeline.fetch?.pace, pace.comparesEventTime, pace.staleWaitMs > 0
    else { return }
    if goneSeenMs.count >= Self.goneSeenMax { forgetGone() }
    guard goneSeenMs.count < Self.goneSeenMax else { return }
    goneSeenMs[attempt.key] = attempt.observedAtUs / 1000
  }

  /// Once no answer is too young to be taken as it is.
  private func forgetGone() {
    let waitMs = pipelines.values.compactMap { $0.fetch?.pace.staleWaitMs }.max() ?? 0
    let oldestMs = SystemClock.wallMs - Int64(waitMs)
    goneSeenMs = goneSeenMs.filter { $0.value > oldestMs }
  }

  /// A destination that is known to be away says nothing of the record.
  private func isAway(_ call: Call) -> Bool { destinations[call.destination].isAway }

  private func fail(_ call: Call, _ failure: Failure, nowMs: Int64) {
    for ticket in call.tickets {
      guard let attempt = attempts[ticket] else { continue }
      end(attempt, ticket, .failed(failure), isCounted: !isAway(call), nowMs: nowMs)
    }
  }
}
