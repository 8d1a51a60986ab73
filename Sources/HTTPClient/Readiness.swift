// The sockets curl waits for, as one epoll descriptor, and its one timer. curl calls in here;
// nothing here calls curl.

internal import CCurl
internal import Glibc

/// Sockets and timer of one multi handle. Used by the loop's owner thread only.
final class Readiness {
  let epoll: Int32
  private var deadlineNs: UInt64?

  init?() {
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    if epoll < 0 { return nil }
  }

  deinit { _ = Glibc.close(epoll) }

  /// curl's wish for one socket. A descriptor number can come back as another socket, whose
  /// predecessor left epoll when it was closed: so try to change it, then to add it.
  func watch(_ socket: Int32, _ what: Int32) {
    var event = epoll_event()
    event.data.fd = socket
    if what == CURL_POLL_REMOVE {
      // Curl may have closed it already; then it is gone from epoll, too.
      _ = epoll_ctl(epoll, EPOLL_CTL_DEL, socket, &event)
      return
    }
    if what & CURL_POLL_IN != 0 { event.events |= EPOLLIN.rawValue }
    if what & CURL_POLL_OUT != 0 { event.events |= EPOLLOUT.rawValue }
    if epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0 {
      _ = epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event)
    }
  }

  /// Negative removes the timer.
  func setTimer(ms: Int) {
    deadlineNs = ms < 0 ? nil : Self.nowNs() + UInt64(ms) * 1_000_000
  }

  var timerMs: Int32? {
    guard let deadlineNs else { return nil }
    let now = Self.nowNs()
    guard deadlineNs > now else { return 0 }
    return Int32(min((deadlineNs - now + 999_999) / 1_000_000, UInt64(Int32.max)))
  }

  /// True once a due timer; it is then no longer set.
  func takeDueTimer() -> Bool {
    guard let deadlineNs, deadlineNs <= Self.nowNs() else { return false }
    self.deadlineNs = nil
    return true
  }

  /// Ready sockets with curl's mask for each, without waiting; at most 64.
  func ready() -> [(socket: Int32, mask: Int32)] {
    withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 64) { events in
      let count = epoll_wait(epoll, events.baseAddress, 64, 0)
      guard count > 0 else { return [] }
      return events.prefix(Int(count)).map { event in
        var mask: Int32 = 0
        if event.events & EPOLLIN.rawValue != 0 { mask |= CURL_CSELECT_IN }
        if event.events & EPOLLOUT.rawValue != 0 { mask |= CURL_CSELECT_OUT }
        if event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { mask |= CURL_CSELECT_ERR }
        return (event.data.fd, mask)
      }
    }
  }

  private static func nowNs() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
