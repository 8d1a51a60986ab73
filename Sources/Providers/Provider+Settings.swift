// From a definition's words to a provider; every wrong word is an error that says so.

package import Settings
package import Signatures

extension Provider {
  /// The provider of this name: the user's own before a built-in one.
  package static func named(
    _ name: String, own: [String: ProviderSettings] = [:]
  ) throws(SchemeError) -> Provider {
    if let settings = own[name] { return try Provider(settings) }
    let settings: ProviderSettings?
    do throws(ConfigurationError) {
      settings = try ProviderSettings.builtIn(name)
    } catch {
      throw .badDefinition(provider: name, reason: "\(error)")
    }
    guard let settings else {
      throw .unknownProvider(name, known: ProviderSettings.builtInNames + own.keys.sorted())
    }
    return try Provider(settings)
  }

  package init(_ settings: ProviderSettings) throws(SchemeError) {
    var schemes: [Scheme] = []
    for scheme in settings.schemes { schemes.append(try Scheme(scheme)) }
    for name in settings.event.headers
    where schemes.contains(where: { $0.header.lowercased() == name.lowercased() }) {
      throw .badDefinition(
        provider: settings.name, reason: "event.headers: \(name) proves who sent a request")
    }
    self.init(
      name: settings.name, schemes: schemes,
      splitting: try Splitting(texts: settings.event.split, repeats: settings.event.repeats),
      identity: try EventIdentity(settings.event), carriedHeaders: settings.event.headers,
      redactedNames: settings.event.redact, deadlineMs: settings.deadlineMs,
      successStatus: settings.successStatus, eventsMax: settings.eventsMax)
    optionalSchemes = Set(settings.schemes.filter(\.isOptional).map(\.name))
    for handshake in settings.handshakes { handshakes.append(try Handshake(handshake)) }
    answer = ProviderAnswer(
      body: settings.answer.body, contentType: settings.answer.contentType,
      emptyRefusals: settings.answer.emptyRefusals)
    if !settings.methods.isEmpty { methods = settings.methods }
  }

  /// The built-in provider that has a scheme or a handshake of this name.
  package static func owner(ofScheme name: String) throws(SchemeError) -> Provider? {
    for provider in ProviderSettings.builtInNames {
      let provider = try named(provider)
      if provider.schemes.contains(where: { $0.name == name })
        || provider.handshakes.contains(where: { $0.name == name })
      {
        return provider
      }
    }
    return nil
  }
}

extension Scheme {
  /// The built-in scheme of this name, whosever it is.
  package static func builtIn(_ name: String) throws(SchemeError) -> Scheme {
    guard let scheme = try Provider.owner(ofScheme: name)?.schemes.first(where: { $0.name == name })
    else { throw .unknownScheme(name, known: []) }
    return scheme
  }
}
