// One easy handle of curl with the buffers of the request it carries. Handles are used again and
// keep their options; connections live in the multi handle.

internal import CCurl
internal import Model

/// An easy handle and what its callbacks fill. Used by the loop's owner thread only.
final class Transfer {
  let easy: UnsafeMutableRawPointer
  private(set) var ticket: UInt64 = 0
  private(set) var origin: HTTPOrigin?
  private(set) var deadlines = Deadlines(startNs: 0, totalMs: 0, firstByteMs: nil)
  private var options: EasyOptions
  private let limits: HTTPLimits
  private let readiness: Readiness
  private let requestHeaders = HeaderNodes()
  /// curl's own words about a failure; at least CURL_ERROR_SIZE bytes, cleared for each request.
  private let errorText: UnsafeMutablePointer<CChar>
  private var body: [UInt8] = []
  /// Filled anew by each response; copied out.
  private var headerLines: [UInt8] = []
  private var bodyBytesMax = 0
  private var bodyBytesSent = 0
  private var isGuarded = false
  private var overflowed = false
  private var refusedAddress = false

  /// Response headers beyond this fail the transfer.
  static let headerBytesMax = 64 << 10

  init?(_ limits: HTTPLimits, _ readiness: Readiness) {
    guard let easy = curl_easy_init() else { return nil }
    self.easy = easy
    self.limits = limits
    self.readiness = readiness
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    options = EasyOptions(easy: easy)
    options.setConstants(limits)
    options.set(CURLOPT_ERRORBUFFER, pointer: errorText)
    // The loop holds this object for as long as curl holds the handle, so it goes unretained.
    let owner = Unmanaged.passUnretained(self).toOpaque()
    options.set(CURLOPT_PRIVATE, pointer: owner)
    options.set(CURLOPT_WRITEDATA, pointer: owner)
    options.set(CURLOPT_WRITEFUNCTION, writer: transferReceivedBody)
    options.set(CURLOPT_HEADERDATA, pointer: owner)
    options.set(CURLOPT_HEADERFUNCTION, writer: transferReceivedHeader)
    options.setPrerequest(transferMaySend, owner)
    // Connections outlive their first handle; the readiness outlives all of them.
    options.setCloseSocket(
      transferCloseSocket, Unmanaged.passUnretained(readiness).toOpaque())
    guard options.failed == CURLE_OK else { return nil }
  }

  deinit {
    curl_easy_cleanup(easy)
    errorText.deallocate()
  }

  /// Sets what `request` needs. After an error the handle must not be used again.
  func prepare(
    _ request: HTTPRequest, ticket: UInt64, origin: HTTPOrigin, nowNs: UInt64
  ) throws(HTTPError) {
    self.ticket = ticket
    self.origin = origin
    deadlines = Deadlines(
      startNs: nowNs, totalMs: request.totalTimeoutMs, firstByteMs: request.firstByteTimeoutMs)
    body = []
    headerLines.removeAll(keepingCapacity: true)
    bodyBytesMax = request.responseBytesMax
    bodyBytesSent = request.body?.count ?? 0
    isGuarded = request.isAddressGuarded
    overflowed = false
    refusedAddress = false
    errorText[0] = 0
    options.setConnection(
      request, origin: origin, limits: limits, openSocket: transferOpenSocket,
      owner: Unmanaged.passUnretained(self).toOpaque())
    options.setMethod(request)
    let hasBody = request.body != nil || request.method == "POST"
    if requestHeaders.fill(request.headers, hasBody: hasBody) {
      options.setHeaders(requestHeaders)
    }
    guard options.failed == CURLE_OK else {
      throw HTTPError(
        options.failed == CURLE_OUT_OF_MEMORY ? .bug : .invalidRequest,
        "curl refuses the request to \(origin): \(Self.text(options.failed))")
    }
  }

