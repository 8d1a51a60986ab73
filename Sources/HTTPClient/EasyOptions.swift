// Setting options on an easy handle that is used again: what stays the same is set once, the rest
// when it changes. The first refusal is kept and looked at once, at the end.

internal import CCurl

/// Typed option setters over one easy handle, and what they were last given.
struct EasyOptions {
  let easy: UnsafeMutableRawPointer
  private(set) var failed = CURLE_OK
  private var connectTimeoutMs: Int32 = -1
  private var responseBytesMax = -1
  private var connection: ConnectionKind?
  private var isPlainGet = true

  /// What of a request decides about its connection, beside its URL.
  private struct ConnectionKind: Equatable {
    var isHTTP2: Bool
    var usesProxy: Bool
    var isGuarded: Bool
  }

  init(easy: UnsafeMutableRawPointer) { self.easy = easy }

  mutating func set(_ option: CURLoption, _ value: Int) {
    note(ccurl_set_long(easy, option, value))
  }

  mutating func set(_ option: CURLoption, text: String?) {
    note(ccurl_set_string(easy, option, text))
  }

  mutating func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer) {
    note(ccurl_set_pointer(easy, option, pointer))
  }

  mutating func set(_ option: CURLoption, writer: @escaping curl_write_callback) {
    note(ccurl_set_writer(easy, option, writer))
  }

  mutating func setHeaders(_ nodes: HeaderNodes) {
    note(ccurl_set_list(easy, CURLOPT_HTTPHEADER, nodes.first))
  }

  mutating func setPrerequest(
    _ call: @escaping curl_prereq_callback, _ owner: UnsafeMutableRawPointer
  ) {
    note(ccurl_set_prerequest(easy, call, owner))
  }

  mutating func setCloseSocket(
    _ call: @escaping curl_closesocket_callback, _ owner: UnsafeMutableRawPointer
  ) {
    note(ccurl_set_close_socket(easy, call, owner))
  }

  /// What holds for every request of a client.
  mutating func setConstants(_ limits: HTTPLimits) {
    set(CURLOPT_NOSIGNAL, 1)
    // Otherwise giving up a look-up would wait for the resolver's thread, on the owner's.
    set(CURLOPT_QUICK_EXIT, 1)
    set(CURLOPT_PROTOCOLS_STR, text: "http,https")
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_SSL_VERIFYPEER, 1)
    set(CURLOPT_SSL_VERIFYHOST, 2)
    set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    if let caFile = limits.caFile { set(CURLOPT_CAINFO, text: caFile) }
    set(CURLOPT_USERAGENT, text: limits.userAgent)
    set(CURLOPT_ACCEPT_ENCODING, text: "gzip")
    // Servers and balancers commonly drop idle connections after 60 s: be the first to let go.
    set(CURLOPT_MAXAGE_CONN, 50)
    set(CURLOPT_HTTPGET, 1)
  }

  /// `owner` is handed to `openSocket`, which judges the addresses of guarded requests.
  mutating func setConnection(
    _ request: HTTPRequest, origin: HTTPOrigin, limits: HTTPLimits,
    openSocket: @escaping curl_opensocket_callback, owner: UnsafeMutableRawPointer
  ) {
    failed = CURLE_OK
    set(CURLOPT_URL, text: request.url)
    if request.connectTimeoutMs != connectTimeoutMs {
      connectTimeoutMs = request.connectTimeoutMs
      set(CURLOPT_CONNECTTIMEOUT_MS, Int(max(connectTimeoutMs, 1)))
    }
    if request.responseBytesMax != responseBytesMax {
      responseBytesMax = request.responseBytesMax
      note(ccurl_set_offset(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(responseBytesMax)))
    }
    let kind = ConnectionKind(
      isHTTP2: origin.isTLS && limits.prefersHTTP2,
      // A proxy from the environment holds for the world outside, never for this machine; and
      // behind one a guard would see the proxy's address only.
      usesProxy: !origin.isLoopback && !request.isAddressGuarded,
      isGuarded: request.isAddressGuarded)
    guard kind != connection else { return }
    connection = kind
    set(
      CURLOPT_HTTP_VERSION,
      kind.isHTTP2 ? Int(CURL_HTTP_VERSION_2TLS) : Int(CURL_HTTP_VERSION_1_1))
    // Join a connection that is about to stand rather than open one more.
    set(CURLOPT_PIPEWAIT, kind.isHTTP2 ? 1 : 0)
    set(CURLOPT_PROXY, text: kind.usesProxy ? nil : "")
    note(ccurl_set_open_socket(easy, kind.isGuarded ? openSocket : nil, owner))
  }

  mutating func setMethod(_ request: HTTPRequest) {
    let isPlainGet = request.method == "GET" && request.body == nil
    if isPlainGet, self.isPlainGet { return }
    self.isPlainGet = isPlainGet
    // Frees the last body. It also asks for a POST, so the method comes after it.
    note(ccurl_set_bytes(easy, CURLOPT_POSTFIELDS, nil))
    set(CURLOPT_HTTPGET, 1)
    set(CURLOPT_CUSTOMREQUEST, text: nil)
    if isPlainGet { return }
    if request.method == "HEAD" { return set(CURLOPT_NOBODY, 1) }
    if let body = request.body ?? (request.method == "POST" ? [] : nil) {
      set(CURLOPT_POST, 1)
      note(ccurl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
      body.withUnsafeBytes { bytes in
        // An empty array may have no address, which curl would take for "read it from stdin".
        if let address = bytes.baseAddress, !bytes.isEmpty {
          note(ccurl_set_bytes(easy, CURLOPT_COPYPOSTFIELDS, address))
        } else {
          note(ccurl_set_string(easy, CURLOPT_COPYPOSTFIELDS, ""))
        }
      }
    }
    if request.method != "POST" { set(CURLOPT_CUSTOMREQUEST, text: request.method) }
  }

  private mutating func note(_ code: CURLcode) {
    if failed == CURLE_OK { failed = code }
  }
}
