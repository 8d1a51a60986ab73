// What verifier and signer share: the scheme with its names prepared, and the signed string fed to
// a digest.

/// A scheme ready for use with one public URL.
struct SigningPlan: Sendable {
  enum Step: Sendable {
    case literal([UInt8])
    case method, url, path, query, timestamp, id, body, secret
    case header(HeaderName)
    case crc32, form
    case json([String])
    case lines([[String]])
  }

  let scheme: Scheme
  let steps: [Step]
  let signatureHeader: HeaderName
  let timestampHeader: HeaderName?
  let idHeader: HeaderName?
  let url: [UInt8]
  /// True when the registered URL has no query of its own, so that the request's belongs to it.
  let urlTakesQuery: Bool

  /// `takesAnyURL`: the request's origin brings the URL where none is configured.
  init(_ scheme: Scheme, publicURL: String?, takesAnyURL: Bool = false) throws(SchemeError) {
    let signsURL = scheme.signed.needs(.url)
    if signsURL, publicURL?.isEmpty ?? true, !takesAnyURL {
      throw .missingPublicURL(scheme: scheme.name)
    }
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
      case .crc32: .crc32
      case .form: .form
      case .json(let pointers): .json(pointers)
      case .lines(let members): .lines(members)
      }
    }
  }

  /// The request's own values that a template can name besides the view.
  struct Values {
    var timestamp: UnsafeRawBufferPointer
    var id: UnsafeRawBufferPointer
  }

  /// Feeds the signed string; false for what no plain scheme has: see MessageBuilder.
  func feed(_ view: RequestView, _ values: Values, _ secret: Secret) -> Bool {
    let digester = secret.digester
    digester.start()
    for step in steps {
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
      case .header(let name): if let value = view.header(name) { digester.update(value) }
      case .crc32, .form, .json, .lines: return false
      }
    }
    return true
  }

  private func feedURL(_ view: RequestView, _ digester: Digester) {
    guard !url.isEmpty else {
      return bytes(ofURL: view).withUnsafeBytes { digester.update($0) }
    }
    url.withUnsafeBytes { digester.update($0) }
    guard urlTakesQuery, let mark = view.target.firstIndex(of: UInt8(ascii: "?")) else { return }
    let query = ASCII.percentDecoded(view.target[mark...], only: scheme.urlUnescapes)
    query.withUnsafeBytes { digester.update($0) }
  }

  /// What `{url}` stands for: as registered, or where nothing is, as the sender used it.
  private func bytes(ofURL view: RequestView) -> [UInt8] {
    if url.isEmpty, let used = view.origin?.publicURL {
      return ASCII.percentDecoded(used.utf8, only: scheme.urlUnescapes)
    }
    guard urlTakesQuery, let mark = view.target.firstIndex(of: UInt8(ascii: "?")) else {
      return url
    }
    return url + ASCII.percentDecoded(view.target[mark...], only: scheme.urlUnescapes)
  }

  /// Every spelling of the URL that counts.
  func urls(_ view: RequestView) -> [[UInt8]] {
    guard scheme.signed.needs(.url) else { return [[]] }
    let url = bytes(ofURL: view)
    return scheme.hasLoosePort ? URLVariants.ports(url) : [url]
  }

  /// The digest of a message as the scheme writes it.
  func text(of message: [UInt8], _ digester: Digester) -> [UInt8] {
    withUnsafeTemporaryAllocation(byteCount: Self.scratchBytes, alignment: 16) { scratch in
      let digest = UnsafeMutableRawBufferPointer(rebasing: scratch[..<Digester.bytesMax])
      let text = UnsafeMutableRawBufferPointer(rebasing: scratch[Digester.bytesMax...])
      digester.start()
      message.withUnsafeBytes { digester.update($0) }
      let count = digester.finish(into: digest)
      return Array(encoded(UnsafeRawBufferPointer(rebasing: digest[..<count]), into: text))
    }
  }

  private func encoded(
    _ bytes: UnsafeRawBufferPointer, into text: UnsafeMutableRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    let written =
      switch scheme.encoding {
      case .hex: ASCII.hexEncode(bytes, into: text)
      case .base64: ASCII.base64Encode(bytes, into: text)
      }
    return UnsafeRawBufferPointer(rebasing: text[..<written])
  }

  /// The digest as the scheme writes it, without prefix; nil for schemes that are not plain.
  /// `scratch` holds digest and text.
  func signature(
    _ view: RequestView, _ values: Values, _ secret: Secret,
    scratch: UnsafeMutableRawBufferPointer
  ) -> UnsafeRawBufferPointer? {
    let digest = UnsafeMutableRawBufferPointer(rebasing: scratch[..<Digester.bytesMax])
    let text = UnsafeMutableRawBufferPointer(rebasing: scratch[Digester.bytesMax...])
    guard feed(view, values, secret) else { return nil }
    let count = secret.digester.finish(into: digest)
    return encoded(UnsafeRawBufferPointer(rebasing: digest[..<count]), into: text)
  }

  /// Digest, its text, and a candidate in lower case.
  static let scratchBytes = Digester.bytesMax * 5

  /// A decoded secret and the digest that is keyed with it. To be used by one thread at a time.
  final class Secret {
    let key: [UInt8]
    let digester: Digester

    init(_ text: String, at index: Int, of scheme: Scheme) throws(SchemeError) {
      key = try Self.decoded(text, at: index, of: scheme)
      digester = try Digester(scheme.algorithm, key: key)
    }

    static func decoded(
      _ text: String, at index: Int, of scheme: Scheme
    ) throws(SchemeError) -> [UInt8] {
      guard text.utf8.contains(where: { $0 > 0x20 }) else {
        throw .emptySecret(scheme: scheme.name, index: index)
      }
      let key: [UInt8]?
      let expected: String
      switch scheme.key {
      case .text: (key, expected) = (Array(text.utf8), "text")
      case .html: (key, expected) = (HTMLEscapes.undone(text), "text")
      case .hex: (key, expected) = (ASCII.hexDecoded(text), "hex")
      case .base64(let prefix):
        let rest = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        (key, expected) = (ASCII.base64Decoded(rest), "base64")
      }
      guard let key else {
        throw .undecodableSecret(scheme: scheme.name, index: index, expected: expected)
      }
      guard !key.isEmpty else { throw .emptySecret(scheme: scheme.name, index: index) }
      return key
    }
  }
}

