// A provider as data: how it signs, what its bodies hold, how patient it is.

package import Signatures

/// Everything that the receiver knows of a provider.
package struct Provider: Sendable, Equatable {
  package var name: String
  /// Tried in this order; a request must satisfy one of them.
  package var schemes: [Scheme]
  /// Names of schemes that are in use only where a source asks for them.
  package var optionalSchemes: Set<String> = []
  package var handshakes: [Handshake] = []
  package var answer = ProviderAnswer()
  /// The HTTP methods that events come with.
  package var methods = ["POST"]
  package var splitting: Splitting
  package var identity: EventIdentity
  /// Request headers that become record headers.
  package var carriedHeaders: [String]
  /// Names of values in bodies that are secrets.
  package var redactedNames: [String]
  /// How long the provider waits for an answer.
  package var deadlineMs: Int
  /// What it takes for success.
  package var successStatus: Int
  /// More events than this in one body are kept together as one that nobody can key.
  package var eventsMax: Int

  package init(
    name: String, schemes: [Scheme], splitting: Splitting, identity: EventIdentity,
    carriedHeaders: [String] = [], redactedNames: [String] = [], deadlineMs: Int,
    successStatus: Int = 200, eventsMax: Int = 1000
  ) {
    self.name = name
    self.schemes = schemes
    self.splitting = splitting
    self.identity = identity
    self.carriedHeaders = carriedHeaders
    self.redactedNames = redactedNames
    self.deadlineMs = deadlineMs
    self.successStatus = successStatus
    self.eventsMax = eventsMax
  }
}

extension Provider {
  /// A provider whose scheme and identity the user spelled out. The places are in the written form
  /// of `Locator`; nil keeps `base`'s.
  package static func generic(
    name: String, schemes: [Scheme], base: Provider? = nil, id: String? = nil,
    type: String? = nil, object: String? = nil, recordId: String? = nil, tenant: String? = nil,
    time: String? = nil
  ) throws(SchemeError) -> Provider {
    var provider =
      base
      ?? Provider(
        name: name, schemes: schemes, splitting: .whole, identity: EventIdentity(id: []),
        deadlineMs: 10_000)
    func locator(_ text: String?) throws(SchemeError) -> Locator? {
      guard let text else { return nil }
      return try Locator(text)
    }
    if let place = try locator(id) {
      provider.identity.id = [place]
      provider.identity.optionalId = []
    }
    provider.identity.object = try locator(object) ?? provider.identity.object
    provider.identity.type = try locator(type) ?? provider.identity.type
    provider.identity.recordId = try locator(recordId) ?? provider.identity.recordId
    provider.identity.tenant = try locator(tenant) ?? provider.identity.tenant
    provider.identity.time = try locator(time) ?? provider.identity.time
    return provider
  }
}

/// What a provider wants to read from us.
package struct ProviderAnswer: Sendable, Equatable {
  /// When all is stored; empty for none.
  package var body: String
  package var contentType: String
  /// True: refusals have no body either.
  package var emptyRefusals: Bool

  package init(body: String = "", contentType: String = "", emptyRefusals: Bool = false) {
    self.body = body
    self.contentType = contentType
    self.emptyRefusals = emptyRefusals
  }
}

extension Provider {
  /// The schemes that a source uses: those it names, or else all that are not optional.
  package func schemes(chosen names: [String]) throws(SchemeError) -> [Scheme] {
    guard !names.isEmpty else { return schemes.filter { !optionalSchemes.contains($0.name) } }
    for name in names where !schemes.contains(where: { $0.name == name }) {
      throw .unknownScheme(name, known: schemes.map(\.name))
    }
    return schemes.filter { names.contains($0.name) }
  }
}
