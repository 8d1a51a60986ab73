// A signature scheme as data. A new provider that signs is a row of Scheme+Table.swift or a few
// lines of YAML, never code.

/// How a provider signs its requests.
package struct Scheme: Sendable, Equatable {
  /// Stable; it stands in `ce_verifiedby`.
  package var name: String
  /// The header that carries the signature; for `numbered`, what the header names begin with.
  package var header: String
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

    var hash: Hash {
      switch self {
      case .hmac(let hash), .plain(let hash): hash
      }
    }
  }

  package enum Encoding: String, Sendable, Equatable, CaseIterable {
    case hex, base64
  }

  /// How a configured secret becomes the key.
  package enum KeyDecoding: Sendable, Equatable {
    case text
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
    }

    package enum Unit: String, Sendable, Equatable, CaseIterable {
      case seconds = "s"
      case milliseconds = "ms"

      var milliseconds: Int64 { self == .seconds ? 1000 : 1 }
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

  /// To verify a request again its whole target is needed.
  package var signsURL: Bool { signed.namesURL }

  package init(
    name: String, header: String, layout: Layout = .whole, prefix: String = "",
    algorithm: Algorithm = .hmac(.sha256), encoding: Encoding, key: KeyDecoding = .text,
    signed: SignedTemplate, timestamp: TimestampRule? = nil, idHeader: String? = nil,
    idForbids: String = "", requiredHeaders: [String] = [], refusesEmptyBody: Bool = false,
    urlUnescapes: String = ""
  ) {
    self.name = name
    self.header = header
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
  }
}
