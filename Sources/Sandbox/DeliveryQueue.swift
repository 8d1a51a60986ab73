// What is sent when: batching, misbehaviour on purpose, retries. It sends nothing itself.

import Model

/// One webhook request on its way, from its first attempt to its last.
struct Delivery: Sendable, Equatable {
  let number: Int
  let content: Content
  /// From 0, as HubSpot's attemptNumber.
  var attempt = 0
  var dueMs: Int64

  enum Content: Sendable, Equatable {
    case events([WebhookEvent])
    case poison([UInt8])
  }

  var eventCount: Int {
    if case .events(let events) = content { events.count } else { 0 }
  }

  /// The body of this attempt.
  var body: [UInt8] {
    switch content {
    case .poison(let bytes): bytes
    case .events(let events):
      JSONBody.encode(
        events.map { event in
          var event = event
          event.attemptNumber = attempt
          return event
        })
    }
  }
}

/// Events and deliveries in wait. Pure: the time comes from the caller, in monotonic milliseconds.
struct DeliveryQueue: Sendable {
  private(set) var progress = SandboxProgress()
  private let options: WebhookOptions
  private var random: SplitMix64
  /// Not yet in a request.
  private var events: [WebhookEvent] = []
  /// Copies that go out with a later batch than their originals.
  private var echoes: [WebhookEvent] = []
  /// When the events are to go, even if they fill no request.
  private var flushAtMs: Int64?
  private var waiting: [Delivery] = []
  private var nextNumber = 0

  init(_ options: WebhookOptions) {
    self.options = options
    random = SplitMix64(seed: options.seed)
  }

  mutating func add(_ new: [WebhookEvent], nowMs: Int64) {
    for event in new {
      progress.events += 1
      if random.chance(options.lossRate) {
        progress.eventsLost += 1
        continue
      }
      events.append(event)
      progress.eventsPending += 1
      if random.chance(options.duplicateRate) {
        progress.eventsDuplicated += 1
        progress.eventsPending += 1
        if Bool.random(using: &random) { events.append(event) } else { echoes.append(event) }
      }
    }
    if flushAtMs == nil, !events.isEmpty { flushAtMs = nowMs + options.lingerMs }
    while events.count >= max(options.batchEventsMax, 1) + options.shuffleWindow {
      formBatch(nowMs)
    }
  }

  /// A request whose body is signed rightly and makes no event with a key: by turns cut-off JSON
  /// and an event that names no record.
  mutating func addPoison(_ count: Int, nowMs: Int64) {
    for _ in 0..<count {
      let eventId = 9_000_000 + progress.poisonBodies
      let body =
        progress.poisonBodies % 2 == 0
        ? #"[{"eventId":9,"subscriptionType":"contact.propertyChange","objectI"#
        : #"[{"eventId":\#(eventId),"subscriptionType":"contact.creation"}]"#
      progress.poisonBodies += 1
      enqueue(.poison(Array(body.utf8)), nowMs)
    }
  }

  /// The deliveries to make now; each ends with a call of `finished`.
  mutating func start(nowMs: Int64) -> [Delivery] {
    if let flushAtMs, flushAtMs <= nowMs {
      while !events.isEmpty { formBatch(nowMs) }
      if !echoes.isEmpty {
        events = echoes
        echoes = []
        self.flushAtMs = nowMs + options.lingerMs
      } else {
        self.flushAtMs = nil
      }
    }
    var started: [Delivery] = []
    let slots = max(options.inFlightRequestsMax, 1) - progress.requestsInFlight
    var kept: [Delivery] = []
    for delivery in waiting {
      if delivery.dueMs <= nowMs, started.count < slots {
        started.append(delivery)
      } else {
        kept.append(delivery)
      }
    }
    waiting = kept
    progress.requestsWaiting = waiting.count
    progress.requestsInFlight += started.count
    progress.requestsSent += started.count
    return started
  }

  /// When to call `start` again, at the latest; nil when only a `finished` can change anything.
  var nextDueMs: Int64? {
    let hasSlot = progress.requestsInFlight < max(options.inFlightRequestsMax, 1)
    let retryAtMs = hasSlot ? waiting.map(\.dueMs).min() : nil
    return [retryAtMs, flushAtMs].compactMap { $0 }.min()
  }

  mutating func finished(
    _ delivery: Delivery, isAccepted: Bool, retryAfterMs: Int64?, nowMs: Int64
  ) {
    progress.requestsInFlight -= 1
    if isAccepted {
      progress.requestsAccepted += 1
      progress.eventsAccepted += delivery.eventCount
      progress.eventsPending -= delivery.eventCount
    } else if delivery.attempt + 1 >= options.attemptsMax {
      progress.requestsRefused += 1
      progress.eventsRefused += delivery.eventCount
      progress.eventsPending -= delivery.eventCount
    } else {
      progress.requestsRetried += 1
      var again = delivery
      let doubled = options.retryBaseMs << Int64(min(again.attempt, 16))
      let ceiling = max(min(doubled, options.retryMaxMs), 0)
      let drawn = ceiling / 2 + Int64.random(in: 0...(ceiling - ceiling / 2), using: &random)
      again.dueMs = nowMs + min(max(drawn, retryAfterMs ?? 0), options.retryMaxMs)
      again.attempt += 1
      waiting.append(again)
      progress.requestsWaiting = waiting.count
    }
  }

  /// Takes up to a request's worth of events, each from the window's front part.
  private mutating func formBatch(_ nowMs: Int64) {
    var batch: [WebhookEvent] = []
    while batch.count < max(options.batchEventsMax, 1), !events.isEmpty {
      let reach = min(options.shuffleWindow, events.count - 1)
      let index = reach > 0 ? Int.random(in: 0...reach, using: &random) : 0
      batch.append(events.remove(at: index))
    }
    enqueue(.events(batch), nowMs)
  }

  private mutating func enqueue(_ content: Delivery.Content, _ nowMs: Int64) {
    waiting.append(Delivery(number: nextNumber, content: content, dueMs: nowMs))
    nextNumber += 1
    progress.requestsWaiting = waiting.count
  }
}
