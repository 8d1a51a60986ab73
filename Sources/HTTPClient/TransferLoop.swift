// Many HTTP transfers on one thread: libcurl's multi interface behind one pollable descriptor.

internal import CCurl

/// Runs transfers for one owner thread, which polls `fileDescriptor` up to `nextTimeoutMs` and
/// then calls `run`. Nothing here blocks. Connections are kept alive and reused. Every request
/// that `start` accepted comes back from `run` exactly once, unless `close` is called first.
package final class TransferLoop {
  /// An epoll descriptor, itself pollable: readable when a socket is ready. Valid until `close`.
  package let fileDescriptor: Int32

  private let limits: HTTPLimits
  private let readiness: Readiness
  private var multi: UnsafeMutableRawPointer?
  private var admission: Admission
  /// Started, without a slot yet.
  private var waiting: [UInt64: (request: HTTPRequest, origin: HTTPOrigin)] = [:]
  private var active: [UInt64: Transfer] = [:]
  /// Handles to use again; never more than there were active at a time.
  private var idle: [Transfer] = []
  /// Ended without the network's help, to be returned by the next `run`.
  private var ended: [HTTPCompletion] = []

  private var lastOrigin: HTTPOrigin?

  /// Rounds of one `run`: a loop that never gets idle must still return to its owner.
  private static let roundsMax = 8

  package init(_ limits: HTTPLimits = HTTPLimits()) throws(HTTPError) {
    guard CurlLibrary.code == CURLE_OK, let readiness = Readiness(), let multi = curl_multi_init()
    else { throw HTTPError(.bug, "curl or epoll cannot be set up: out of descriptors or memory") }
    self.limits = limits
    self.readiness = readiness
    self.multi = multi
    fileDescriptor = readiness.epoll
    admission = Admission(
      perOriginMax: limits.connectionsPerHostMax, totalMax: limits.connectionsMax,
      waitingMax: limits.waitingMax)
    // `readiness` outlives the multi handle (see `close`), so it goes unretained.
    let code = ccurl_multi_set_callbacks(
      multi, transferLoopSocketChanged, transferLoopTimerChanged,
      Unmanaged.passUnretained(readiness).toOpaque())
    ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, limits.connectionsPerHostMax)
    ccurl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, limits.connectionsMax)
    ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, limits.connectionsMax)
    ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    guard code == CURLM_OK else {
      throw HTTPError(.bug, "curl refuses its callbacks: \(curlText(code))")
    }
  }

  deinit { close() }

  /// Requests started and not yet returned by `run`.
  package var inFlight: Int { active.count + waiting.count + ended.count }

  /// How long to poll at most, from now; nil when nothing is timed.
  package var nextTimeoutMs: Int32? {
    ended.isEmpty ? readiness.timeoutMs : 0
  }

  /// Begins a request, or queues it when every slot is taken. A thrown error means that it was not
  /// taken: nothing comes back for it. `ticket` must not be in flight.
  package func start(_ request: HTTPRequest, ticket: UInt64) throws(HTTPError) {
    guard multi != nil else { throw HTTPError(.cancelled, "the client is closed") }
    guard active[ticket] == nil, waiting[ticket] == nil else {
      throw HTTPError(.bug, "ticket \(ticket) is in flight already")
    }
    guard let origin = origin(of: request.url) else {
      throw HTTPError(
        .invalidRequest,
        "the URL must be http:// or https:// with a host, without user info and blanks")
    }
    guard !request.method.isEmpty, request.method.utf8.allSatisfy({ (65...90).contains($0) })
    else { throw HTTPError(.invalidRequest, "the method must be capital letters") }
    switch admission.request(ticket, origin) {
    case .refuse:
      throw HTTPError(.overloaded, "\(limits.waitingMax) requests wait already")
    case .wait: waiting[ticket] = (request, origin)
    case .start:
      do throws(HTTPError) { try begin(request, ticket, origin) } catch {
        releaseSlot(origin)
        throw error
      }
    }
  }

  /// Gives a request up; it comes back from the next `run` as `cancelled`. Unknown tickets are
  /// ignored. Its connection is closed, since the answer may still be under way.
  package func cancel(ticket: UInt64) {
    if let (_, origin) = waiting.removeValue(forKey: ticket) {
      admission.withdraw(ticket, origin)
      end(ticket, HTTPError(.cancelled, "given up before it was sent"))
    } else if let transfer = active[ticket] {
      end(ticket, HTTPError(.cancelled, "given up while under way"))
      retire(transfer)
    }
  }

  /// Gives all requests up: each comes back from the next `run`.
  package func cancelAll() {
    for ticket in Array(waiting.keys) { cancel(ticket: ticket) }
    for ticket in Array(active.keys) { cancel(ticket: ticket) }
  }

  /// Moves every transfer on as far as it goes without waiting, and returns those that ended.
  package func run() -> [HTTPCompletion] {
    guard let multi else { return [] }
    var completions = ended
    ended = []
    for _ in 0..<Self.roundsMax {
      var running: Int32 = 0
      let isTimerDue = readiness.takeDueTimer()
      if isTimerDue { curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running) }
      let mayBeMore = readiness.serveReady { socket, mask in
        curl_multi_socket_action(multi, socket, mask, &running)
      }
      collect(multi, &completions)
      if !mayBeMore, !readiness.isTimerSetNow { break }
    }
    endOverdue()
    completions += ended
    ended = []
    return completions
  }

  /// Drops every transfer without a completion and closes all connections. Idempotent.
  package func close() {
    guard let multi else { return }
    for transfer in active.values { curl_multi_remove_handle(multi, transfer.easy) }
    waiting = [:]
    active = [:]
    idle = []
    ended = []
    // Calls the socket callback for each connection that it closes.
    curl_multi_cleanup(multi)
    self.multi = nil
  }

  private func origin(of url: String) -> HTTPOrigin? {
    if let lastOrigin, lastOrigin.isOrigin(of: url) { return lastOrigin }
    lastOrigin = HTTPOrigin(url: url)
    return lastOrigin
  }

  /// Looks through all active transfers when the earliest deadline has come. Most of them end long
  /// before theirs, so this is about once in a time-out and not once a request.
  private func endOverdue() {
    guard let nowNs = readiness.takeDueDeadline() else { return }
    for transfer in Array(active.values) {
      if let error = transfer.overdue(nowNs: nowNs) {
        end(transfer.ticket, error)
        retire(transfer)
      } else {
        readiness.noteDeadline(transfer.deadlines.dueNs)
      }
    }
  }

  private func collect(_ multi: UnsafeMutableRawPointer, _ completions: inout [HTTPCompletion]) {
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
        let owner = ccurl_get_private(easy)
      else { continue }
      // Held by `active` until it is retired.
      let transfer = Unmanaged<Transfer>.fromOpaque(owner).takeUnretainedValue()
      // The message dies with the handle's removal: take everything out first.
      let result = transfer.finish(message.pointee.data.result)
      completions.append(
        HTTPCompletion(
          ticket: transfer.ticket, result: result, totalTimeMs: transfer.totalTimeMs,
          connectionReused: transfer.openedNoConnection))
      retire(transfer)
    }
  }

  private func begin(
    _ request: HTTPRequest, _ ticket: UInt64, _ origin: HTTPOrigin
  ) throws(HTTPError) {
    guard let multi, let transfer = idle.popLast() ?? Transfer(limits, readiness) else {
      throw HTTPError(.bug, "curl has no memory for another transfer")
    }
    // What throws here is dropped with its handle.
    try transfer.prepare(request, ticket: ticket, origin: origin, nowNs: Readiness.nowNs())
    // From here to `retire` this keeps alive what the callbacks refer to.
    active[ticket] = transfer
    readiness.noteDeadline(transfer.deadlines.dueNs)
    let code = curl_multi_add_handle(multi, transfer.easy)
    guard code == CURLM_OK else {
      active[ticket] = nil
      throw HTTPError(.bug, "curl takes no transfer: \(curlText(code))")
    }
  }

  /// Takes the handle back from curl and hands its slot on.
  private func retire(_ transfer: Transfer) {
    curl_multi_remove_handle(multi, transfer.easy)
    active[transfer.ticket] = nil
    idle.append(transfer)
    if let origin = transfer.origin { releaseSlot(origin) }
  }

  private func releaseSlot(_ origin: HTTPOrigin) {
    var released = [origin]
    while let next = released.popLast() {
      for ticket in admission.release(next) {
        guard let (request, origin) = waiting.removeValue(forKey: ticket) else {
          preconditionFailure("TransferLoop.releaseSlot: ticket \(ticket) was not waiting")
        }
        do throws(HTTPError) { try begin(request, ticket, origin) } catch {
          end(ticket, error)
          released.append(origin)
        }
      }
    }
  }

  private func end(_ ticket: UInt64, _ error: HTTPError) {
    ended.append(
      HTTPCompletion(
        ticket: ticket, result: .failure(error), totalTimeMs: 0, connectionReused: false))
  }
}

/// curl's global state, set up once in a process and never torn down.
private enum CurlLibrary {
  static let code = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
}

private func curlText(_ code: CURLMcode) -> String { String(cString: curl_multi_strerror(code)) }

private func transferLoopSocketChanged(
  _ easy: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ what: Int32,
  _ owner: UnsafeMutableRawPointer?, _ socketData: UnsafeMutableRawPointer?
) -> Int32 {
  guard let owner else { return -1 }
  Unmanaged<Readiness>.fromOpaque(owner).takeUnretainedValue().watch(socket, what)
  return 0
}

private func transferLoopTimerChanged(
  _ multi: UnsafeMutableRawPointer?, _ timeoutMs: Int, _ owner: UnsafeMutableRawPointer?
) -> Int32 {
  guard let owner else { return -1 }
  Unmanaged<Readiness>.fromOpaque(owner).takeUnretainedValue().setTimer(ms: timeoutMs)
  return 0
}
