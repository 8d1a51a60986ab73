// Ways of proving where a request comes from, and handshakes, as they are written.

/// One way of proving where a request comes from.
package struct SchemeSettings: Sendable, Equatable {
  /// Stands in `ce_verifiedby`.
  package var name: String
  /// `hmac`, `digest`, `ed25519`, `ecdsa`, `certificate`, `secret` or `none`
  package var algorithm: String
  /// Empty where `at` says another place.
  package var header: String
  package var at: String?
  /// Pointer to an array of which every element must prove itself.
  package var items: String?
  /// `whole`, `pairs`, `list` or `numbered`
  package var layout: String
  /// Between pairs or the items of a list.
  package var separator: String
  /// The key of a pair, or what an item of a list begins with.
  package var tag: String
  package var prefix: String
  package var hash: String
  package var hashBy: String?
  package var hashes: [String: String]
  package var encoding: String
  /// `text`, `html`, `hex` or `base64`
  package var key: String
  /// Taken off a secret before it is decoded.
  package var keyPrefix: String
  /// `exact` or `salesforce_id`
  package var compare: String
  package var signed: String
  /// `header:NAME`, `pair:KEY` or another place
  package var timestamp: String?
  package var timestampUnit: String
  package var toleranceS: Int?
  package var toleranceSides: String
  package var idHeader: String?
  package var idForbids: String
  package var requiredHeaders: [String]
  package var refusesEmptyBody: Bool
  package var urlUnescapes: String
  package var urlPortLoose: Bool
  package var bodyHash: String?
  package var when: [String]
  package var unless: [String]
  package var allowedBy: String?
  package var certificateURL: String?
  package var certificateHosts: [String]
  package var certificatePath: String
  package var certificateNames: [String]
  /// In use only where a source names it under `schemes`.
  package var isOptional: Bool
}

/// A request that is answered and is no event.
package struct HandshakeSettings: Sendable, Equatable {
  package var name: String
  package var method: String
  package var when: [String]
  package var unless: [String]
  package var isUnsigned: Bool
  package var secretAt: String?
  package var echo: String?
  package var visit: String?
  package var visitHosts: [String]
  package var status: Int
}

/// What a provider wants to read from us.
package struct ProviderAnswerSettings: Sendable, Equatable {
  package var body: String
  package var contentType: String
  package var emptyRefusals: Bool
}

extension SchemeSettings {
  static let blank = SchemeSettings(
    name: "", algorithm: "", header: "", layout: "", separator: "", tag: "", prefix: "", hash: "",
    hashes: [:], encoding: "", key: "", keyPrefix: "", compare: "", signed: "", timestampUnit: "",
    toleranceSides: "", idForbids: "", requiredHeaders: [], refusesEmptyBody: false,
    urlUnescapes: "", urlPortLoose: false, when: [], unless: [], certificateHosts: [],
    certificatePath: "", certificateNames: [], isOptional: false)

  static func named(_ name: String) -> SchemeSettings {
    var scheme = blank
    scheme.name = name
    return scheme
  }
}

extension HandshakeSettings {
  static let blank = HandshakeSettings(
    name: "", method: "", when: [], unless: [], isUnsigned: false, visitHosts: [], status: 0)
}
