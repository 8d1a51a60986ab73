// A way of proving where a request comes from, as data. A new provider is a few lines of YAML,
// never code.

import Model

/// How a provider proves that a request is its own: a signature, or a secret that it repeats.
package struct Scheme: Sendable, Equatable {
  /// Stable; it stands in `ce_verifiedby`.
  package var name: String
  /// The header that carries the signature; for `numbered`, what the header names begin with.
  /// Empty where `at` says another place.
  package var header: String
  /// Where signature or secret lies, unless it is a header's value.
  package var at: Place?
  /// Pointer to the JSON array of which every element must prove itself, and at least one be there.
  package var items: String?
  package var layout: Layout
  /// Stands before each signature and is not a part of it, e.g. `sha256=`.
  package var prefix: String
  package var algorithm: Algorithm
  package var encoding: Encoding
  package var key: KeyDecoding
  package var signed: SignedTemplate
  package var timestamp: TimestampRule?
  /// The header that `{id}` stands for.
  package var idHeader: String?
  /// Characters that an id must not have, since the signed string could be read in two ways.
  package var idForbids: String
  /// Headers without which the provider's own library refuses a request.
  package var requiredHeaders: [String]
  package var refusesEmptyBody: Bool
  /// Percent escapes of these characters are undone in `{url}` before it is signed.
  package var urlUnescapes: String
  /// True: the URL is tried without its port and with the standard one too.
  package var hasLoosePort: Bool
  /// Where the SHA-256 of the body stands, in hex; it must be right.
  package var bodyHash: Place?
  /// Words at a place that choose the hash; any other word is refused.
  package var hashChoice: HashChoice?
  /// The scheme is for requests that meet all of `when` and none of `unless`.
  package var when: [Condition]
  package var unless: [Condition]
  /// The value there must be one of those that the source allows.
  package var allowedBy: Place?

  /// How signatures lie in the header.
  package enum Layout: Sendable, Equatable {
    /// The value is one signature.
    case whole
    /// `t=1,v1=aa,v1=bb`: the signatures are the values of `key`.
    case pairs(separator: Character, key: String)
    /// `v1,aa v1,bb v2,cc`: the ones that begin with `tag`.
    case list(separator: Character, tag: String)
    /// One signature a header, named `header` + 1, 2, 3…
    case numbered
  }

  package enum Hash: String, Sendable, Equatable, CaseIterable {
    case sha1, sha256, sha512
  }

  package enum Algorithm: Sendable, Equatable {
    case hmac(Hash)
    /// A hash without a key: the template must name `{secret}`.
    case plain(Hash)
    /// The secret is a public key of 32 bytes.
    case ed25519
    /// The secret is a public key (SubjectPublicKeyInfo); the signature is DER.
    case ecdsa(Hash)
    /// RSA or ECDSA with the key of a certificate that the request names by its URL.
    case certificate(Hash, CertificateRule)
    /// Nothing is signed: the secret itself is repeated at `at`.
    case secret(SecretForm)
    /// Anybody may send.
    case open

    /// True where `{secret}` or a key must be configured for the scheme to mean anything.
    func needsSecret(_ signed: SignedTemplate) -> Bool {
      switch self {
      case .open: false
      case .certificate: signed.parts.contains(.secret)
      case .hmac, .plain, .ed25519, .ecdsa, .secret: true
      }
    }
  }

  /// How a repeated secret is compared.
  package enum SecretForm: String, Sendable, Equatable, CaseIterable {
    case exact
    /// 15 characters, or 18 of which the last three only check the others.
    case salesforceID = "salesforce_id"
  }

  package struct HashChoice: Sendable, Equatable {
    package var by: Place
    package var hashes: [String: Hash]

    package init(by: Place, hashes: [String: Hash]) {
      self.by = by
      self.hashes = hashes
    }
  }

  package enum Encoding: String, Sendable, Equatable, CaseIterable {
    case hex, base64
  }

  /// How a configured secret becomes the key.
  package enum KeyDecoding: Sendable, Equatable {
    case text
    /// Text in which HTML's escapes of `& < > " '` are undone first.
    case html
    case hex
    /// Padding is optional; the prefix, where there is one, is taken off first.
    case base64(strippedPrefix: String)
  }

  package struct TimestampRule: Sendable, Equatable {
    package var source: Source
    package var unit: Unit
    /// Nil: signed, but of any age.
    package var toleranceMs: Int64?
    /// True: a timestamp from the future is held against the tolerance too.
    package var isTwoSided: Bool

    package enum Source: Sendable, Equatable {
      case header(String)
      /// A pair of the signature header.
      case pair(String)
      case place(Place)
    }

    package enum Unit: String, Sendable, Equatable, CaseIterable {
      case seconds = "s"
      case milliseconds = "ms"
      /// RFC 3339.
      case datetime
      /// Signed, but of no form that is known.
      case any

      /// What a signer writes.
      func text(_ ms: Int64) -> String {
        switch self {
        case .seconds: String(ms / 1000)
        case .milliseconds: String(ms)
        case .datetime, .any: Timestamp(ms: ms).text
        }
      }

      /// Nil for text of another form.
      func milliseconds(_ text: UnsafeRawBufferPointer) -> Int64? {
        switch self {
        case .seconds: ASCII.number(text).map { $0 * 1000 }
        case .milliseconds: ASCII.number(text)
        case .datetime: Timestamp(rfc3339: String(decoding: text, as: UTF8.self))?.ms
        case .any: nil
        }
      }
    }

    package init(
      _ source: Source, unit: Unit, toleranceMs: Int64? = 300_000, isTwoSided: Bool
    ) {
      self.source = source
      self.unit = unit
      self.toleranceMs = toleranceMs
      self.isTwoSided = isTwoSided
    }
  }

  /// True when a request holds the secret itself.
  package var repeatsSecret: Bool {
    if case .secret = algorithm { return true }
    return false
  }

  /// To verify a request again its whole target is needed.
  package var signsURL: Bool { signed.namesURL }

  package init(
    name: String, header: String = "", at: Place? = nil, items: String? = nil,
    layout: Layout = .whole, prefix: String = "",
    algorithm: Algorithm = .hmac(.sha256), encoding: Encoding = .hex, key: KeyDecoding = .text,
    signed: SignedTemplate = [.body], timestamp: TimestampRule? = nil, idHeader: String? = nil,
    idForbids: String = "", requiredHeaders: [String] = [], refusesEmptyBody: Bool = false,
    urlUnescapes: String = "", hasLoosePort: Bool = false, bodyHash: Place? = nil,
    hashChoice: HashChoice? = nil, when: [Condition] = [], unless: [Condition] = [],
    allowedBy: Place? = nil
  ) {
    self.name = name
    self.header = header
    self.at = at
    self.items = items
    self.layout = layout
    self.prefix = prefix
    self.algorithm = algorithm
    self.encoding = encoding
    self.key = key
    self.signed = signed
    self.timestamp = timestamp
    self.idHeader = idHeader
    self.idForbids = idForbids
    self.requiredHeaders = requiredHeaders
    self.refusesEmptyBody = refusesEmptyBody
    self.urlUnescapes = urlUnescapes
    self.hasLoosePort = hasLoosePort
    self.bodyHash = bodyHash
    self.hashChoice = hashChoice
    self.when = when
    self.unless = unless
    self.allowedBy = allowedBy
  }

  /// True when headers alone carry a keyed hash as proof, so that a signer needs to add nothing
  /// but headers.
  package var isSignedByHeaders: Bool {
    switch algorithm {
    case .hmac, .plain: break
    case .ed25519, .ecdsa, .certificate, .secret, .open: return false
    }
    if case .place? = timestamp?.source { return false }
    return at == nil && items == nil && bodyHash == nil && !signed.parts.contains(.form)
  }

  /// True when a keyed hash over a simple string in a header is all there is to it: what nearly
  /// every request of the world needs, and what is kept free of any other work.
  var isPlain: Bool {
    switch algorithm {
    case .hmac, .plain: break
    case .ed25519, .ecdsa, .certificate, .secret, .open: return false
    }
    if case .place? = timestamp?.source { return false }
    return at == nil && items == nil && !hasLoosePort && bodyHash == nil && hashChoice == nil
      && when.isEmpty && unless.isEmpty && allowedBy == nil && signed.isPlain
  }
}
