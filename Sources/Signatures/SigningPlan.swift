// What verifier and signer share: the scheme with its names prepared, and the signed string fed to
// a digest.

/// A scheme ready for use with one public URL.
struct SigningPlan: Sendable {
  enum Step: Sendable {
    case literal([UInt8])
    case method, url, path, query, timestamp, id, body, secret
    case header(HeaderName)
  }

  let scheme: Scheme
  let steps: [Step]
  let signatureHeader: HeaderName
  let timestampHeader: HeaderName?
  let idHeader: HeaderName?
  let url: [UInt8]
  /// True when the registered URL has no query of its own, so that the request's belongs to it.
  let urlTakesQuery: Bool

  init(_ scheme: Scheme, publicURL: String?) throws(SchemeError) {
    let signsURL = scheme.signed.needs(.url)
    if signsURL, publicURL?.isEmpty ?? true { throw .missingPublicURL(scheme: scheme.name) }
    self.scheme = scheme
    let publicURL = publicURL ?? ""
    url = ASCII.percentDecoded(publicURL.utf8, only: scheme.urlUnescapes)
    urlTakesQuery = !publicURL.utf8.contains(UInt8(ascii: "?"))
    signatureHeader = HeaderName(scheme.header)
    idHeader = scheme.idHeader.map { HeaderName($0) }
    if case .header(let name)? = scheme.timestamp?.source {
      timestampHeader = HeaderName(name)
    } else {
      timestampHeader = nil
    }
    steps = scheme.signed.parts.map { part in
      switch part {
      case .literal(let text): .literal(Array(text.utf8))
      case .method: .method
      case .url: .url
      case .path: .path
      case .query: .query
      case .timestamp: .timestamp
      case .id: .id
      case .body: .body
      case .secret: .secret
      case .header(let name): .header(HeaderName(name))
      }
    }
  }

  /// The request's own values that a template can name besides the view.
  struct Values {
    var timestamp: UnsafeRawBufferPointer
    var id: UnsafeRawBufferPointer
  }

  /// Feeds the signed string; false when OpenSSL fails.
  func feed(_ view: RequestView, _ values: Values, _ secret: Secret) -> Bool {
    let digester = secret.digester
    guard digester.start() else { return false }
    for step in steps {
      let isFed =
        switch step {
        case .literal(let bytes): bytes.withUnsafeBytes { digester.update($0) }
        case .method: digester.update(view.method)
        case .url: feedURL(view, digester)
        case .path: digester.update(view.path)
        case .query: digester.update(view.query)
        case .timestamp: digester.update(values.timestamp)
        case .id: digester.update(values.id)
        case .body: digester.update(view.body)
        case .secret: secret.key.withUnsafeBytes { digester.update($0) }
        case .header(let name):
          digester.update(view.header(name) ?? UnsafeRawBufferPointer(start: nil, count: 0))
        }
      guard isFed else { return false }
    }
    return true
  }

  private func feedURL(_ view: RequestView, _ digester: Digester) -> Bool {
    guard url.withUnsafeBytes({ digester.update($0) }) else { return false }
    guard urlTakesQuery, let mark = view.target.firstIndex(of: UInt8(ascii: "?")) else {
      return true
    }
    let query = ASCII.percentDecoded(view.target[mark...], only: scheme.urlUnescapes)
    return query.withUnsafeBytes { digester.update($0) }
  }

  /// The digest as the scheme writes it, without prefix; nil when OpenSSL fails. `scratch` holds
  /// digest and text.
  func signature(
    _ view: RequestView, _ values: Values, _ secret: Secret,
    scratch: UnsafeMutableRawBufferPointer
  ) -> UnsafeRawBufferPointer? {
    let digest = UnsafeMutableRawBufferPointer(rebasing: scratch[..<Digester.bytesMax])
    let text = UnsafeMutableRawBufferPointer(rebasing: scratch[Digester.bytesMax...])
    guard feed(view, values, secret), let count = secret.digester.finish(into: digest) else {
      return nil
    }
    let bytes = UnsafeRawBufferPointer(rebasing: digest[..<count])
    let written =
      switch scheme.encoding {
      case .hex: ASCII.hexEncode(bytes, into: text)
      case .base64: ASCII.base64Encode(bytes, into: text)
      }
    return UnsafeRawBufferPointer(rebasing: text[..<written])
  }

  /// Digest, its text, and a candidate in lower case.
  static let scratchBytes = Digester.bytesMax * 5

  /// A decoded secret and the digest that is keyed with it.
  struct Secret {
    let key: [UInt8]
    let digester: Digester

    init(_ text: String, at index: Int, of scheme: Scheme) throws(SchemeError) {
      func undecodable(_ expected: String) -> SchemeError {
        .undecodableSecret(scheme: scheme.name, index: index, expected: expected)
      }
      guard text.utf8.contains(where: { $0 > 0x20 }) else {
        throw .emptySecret(scheme: scheme.name, index: index)
      }
      switch scheme.key {
      case .text: key = Array(text.utf8)
      case .hex:
        guard let bytes = ASCII.hexDecoded(text) else { throw undecodable("hex") }
        key = bytes
      case .base64(let prefix):
        let rest = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        guard let bytes = ASCII.base64Decoded(rest) else { throw undecodable("base64") }
        key = bytes
      }
      guard !key.isEmpty else { throw .emptySecret(scheme: scheme.name, index: index) }
      digester = try Digester(scheme.algorithm, key: key)
    }
  }
}
