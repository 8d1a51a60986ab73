// Certificates and confirmations over HTTPS, when a provider's message asks for them.

import HTTPClient
import Signatures
import Synchronization

/// Fetches over libcurl, on a thread of its own that is started with the first fetch. Any thread.
final class DocumentClient: DocumentFetcher {
  private static let connectTimeoutMs: Int32 = 2000
  private static let totalTimeoutMs: Int32 = 5000
  private static let bytesMax = 64 << 10

  private let session = Mutex<HTTPSession?>(nil)

  func fetch(_ url: String, _ done: @escaping @Sendable ([UInt8]?) -> Void) {
    guard let session = try? opened() else { return done(nil) }
    Task {
      let request = HTTPRequest(
        url: url, connectTimeoutMs: Self.connectTimeoutMs, totalTimeoutMs: Self.totalTimeoutMs,
        responseBytesMax: Self.bytesMax)
      // Redirects are not followed: only this URL was checked.
      let response = try? await session.send(request)
      done(response?.status == 200 ? response?.body : nil)
    }
  }

  private func opened() throws(HTTPError) -> HTTPSession {
    let result: Result<HTTPSession, HTTPError> = session.withLock { session in
      if let session { return .success(session) }
      do throws(HTTPError) {
        let new = try HTTPSession()
        session = new
        return .success(new)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
