// Makes whole requests that a scheme believes, whatever it asks for: for sending by hand and for
// tests.

/// A request with its proof in it.
package struct SignedRequest: Sendable {
  /// To be added to the request's own.
  package var headers: [(String, String)] = []
  /// Path and query.
  package var target: String
  package var body: [UInt8]
}

/// Signs with what a source's owner has: the secret. To be used by one thread at a time.
package final class RequestSigner {
  private let scheme: Scheme
  private let secret: String
  private let plan: SigningPlan
  private let reader: PlaceReader

  /// What stands in a body for the signature that goes there.
  package static let placeholder = "{signature}"

  package init(_ scheme: Scheme, secret: String, publicURL: String?) throws(SchemeError) {
    guard Self.canSign(scheme) else {
      throw .cryptography("a signature that only a sender can make")
    }
    self.scheme = scheme
    self.secret = secret
    plan = try SigningPlan(scheme, publicURL: publicURL)
    reader = try PlaceReader()
  }

  /// False where it takes a private key, or a connection's certificate.
  package static func canSign(_ scheme: Scheme) -> Bool { obstacle(scheme) == nil }

  /// Why a source's secret is not enough for a request of the scheme; nil when it is.
  package static func obstacle(_ scheme: Scheme) -> String? {
    switch scheme.algorithm {
    case .hmac, .plain, .open: nil
    case .secret:
      scheme.at == .peerSubject ? "\(scheme.name) asks for the sender's TLS certificate" : nil
    case .ed25519, .ecdsa:
      "\(scheme.name) is checked with a public key, and only the sender has the private one"
    case .certificate:
      "\(scheme.name) is signed with the private key of the sender's certificate"
    }
  }

  /// A body of a scheme that has its proof in the body must have the secret, or the placeholder,
  /// where the proof goes.
  package func signed(
    method: String = "POST", target: String, headers: [(String, String)], body: [UInt8],
    id: String, nowMs: Int64
  ) throws(SchemeError) -> SignedRequest {
    var request = SignedRequest(target: target, body: body)
    switch scheme.algorithm {
    case .open: return request
    case .secret:
      try repeatSecret(&request)
      return request
    default: break
    }
    if case .query(let name)? = scheme.bodyHash {
      request.target +=
        (target.contains("?") ? "&" : "?") + name + "="
        + body.withUnsafeBytes { BodyHash.sha256($0) }
    }
    guard scheme.at != nil || !scheme.isPlain else {
      request.headers = try Signer(scheme, plan, secret: secret).headers(
        method: method, target: request.target, headers: headers, body: body, id: id, nowMs: nowMs)
      return request
    }
    try extend(&request, method, headers, id: id, nowMs: nowMs)
    // What tells the scheme from the provider's others.
    for condition in scheme.when {
      guard case .header(let name) = condition.place, let value = condition.value else { continue }
      request.headers.append((String(decoding: name.lowercased, as: UTF8.self), value))
    }
    return request
  }

  // MARK: Repeated secrets

  private func repeatSecret(_ request: inout SignedRequest) throws(SchemeError) {
    switch scheme.at {
    case .header(let name):
      request.headers.append((String(decoding: name.lowercased, as: UTF8.self), secret))
    case .query(let name): addQuery([(name, Array(secret.utf8))], &request)
    case .bearer: request.headers.append(("Authorization", "Bearer " + secret))
    case .basic:
      request.headers.append(("Authorization", "Basic " + Self.base64(Array(secret.utf8))))
    case .path:
      let path = request.target.prefix { $0 != "?" }
      request.target =
        path + "/" + Self.escaped(Array(secret.utf8)) + request.target.dropFirst(path.count)
    case .headers, .queries:
      guard let pairs = JSONPairs.parse(secret) else {
        throw .undecodableSecret(
          scheme: scheme.name, index: 0, expected: "a JSON object of names and values")
      }
      guard scheme.at == .headers else { return addQuery(pairs, &request) }
      request.headers += pairs.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }
    case .form(let name):
      // Unless the body holds it already, like those of JSON.
      let isThere = request.body.withUnsafeBytes { FormFields.first(name, in: $0) } != nil
      guard !isThere else { return }
      let field = Self.escaped(Array(name.utf8)) + "=" + Self.escaped(Array(secret.utf8))
      request.body += Array(((request.body.isEmpty ? "" : "&") + field).utf8)
    case .xml(let name): request.body = Self.body(request.body, with: secret, in: name)
    case .json, .peerSubject, nil: break
    }
  }

  private func addQuery(
    _ pairs: [(name: String, value: [UInt8])], _ request: inout SignedRequest
  ) {
    for (name, value) in pairs {
      request.target +=
        (request.target.contains("?") ? "&" : "?") + name + "=" + Self.escaped(value)
    }
  }

  /// The text of the first element of this name is replaced.
  private static func body(_ body: [UInt8], with text: String, in name: String) -> [UInt8] {
    let xml = String(decoding: body, as: UTF8.self)
    guard let open = xml.firstRange(of: name + ">"),
      let close = xml[open.upperBound...].firstIndex(of: "<")
    else { return body }
    return Array((String(xml[..<open.upperBound]) + text + xml[close...]).utf8)
  }

  private static func escaped(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
      let isPlain =
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
        || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x5F || byte == 0x2E
      let digits = String(byte, radix: 16, uppercase: true)
      return isPlain
        ? String(decoding: [byte], as: UTF8.self) : "%" + (byte < 16 ? "0" : "") + digits
    }.joined()
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    withUnsafeTemporaryAllocation(byteCount: bytes.count * 2 + 4, alignment: 1) { out in
      let count = bytes.withUnsafeBytes { ASCII.base64Encode($0, into: out) }
      return String(decoding: UnsafeRawBufferPointer(rebasing: out[..<count]), as: UTF8.self)
    }
  }

  // MARK: Signatures

  private func extend(
    _ request: inout SignedRequest, _ method: String, _ headers: [(String, String)], id: String,
    nowMs: Int64
  ) throws(SchemeError) {
    let key = try SchemeKey(secret, at: 0, of: scheme)
    guard case .digest(let digester, let bytes) = key else { return }
    var values = MessageBuilder.Values()
    values.secret = bytes
    values.id = Array(id.utf8)
    values.timestamp = Array((scheme.timestamp?.unit.text(nowMs) ?? "").utf8)
    let builder = MessageBuilder(steps: plan.steps, reader: reader)
    let (plan, scheme, reader) = (plan, scheme, reader)
    let signatures: [String] = RequestView.with(
      method: method, target: request.target, headers: headers, body: request.body
    ) { view in
      var items = [view.body]
      if let pointer = scheme.items {
        items = (reader.elements(pointer, in: view.body) ?? []).map {
          UnsafeRawBufferPointer(rebasing: view.body[$0])
        }
      }
      values.url = plan.urls(view).first ?? []
      if case .place(let place)? = scheme.timestamp?.source {
        let whole = PlaceReader.Surroundings(view: view, item: view.body)
        values.timestamp = reader.value(place, whole) ?? []
      }
      return items.map { item in
        let at = PlaceReader.Surroundings(view: view, item: item)
        return String(
          decoding: plan.text(of: builder.message(at, values), digester), as: UTF8.self)
      }
    }
    guard let first = signatures.first else { throw .cryptography(scheme.name) }
    let time = String(decoding: values.timestamp, as: UTF8.self)
    if case .header(let name)? = scheme.timestamp?.source { request.headers.append((name, time)) }
    if let name = scheme.idHeader { request.headers.append((name, id)) }
    switch scheme.at {
    case nil: request.headers.append(plan.header(first, time: time))
    case .header(let name)?:
      request.headers.append((String(decoding: name.lowercased, as: UTF8.self), first))
    case .bearer?: request.headers.append(("Authorization", "Bearer " + first))
    case .query(let name)?: addQuery([(name, Array(first.utf8))], &request)
    default: place(signatures, &request)
    }
  }

  /// Each signature takes the place of one placeholder.
  private func place(_ signatures: [String], _ request: inout SignedRequest) {
    var rest = String(decoding: request.body, as: UTF8.self)[...]
    var out = ""
    var next = signatures[...]
    while !rest.isEmpty {
      if rest.hasPrefix(Self.placeholder), let signature = next.popFirst() {
        out += signature
        rest = rest.dropFirst(Self.placeholder.count)
      } else {
        out.append(rest.removeFirst())
      }
    }
    request.body = Array(out.utf8)
  }
}
