// Sends what the delivery queue says, when it says so.

internal import Glibc
internal import HTTPClient
internal import Synchronization

/// Delivers webhooks from `start` to `stop`. Safe to call from any thread.
final class WebhookSender: Sendable {
  private struct State {
    var queue: DeliveryQueue
    var url: String
    var publicURL: String
    var observers: [Int: AsyncStream<SandboxProgress>.Continuation] = [:]
    var nextObserver = 0
    /// Nothing comes any more.
    var isStopped = false
    /// The earliest wake-up that is under way.
    var alarmAtMs: Int64?
  }

  private let options: WebhookOptions
  private let session: HTTPSession
  private let state: Mutex<State>
  private let wakeUps: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation
  private let task = Mutex<Task<Void, Never>?>(nil)

  init(_ options: WebhookOptions) throws(HTTPError) {
    self.options = options
    session = try HTTPSession(
      HTTPLimits(
        connectionsPerHostMax: max(options.inFlightRequestsMax, 1), userAgent: "hookferry-sandbox"))
    state = Mutex(
      State(
        queue: DeliveryQueue(options), url: options.url,
        publicURL: options.publicURL ?? options.url))
    (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func start() {
    task.withLock { task in
      if task == nil { task = Task { await run() } }
    }
  }

  /// Gives up what is under way, ends every progress stream and closes the connections.
  func stop() async {
    wake.finish()
    let running = task.withLock { $0 }
    running?.cancel()
    await session.close()
    await running?.value
    let observers = state.withLock { state in
      state.isStopped = true
      defer { state.observers = [:] }
      return Array(state.observers.values)
    }
    for observer in observers { observer.finish() }
  }

  var progress: SandboxProgress { state.withLock { $0.queue.progress } }

  func setTarget(url: String, publicURL: String?) {
    state.withLock {
      $0.url = url
      $0.publicURL = publicURL ?? url
    }
    wake.yield()
  }

  func add(_ events: [WebhookEvent]) {
    guard !events.isEmpty else { return }
    change { $0.add(events, nowMs: Self.nowMs()) }
    wake.yield()
  }

  func addPoison(_ count: Int) {
    change { $0.addPoison(count, nowMs: Self.nowMs()) }
    wake.yield()
  }

  /// The newest progress at each change; a slow reader misses the ones in between.
  func updates() -> AsyncStream<SandboxProgress> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: SandboxProgress.self, bufferingPolicy: .bufferingNewest(1))
    let number = state.withLock { state in
      state.nextObserver += 1
      continuation.yield(state.queue.progress)
      if state.isStopped {
        continuation.finish()
      } else {
        state.observers[state.nextObserver] = continuation
      }
      return state.nextObserver
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.observers.removeValue(forKey: number) }
    }
    return stream
  }

  private func run() async {
    await withDiscardingTaskGroup { group in
      wake.yield()
      for await _ in wakeUps {
        let nowMs = Self.nowMs()
        var started: [Delivery] = []
        change { started = $0.start(nowMs: nowMs) }
        for delivery in started {
          // Signed here, one after the other; sent side by side.
          guard let request = request(for: delivery) else { continue }
          group.addTask { await self.send(delivery, request) }
        }
        if let delayMs = alarmDelayMs(nowMs) {
          group.addTask {
            try? await Task.sleep(for: .milliseconds(delayMs))
            self.state.withLock { $0.alarmAtMs = nil }
            self.wake.yield()
          }
        }
      }
      group.cancelAll()
    }
  }

  /// Nil when an alarm that is early enough is set already.
  private func alarmDelayMs(_ nowMs: Int64) -> Int64? {
    state.withLock { state in
      guard let dueMs = state.queue.nextDueMs, dueMs < state.alarmAtMs ?? .max else { return nil }
      state.alarmAtMs = dueMs
      return max(dueMs - nowMs, 0)
    }
  }

  private func request(for delivery: Delivery) -> HTTPRequest? {
    let (url, publicURL) = state.withLock { ($0.url, $0.publicURL) }
    let body = delivery.body
    var headers: HTTPHeaders = ["Content-Type": "application/json"]
    for (name, value) in options.sign("POST", publicURL, body, Self.wallClockMs()) {
      headers.append(name, value)
    }
    return HTTPRequest(
      method: "POST", url: url, headers: headers, body: body,
      totalTimeoutMs: options.requestTimeoutMs, responseBytesMax: 64 << 10)
  }

  private func send(_ delivery: Delivery, _ request: HTTPRequest) async {
    var isAccepted = false
    var retryAfterMs: Int64?
    do throws(HTTPError) {
      let response = try await session.send(request)
      isAccepted = (200..<300).contains(response.status)
      retryAfterMs = response.headers["Retry-After"].flatMap {
        RetryAfter.ms($0, nowMs: Self.wallClockMs())
      }
    } catch {
      // Whatever it was, the queue decides whether to try again.
    }
    change {
      $0.finished(
        delivery, isAccepted: isAccepted, retryAfterMs: retryAfterMs, nowMs: Self.nowMs())
    }
    wake.yield()
  }

  private func change(_ body: (inout DeliveryQueue) -> Void) {
    state.withLock { state in
      let before = state.queue.progress
      body(&state.queue)
      let after = state.queue.progress
      if after != before {
        for observer in state.observers.values { observer.yield(after) }
      }
    }
  }

  static func wallClockMs() -> Int64 { clockMs(CLOCK_REALTIME) }
  private static func nowMs() -> Int64 { clockMs(CLOCK_MONOTONIC) }

  private static func clockMs(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
