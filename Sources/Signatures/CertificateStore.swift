// Certificates by URL: fetched once, off the event loops, and kept for a while.

import Synchronization

/// Fetches a document that a stranger has named; the URL has been checked.
package protocol DocumentFetcher: Sendable {
  /// Calls `done` once, from any thread and perhaps before it returns: with the body of a 200
  /// answer, or nil. It must follow no redirect, since only the first URL was checked, and be
  /// bounded in time and size.
  func fetch(_ url: String, _ done: @escaping @Sendable ([UInt8]?) -> Void)
}

/// The certificates of all sources. Any thread. A look-up never waits: what is not there is being
/// fetched meanwhile, and the sender, who is answered 503, comes back.
package final class CertificateStore: Sendable {
  /// Certificates kept; the one that was fetched first goes first.
  static let entriesMax = 64
  /// Fetches under way.
  static let fetchesMax = 4
  /// How long a certificate is used before it is fetched again.
  static let keptMs: Int64 = 24 * 3_600_000
  /// How long a URL that gave no certificate is left alone.
  static let failureMs: Int64 = 10_000

  private enum Entry {
    case fetching
    case failed(atMs: Int64)
    case good(Certificate, atMs: Int64)
  }

  private struct State {
    var entries: [String: Entry] = [:]
    /// In the order of their coming.
    var urls: [String] = []
    var fetches = 0
  }

  enum LookUp {
    case found(Certificate)
    /// Come back later.
    case notYet
    /// The URL gives no certificate; a later fetch may.
    case unavailable
  }

  private let fetcher: any DocumentFetcher
  private let state = Mutex(State())

  package init(_ fetcher: any DocumentFetcher) { self.fetcher = fetcher }

  /// Fetches what a verified message asks to be fetched.
  package func visit(_ url: String, _ done: @escaping @Sendable (Bool) -> Void) {
    fetcher.fetch(url) { done($0 != nil) }
  }

  /// `url` must be allowed by the scheme's rule. `nowMs`: since the Unix epoch.
  func lookUp(_ url: String, nowMs: Int64) -> LookUp {
    let isMine = state.withLock { state in
      switch state.entries[url] {
      case .good(_, let atMs)? where nowMs - atMs < Self.keptMs: return false
      case .failed(let atMs)? where nowMs - atMs < Self.failureMs: return false
      case .fetching?: return false
      default:
        guard state.fetches < Self.fetchesMax else { return false }
        state.fetches += 1
        if state.entries.updateValue(.fetching, forKey: url) == nil { state.urls.append(url) }
        return true
      }
    }
    if isMine {
      fetcher.fetch(url) { [weak self] in
        self?.arrived(url, $0.flatMap { Certificate(pem: $0) }, nowMs)
      }
    }
    return state.withLock { state in
      switch state.entries[url] {
      case .good(let certificate, _)?: .found(certificate)
      case .failed?: .unavailable
      case .fetching?, nil: .notYet
      }
    }
  }

  private func arrived(_ url: String, _ certificate: Certificate?, _ nowMs: Int64) {
    state.withLock { state in
      state.fetches -= 1
      state.entries[url] = certificate.map { .good($0, atMs: nowMs) } ?? .failed(atMs: nowMs)
      while state.urls.count > Self.entriesMax {
        // One that is on its way would come back and stay.
        guard let oldest = state.urls.firstIndex(where: { !Self.isFetching(state.entries[$0]) })
        else { break }
        state.entries[state.urls.remove(at: oldest)] = nil
      }
    }
  }

  private static func isFetching(_ entry: Entry?) -> Bool {
    if case .fetching? = entry { return true }
    return false
  }
}