  /// What passed, if anything; a request whose body is still leaving gets its wait anew.
  func overdue(nowNs: UInt64) -> HTTPError? {
    guard let verdict = deadlines.verdict(nowNs: nowNs) else { return nil }
    let place = origin?.description ?? "the other side"
    if verdict == .total {
      return HTTPError(.timeout, "no complete response from \(place) in time")
    }
    var sent: curl_off_t = 0
    ccurl_get_offset(easy, CURLINFO_SIZE_UPLOAD_T, &sent)
    guard Int(sent) >= bodyBytesSent else {
      deadlines.sent(nowNs: nowNs)
      return nil
    }
    return HTTPError(.timeout, "no byte of a response from \(place) in time")
  }

  /// Takes the response, or curl's verdict, out of the handle.
  func finish(_ code: CURLcode) -> Result<HTTPResponse, HTTPError> {
    defer { body = [] }
    guard code == CURLE_OK else { return .failure(error(code)) }
    var status = 0
    ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
    return .success(
      HTTPResponse(status: status, headers: HTTPHeaders(lines: Array(headerLines[...])), body: body)
    )
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

  // Those below run inside curl, on the owner thread.

  /// The request is about to leave over a connection to `address`, which is new or was used before.
  func maySend(to address: UnsafePointer<CChar>?) -> Bool {
    // Text that is no address is refused with the rest.
    if isGuarded, !mayConnect(to: address.flatMap { IPAddress(String(cString: $0)) }) {
      return false
    }
    if deadlines.firstByteSpanNs > 0 {
      deadlines.sent(nowNs: Readiness.nowNs())
      readiness.noteDeadline(deadlines.dueNs)
    }
    return true
  }

  /// Whether a socket to this address may be opened at all.
  func mayConnect(to address: IPAddress?) -> Bool {
    guard isGuarded, address.map(isAllowed) != true else { return true }
    refusedAddress = true
    return false
  }

  private func isAllowed(_ address: IPAddress) -> Bool {
    address.isPublic || limits.guardExemptions.contains { $0.contains(address) }
  }

  func receivedBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count <= bodyBytesMax - body.count else {
      overflowed = true
      return false
    }
    body.append(contentsOf: bytes)
    return true
  }

  func receivedHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
    deadlines.answered()
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

  private static func text(_ code: CURLcode) -> String { String(cString: curl_easy_strerror(code)) }

  private func error(_ code: CURLcode) -> HTTPError {
    let place = origin?.description ?? "the other side"
    let words = Self.text(code)
    if overflowed || code == CURLE_FILESIZE_EXCEEDED {
      return HTTPError(
        .responseTooLarge, "the response of \(place) exceeds \(bodyBytesMax) bytes")
    }
    if refusedAddress, code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK {
      return HTTPError(
        .addressRefused, "\(place) has an address that is not in the public internet")
    }
    switch code {
    case CURLE_OPERATION_TIMEDOUT:
      return HTTPError(.timeout, "no connection to \(place) in time")
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

private func transferMaySend(
  _ owner: UnsafeMutableRawPointer?, _ address: UnsafeMutablePointer<CChar>?,
  _ ownAddress: UnsafeMutablePointer<CChar>?, _ port: Int32, _ ownPort: Int32
) -> Int32 {
  guard let owner else { return CURL_PREREQFUNC_ABORT }
  let transfer = Unmanaged<Transfer>.fromOpaque(owner).takeUnretainedValue()
  return transfer.maySend(to: address) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

private func transferOpenSocket(
  _ owner: UnsafeMutableRawPointer?, _ purpose: curlsocktype,
  _ place: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
  guard let owner, let place else { return CURL_SOCKET_BAD }
  let transfer = Unmanaged<Transfer>.fromOpaque(owner).takeUnretainedValue()
  let address = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { bytes in
    bytes.baseAddress.flatMap {
      IPAddress(bytes: bytes.prefix(Int(ccurl_address_bytes(place, $0))))
    }
  }
  return transfer.mayConnect(to: address) ? ccurl_open_socket(place) : CURL_SOCKET_BAD
}

private func transferCloseSocket(_ owner: UnsafeMutableRawPointer?, _ socket: curl_socket_t)
  -> Int32
{
  guard let owner else { return 1 }
  return Unmanaged<Readiness>.fromOpaque(owner).takeUnretainedValue().close(socket)
}
