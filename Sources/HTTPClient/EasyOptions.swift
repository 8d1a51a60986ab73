// Setting options on an easy handle; the first refusal is kept and looked at once, at the end.

internal import CCurl

/// Typed option setters over one easy handle.
struct EasyOptions {
  let easy: UnsafeMutableRawPointer
  private(set) var failed = CURLE_OK

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

  mutating func set(_ option: CURLoption, list: UnsafeMutablePointer<curl_slist>?) {
    note(ccurl_set_list(easy, option, list))
  }

  mutating func setConnection(_ request: HTTPRequest, origin: HTTPOrigin, limits: HTTPLimits) {
    set(CURLOPT_URL, text: request.url)
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_PROTOCOLS_STR, text: "http,https")
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_SSL_VERIFYPEER, 1)
    set(CURLOPT_SSL_VERIFYHOST, 2)
    set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    if let caFile = limits.caFile { set(CURLOPT_CAINFO, text: caFile) }
    set(CURLOPT_USERAGENT, text: limits.userAgent)
    set(CURLOPT_ACCEPT_ENCODING, text: "gzip")
    set(CURLOPT_CONNECTTIMEOUT_MS, Int(max(request.connectTimeoutMs, 1)))
    set(CURLOPT_TIMEOUT_MS, Int(max(request.totalTimeoutMs, 1)))
    note(ccurl_set_offset(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(request.responseBytesMax)))
    // Servers and balancers commonly drop idle connections after 60 s: be the first to let go.
    set(CURLOPT_MAXAGE_CONN, 50)
    if origin.isTLS, limits.prefersHTTP2 {
      set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
      // Join a connection that is about to stand rather than open one more.
      set(CURLOPT_PIPEWAIT, 1)
    } else {
      set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    }
    // A proxy from the environment holds for the world outside, never for this machine.
    if origin.isLoopback { set(CURLOPT_PROXY, text: "") }
  }

  mutating func setMethod(_ request: HTTPRequest) {
    switch request.method {
    case "GET" where request.body == nil: set(CURLOPT_HTTPGET, 1)
    case "HEAD": set(CURLOPT_NOBODY, 1)
    default:
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
  }

  private mutating func note(_ code: CURLcode) {
    if failed == CURLE_OK { failed = code }
  }
}
