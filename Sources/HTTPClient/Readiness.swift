// The sockets curl waits for, as one epoll descriptor, and its one timer. curl calls in here;
// nothing here calls curl.

internal import CCurl
internal import Glibc

/// Sockets and timer of one multi handle. Used by the loop's owner thread only.
final class Readiness {
  let epoll: Int32
  /// curl's timer; 0: at once.
  private var timerNs: UInt64?
  /// No deadline of a transfer is before this.
  private var deadlineNs = UInt64.max
  private struct Watch {
    /// What epoll looks for; nil: it does not know the socket.
    var events: UInt32?
    /// curl waits for it.
    var isWanted = false
  }

  /// By socket.
  private var watches: [Watch] = []
  private let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 256)

  init?() {
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    if epoll < 0 { return nil }
  }

  deinit {
    _ = Glibc.close(epoll)
    events.deallocate()
  }

  /// curl's wish for one socket. Between two requests curl takes no interest in a connection's
  /// socket: it stays in epoll all the same, so that keep-alive costs no system call.
  func watch(_ socket: Int32, _ what: Int32) {
    while watches.count <= Int(socket) { watches.append(Watch()) }
    guard what != CURL_POLL_REMOVE else {
      watches[Int(socket)].isWanted = false
      return
    }
    var wanted: UInt32 = 0
    if what & CURL_POLL_IN != 0 { wanted |= EPOLLIN.rawValue }
    if what & CURL_POLL_OUT != 0 { wanted |= EPOLLOUT.rawValue }
    let before = watches[Int(socket)].events
    watches[Int(socket)] = Watch(events: wanted, isWanted: true)
    guard before != wanted else { return }
    var event = epoll_event()
    event.events = wanted
    event.data.fd = socket
    // What epoll knows and what is known of it can differ where curl closed a socket by itself.
    if epoll_ctl(epoll, before == nil ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event) != 0 {
      _ = epoll_ctl(epoll, before == nil ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event)
    }
  }

  /// Closes a socket for curl; epoll forgets it by itself. Returns 0 for success.
  func close(_ socket: Int32) -> Int32 {
    if Int(socket) < watches.count { watches[Int(socket)] = Watch() }
    return Glibc.close(socket)
  }

  /// Something came on a socket that nobody waits for, its end mostly: it is watched no more, and
  /// curl finds out when it wants to use the connection again.
  private func forget(_ socket: Int32) {
    var event = epoll_event()
    _ = epoll_ctl(epoll, EPOLL_CTL_DEL, socket, &event)
    watches[Int(socket)] = Watch()
  }

  /// Negative removes the timer.
  func setTimer(ms: Int) {
    timerNs = ms < 0 ? nil : ms == 0 ? 0 : Self.nowNs() + UInt64(ms) * 1_000_000
  }

  /// Until curl's timer or the next deadline; nil when there is neither.
  var timeoutMs: Int32? {
    let nextNs = min(timerNs ?? .max, deadlineNs)
    guard nextNs != .max else { return nil }
    guard nextNs > 0 else { return 0 }
    let now = Self.nowNs()
    guard nextNs > now else { return 0 }
    return Int32(min((nextNs - now + 999_999) / 1_000_000, UInt64(Int32.max)))
  }

  /// True when curl asked to be called at once.
  var isTimerSetNow: Bool { timerNs == 0 }

  /// True once for a due timer, which is then no longer set.
  func takeDueTimer() -> Bool {
    guard let timerNs, timerNs == 0 || timerNs <= Self.nowNs() else { return false }
    self.timerNs = nil
    return true
  }

  func noteDeadline(_ ns: UInt64) { deadlineNs = min(deadlineNs, ns) }

  /// The time, when the next deadline has come; the deadlines are then to be noted anew.
  func takeDueDeadline() -> UInt64? {
    guard deadlineNs != .max else { return nil }
    let now = Self.nowNs()
    guard now >= deadlineNs else { return nil }
    deadlineNs = .max
    return now
  }

  /// Calls `serve` with each ready socket and curl's mask for it, without waiting. True when
  /// there may be more.
  func serveReady(_ serve: (_ socket: Int32, _ mask: Int32) -> Void) -> Bool {
    let count = Int(epoll_wait(epoll, events.baseAddress, Int32(events.count), 0))
    for index in 0..<max(count, 0) {
      let event = events[index]
      let socket = Int(event.data.fd)
      guard socket < watches.count, watches[socket].isWanted else {
        if socket < watches.count { forget(event.data.fd) }
        continue
      }
      var mask: Int32 = 0
      if event.events & EPOLLIN.rawValue != 0 { mask |= CURL_CSELECT_IN }
      if event.events & EPOLLOUT.rawValue != 0 { mask |= CURL_CSELECT_OUT }
      if event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { mask |= CURL_CSELECT_ERR }
      serve(event.data.fd, mask)
    }
    return count == events.count
  }

  static func nowNs() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
