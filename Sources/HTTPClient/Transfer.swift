// One easy handle of curl with the buffers of the request it carries. Handles are reused: reset
// keeps neither options nor state, while connections live in the multi handle.

internal import CCurl

/// An easy handle and what its callbacks fill. Used by the loop's owner thread only.
final class Transfer {
  let easy: UnsafeMutableRawPointer
  private(set) var ticket: UInt64 = 0
  private(set) var origin: HTTPOrigin?
  private var requestHeaders: UnsafeMutablePointer<curl_slist>?
  /// curl's own words about a failure; at least CURL_ERROR_SIZE bytes, cleared for each request.
  private let errorText: UnsafeMutablePointer<CChar>
  private var body: [UInt8] = []
  private var headerLines: [UInt8] = []
  private var bodyBytesMax = 0
  private var overflowed = false

  /// Response headers beyond this fail the transfer.
  static let headerBytesMax = 64 << 10

  init?() {
    guard let easy = curl_easy_init() else { return nil }
    self.easy = easy
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  deinit {
    curl_easy_cleanup(easy)
    curl_slist_free_all(requestHeaders)
    errorText.deallocate()
  }

  /// Sets every option for `request`. On an error the handle is unharmed and can be reused.
  func prepare(
    _ request: HTTPRequest, ticket: UInt64, origin: HTTPOrigin, limits: HTTPLimits
  ) throws(HTTPError) {
    self.ticket = ticket
    self.origin = origin
    body = []
    headerLines = []
    bodyBytesMax = request.responseBytesMax
    overflowed = false
    errorText[0] = 0
    curl_easy_reset(easy)
    var options = EasyOptions(easy: easy)
    options.setConnection(request, origin: origin, limits: limits)
    options.set(CURLOPT_ERRORBUFFER, pointer: errorText)
    // The loop holds this object for as long as curl holds the handle, so it goes unretained.
    let owner = Unmanaged.passUnretained(self).toOpaque()
    options.set(CURLOPT_WRITEDATA, pointer: owner)
    options.set(CURLOPT_WRITEFUNCTION, writer: transferReceivedBody)
    options.set(CURLOPT_HEADERDATA, pointer: owner)
    options.set(CURLOPT_HEADERFUNCTION, writer: transferReceivedHeader)
    options.setMethod(request)
    try setHeaders(request, &options)
    guard options.failed == CURLE_OK else {
      throw HTTPError(
        options.failed == CURLE_OUT_OF_MEMORY ? .bug : .invalidRequest,
        "curl refuses the request to \(origin): \(Self.text(options.failed))")
    }
  }

  /// Takes the response, or curl's verdict, out of the handle.
  func finish(_ code: CURLcode) -> Result<HTTPResponse, HTTPError> {
    defer {
      body = []
      headerLines = []
    }
    guard code == CURLE_OK else { return .failure(error(code)) }
    var status = 0
    ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
    return .success(
      HTTPResponse(status: status, headers: HTTPHeaders(lines: headerLines), body: body))
  }

  var totalTimeMs: Double {
    var micros: curl_off_t = 0
    ccurl_get_offset(easy, CURLINFO_TOTAL_TIME_T, &micros)
    return Double(micros) / 1000
  }

  var openedNoConnection: Bool {
    var opened = 0
    ccurl_get_long(easy, CURLINFO_NUM_CONNECTS, &opened)
    return opened == 0
  }

  // The two below run inside curl, on the owner thread.

  func receivedBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count <= bodyBytesMax - body.count else {
      overflowed = true
      return false
    }
    body.append(contentsOf: bytes)
    return true
  }

  func receivedHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // A new status line begins a new response: the one before it was interim (1xx).
    if bytes.starts(with: "HTTP/".utf8) {
      headerLines.removeAll(keepingCapacity: true)
      return true
    }
    guard bytes.count <= Self.headerBytesMax - headerLines.count else {
      overflowed = true
      return false
    }
    if bytes.count > 2 { headerLines.append(contentsOf: bytes) }
    return true
  }

  private func setHeaders(
    _ request: HTTPRequest, _ options: inout EasyOptions
  ) throws(HTTPError) {
    curl_slist_free_all(requestHeaders)
    requestHeaders = nil
    // Without these two curl would add `Expect: 100-continue` and a form's content type.
    var lines = [Array("Expect:".utf8)]
    if request.headers["Content-Type"] == nil { lines.append(Array("Content-Type:".utf8)) }
    // `Name;` is how curl spells a field without a value.
    lines += request.headers.lineSlices.map { line in
      line.suffix(2).elementsEqual(": ".utf8) ? Array(line.dropLast(2)) + [0x3B] : Array(line)
    }
    for line in lines {
      let text = line + [0]
      let extended = text.withUnsafeBytes { bytes in
        bytes.baseAddress.flatMap {
          curl_slist_append(requestHeaders, $0.assumingMemoryBound(to: CChar.self))
        }
      }
      guard let extended else { throw HTTPError(.bug, "curl has no memory for the headers") }
      requestHeaders = extended
    }
    options.set(CURLOPT_HTTPHEADER, list: requestHeaders)
  }

  private static func text(_ code: CURLcode) -> String { String(cString: curl_easy_strerror(code)) }

  private func error(_ code: CURLcode) -> HTTPError {
    let place = origin?.description ?? "the other side"
    let words = Self.text(code)
    if overflowed || code == CURLE_FILESIZE_EXCEEDED {
      return HTTPError(
        .responseTooLarge, "the response of \(place) exceeds \(bodyBytesMax) bytes")
    }
    switch code {
    case CURLE_OPERATION_TIMEDOUT:
      return HTTPError(.timeout, "no complete response from \(place) in time")
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
      return HTTPError(.dns, "the host name of \(place) cannot be resolved")
    case CURLE_COULDNT_CONNECT:
      return HTTPError(.connectionFailed, "no connection to \(place)")
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
      CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_USE_SSL_FAILED:
      // Here curl's own text names the fault in the certificate, and nothing of the request.
      let detail = errorText[0] == 0 ? words : String(cString: errorText)
      return HTTPError(.tls, "no trusted TLS connection to \(place): \(detail)")
    case CURLE_URL_MALFORMAT:
      return HTTPError(.invalidRequest, "curl refuses the URL at \(place): \(words)")
    case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT, CURLE_BAD_FUNCTION_ARGUMENT,
      CURLE_UNKNOWN_OPTION:
      return HTTPError(.bug, "curl failed with \(place): \(words)")
    default:
      // CURLE_UNSUPPORTED_PROTOCOL included: the scheme was checked, so it means an answer that
      // does not begin with `HTTP/`.
      return HTTPError(.protocolError, "the exchange with \(place) broke off: \(words)")
    }
  }
}

private func transferReceivedBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
  _ owner: UnsafeMutableRawPointer?
) -> Int {
  guard let owner, let bytes else { return 0 }
  let transfer = Unmanaged<Transfer>.fromOpaque(owner).takeUnretainedValue()
  let taken = transfer.receivedBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
  return taken ? size * count : -1
}

private func transferReceivedHeader(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
  _ owner: UnsafeMutableRawPointer?
) -> Int {
  guard let owner, let bytes else { return 0 }
  let transfer = Unmanaged<Transfer>.fromOpaque(owner).takeUnretainedValue()
  let taken = transfer.receivedHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
  return taken ? size * count : -1
}
