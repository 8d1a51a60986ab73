// What is asked and what comes back.

package import Model

/// One request. The URL is http or https, without user info; redirects are never followed.
package struct HTTPRequest: Sendable {
  /// In capitals; default `GET`.
  package var method: String
  package var url: String
  package var headers: HTTPHeaders
  /// Nil sends no body; a POST without one sends an empty one.
  package var body: [UInt8]?
  /// From the start of the transfer until the connection stands, TLS included; default 5 s.
  package var connectTimeoutMs: Int32
  /// From the start of the transfer to its last byte; default 30 s. Time spent waiting for a free
  /// connection slot (`HTTPLimits.connectionsPerHostMax`) does not count.
  package var totalTimeoutMs: Int32
  /// From the moment the request has left to the first byte of the response; default nil, none
  /// but the total one.
  package var firstByteTimeoutMs: Int32?
  /// Of the body, after decompression; default 8 MiB. One byte more fails the transfer.
  package var responseBytesMax: Int
  /// For URLs that come from outside: the address that is connected to, and that of a connection
  /// used again, must be a public one (`IPAddress.isPublic`) or in `HTTPLimits.guardExemptions`.
  /// No proxy is used. Default false.
  package var isAddressGuarded: Bool

  package init(
    method: String = "GET", url: String, headers: HTTPHeaders = [:], body: [UInt8]? = nil,
    connectTimeoutMs: Int32 = 5000, totalTimeoutMs: Int32 = 30_000,
    firstByteTimeoutMs: Int32? = nil, responseBytesMax: Int = 8 << 20,
    isAddressGuarded: Bool = false
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.connectTimeoutMs = connectTimeoutMs
    self.totalTimeoutMs = totalTimeoutMs
    self.firstByteTimeoutMs = firstByteTimeoutMs
    self.responseBytesMax = responseBytesMax
    self.isAddressGuarded = isAddressGuarded
  }
}

/// A complete response, whatever its status.
package struct HTTPResponse: Sendable, Equatable {
  package var status: Int
  package var headers: HTTPHeaders
  package var body: [UInt8]

  package init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// The end of one started request.
package struct HTTPCompletion: Sendable {
  /// As given to `start`.
  package let ticket: UInt64
  package let result: Result<HTTPResponse, HTTPError>
  /// From the start of the transfer; 0 when it was never handed to the network.
  package let totalTimeMs: Double
  /// True when no new connection had to be opened.
  package let connectionReused: Bool
}

/// Limits and preferences of one client.
package struct HTTPLimits: Sendable {
  /// Transfers under way at a time with one origin, so also connections to it; default 64.
  package var connectionsPerHostMax: Int
  /// Transfers under way at a time in all; default 256.
  package var connectionsMax: Int
  /// Requests waiting for a slot; one more is refused as `overloaded`. Default 4096.
  package var waitingMax: Int
  /// HTTP/2 over TLS where the other side offers it; plain http is always HTTP/1.1. Default true.
  package var prefersHTTP2: Bool
  /// Default `hookferry`.
  package var userAgent: String
  /// A CA bundle in PEM instead of the system's; default nil.
  package var caFile: String?
  /// Networks that guarded requests may reach although they are not public; default none.
  package var guardExemptions: [IPNetwork]

  package init(
    connectionsPerHostMax: Int = 64, connectionsMax: Int = 256, waitingMax: Int = 4096,
    prefersHTTP2: Bool = true, userAgent: String = "hookferry", caFile: String? = nil,
    guardExemptions: [IPNetwork] = []
  ) {
    self.connectionsPerHostMax = max(connectionsPerHostMax, 1)
    self.connectionsMax = max(connectionsMax, 1)
    self.waitingMax = max(waitingMax, 0)
    self.prefersHTTP2 = prefersHTTP2
    self.userAgent = userAgent
    self.caFile = caFile
    self.guardExemptions = guardExemptions
  }
}
