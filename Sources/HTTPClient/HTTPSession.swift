// HTTP for callers without a loop of their own: one thread that runs a TransferLoop.

internal import CCurl
internal import Glibc
internal import Synchronization

/// Sends requests from any task. Call `close` when done: it ends the thread.
package final class HTTPSession: Sendable {
  private let core: SessionCore

  package init(_ limits: HTTPLimits = HTTPLimits()) throws(HTTPError) {
    core = try SessionCore()
    try core.startThread(limits)
  }

  deinit { core.requestStop() }

  /// Sends one request and awaits its response. Cancelling the task gives the request up and
  /// throws `cancelled`; so does `close`.
  package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    let core = core
    let ticket = core.newTicket()
    let result: Result<HTTPResponse, HTTPError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        core.submit(.send(request, ticket, continuation))
        // A cancel from before this line found no such ticket.
        if Task.isCancelled { core.submit(.cancel(ticket)) }
      }
    } onCancel: {
      core.submit(.cancel(ticket))
    }
    return try result.get()
  }

  /// Gives up what is under way and waits until the thread is gone. Idempotent.
  package func close() async {
    await core.stop()
  }
}

/// What tasks and the thread share.
private final class SessionCore: Sendable {
  enum Command {
    case send(
      HTTPRequest, UInt64, CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>)
    case cancel(UInt64)
  }

  private struct State {
    var commands: [Command] = []
    var nextTicket: UInt64 = 0
    var isStopping = false
    var isStopped = false
    var stopWaiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  /// An eventfd; written under the lock and closed by the thread under the lock.
  private let wakeDescriptor: Int32

  init() throws(HTTPError) {
    wakeDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard wakeDescriptor >= 0 else { throw HTTPError(.bug, "no descriptor left for an eventfd") }
  }

  func startThread(_ limits: HTTPLimits) throws(HTTPError) {
    var thread = pthread_t()
    // The thread takes this retain back as its first act.
    let body = Unmanaged.passRetained(SessionThread(core: self, limits: limits))
    let code = pthread_create(&thread, nil, runSessionThread, body.toOpaque())
    guard code == 0 else {
      body.release()
      _ = state.withLock { markStopped(&$0) }
      throw HTTPError(.bug, "no thread can be started (error \(code))")
    }
    pthread_detach(thread)
  }

  func newTicket() -> UInt64 {
    state.withLock {
      $0.nextTicket += 1
      return $0.nextTicket
    }
  }

  func submit(_ command: Command) {
    let isTaken = state.withLock { state in
      guard !state.isStopping else { return false }
      state.commands.append(command)
      wake()
      return true
    }
    if !isTaken, case .send(_, _, let continuation) = command {
      continuation.resume(returning: .failure(Self.closed))
    }
  }

  func requestStop() {
    state.withLock {
      if !$0.isStopping {
        $0.isStopping = true
        wake()
      }
    }
  }

  func stop() async {
    requestStop()
    await withCheckedContinuation { continuation in
      let isStopped = state.withLock {
        if !$0.isStopped { $0.stopWaiters.append(continuation) }
        return $0.isStopped
      }
      if isStopped { continuation.resume() }
    }
  }

  /// The thread's body: runs until told to stop.
  func runLoop(_ limits: HTTPLimits) {
    var pending: [UInt64: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>] = [:]
    do throws(HTTPError) {
      let loop = try TransferLoop(limits)
      while let commands = takeCommands() {
        for command in commands { apply(command, to: loop, &pending) }
        for completion in loop.run() {
          pending.removeValue(forKey: completion.ticket)?.resume(returning: completion.result)
        }
        waitForWork(loop)
      }
      loop.close()
    } catch {
      for case .send(_, _, let continuation) in stopAndTakeCommands() {
        continuation.resume(returning: .failure(error))
      }
    }
    for continuation in pending.values { continuation.resume(returning: .failure(Self.closed)) }
    for case .send(_, _, let continuation) in stopAndTakeCommands() {
      continuation.resume(returning: .failure(Self.closed))
    }
    let waiters = state.withLock { markStopped(&$0) }
    for waiter in waiters { waiter.resume() }
  }

  private func apply(
    _ command: Command, to loop: TransferLoop,
    _ pending: inout [UInt64: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>]
  ) {
    switch command {
    case .cancel(let ticket): loop.cancel(ticket: ticket)
    case .send(let request, let ticket, let continuation):
      do throws(HTTPError) {
        try loop.start(request, ticket: ticket)
        pending[ticket] = continuation
      } catch { continuation.resume(returning: .failure(error)) }
    }
  }

  private func waitForWork(_ loop: TransferLoop) {
    var descriptors = [
      pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: loop.fileDescriptor, events: Int16(POLLIN), revents: 0),
    ]
    _ = poll(&descriptors, 2, loop.nextTimeoutMs ?? 60_000)
    if descriptors[0].revents != 0 {
      var count: UInt64 = 0
      _ = read(wakeDescriptor, &count, MemoryLayout<UInt64>.size)
    }
  }

  /// Nil once the thread is to end.
  private func takeCommands() -> [Command]? {
    state.withLock { state in
      guard !state.isStopping else { return nil }
      defer { state.commands = [] }
      return state.commands
    }
  }

  private func stopAndTakeCommands() -> [Command] {
    state.withLock { state in
      state.isStopping = true
      defer { state.commands = [] }
      return state.commands
    }
  }

  private func markStopped(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
    state.isStopping = true
    state.isStopped = true
    close(wakeDescriptor)
    defer { state.stopWaiters = [] }
    return state.stopWaiters
  }

  /// Under the lock, and not after `isStopped`.
  private func wake() {
    var one: UInt64 = 1
    _ = write(wakeDescriptor, &one, MemoryLayout<UInt64>.size)
  }

  private static let closed = HTTPError(.cancelled, "the client was closed")
}

/// What the new thread needs to know.
private final class SessionThread: Sendable {
  let core: SessionCore
  let limits: HTTPLimits

  init(core: SessionCore, limits: HTTPLimits) {
    self.core = core
    self.limits = limits
  }
}

private func runSessionThread(_ body: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let body else { return nil }
  let thread = Unmanaged<SessionThread>.fromOpaque(body).takeRetainedValue()
  thread.core.runLoop(thread.limits)
  return nil
}