extension SigningPlan {
  /// The header with the signature, or the first that is not empty of numbered ones.
  func signatureHeader(_ view: RequestView) -> UnsafeRawBufferPointer? {
    guard scheme.layout == .numbered else { return view.header(signatureHeader) }
    for field in view.fields where isNumbered(view, field) && !field.value.isEmpty {
      return view.value(of: field)
    }
    return nil
  }

  /// `X-DocuSign-Signature-1` to `-100`.
  private func isNumbered(_ view: RequestView, _ field: RequestView.Field) -> Bool {
    guard view.isName(of: field, startingWith: signatureHeader) else { return false }
    let start = Int(field.name.lowerBound) + signatureHeader.lowercased.count
    let digits = UnsafeRawBufferPointer(rebasing: view.head[start..<Int(field.name.upperBound)])
    return ASCII.number(digits).map { (1...100).contains($0) } ?? false
  }

  func forEachCandidate(
    _ view: RequestView, _ value: UnsafeRawBufferPointer,
    _ body: (UnsafeRawBufferPointer) -> Void
  ) {
    func offer(_ text: UnsafeRawBufferPointer) {
      if let bare = Candidates.withoutPrefix(text, scheme.prefix) { body(bare) }
    }
    switch scheme.layout {
    case .whole: offer(value)
    case .pairs(let separator, let key):
      Candidates.forEachPair(value, separator, key: key, offer)
    case .list(let separator, let tag):
      Candidates.forEachItem(value, separator) { item in
        if let tagged = Candidates.withoutPrefix(item, tag) { offer(tagged) }
      }
    case .numbered:
      for field in view.fields where isNumbered(view, field) { offer(view.value(of: field)) }
    }
  }
}

extension Scheme.TimestampRule {
  /// `toleranceMs` nil: of any age, but of the right form all the same.
  func isFresh(
    _ text: UnsafeRawBufferPointer, toleranceMs: Int64?, nowMs: Int64
  ) -> Bool {
    guard unit != .any else { return true }
    guard let ms = unit.milliseconds(text) else { return false }
    guard let toleranceMs else { return true }
    let ageMs = nowMs - ms
    return ageMs <= toleranceMs && (!isTwoSided || ageMs >= -toleranceMs)
  }
}
