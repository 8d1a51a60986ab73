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
    self.init(
      name: settings.name, schemes: schemes,
      splitting: settings.event.split == "elements" ? .elements : .whole,
      identity: try EventIdentity(settings.event), deadlineMs: settings.deadlineMs,
      successStatus: settings.successStatus, eventsMax: settings.eventsMax)
  }
}

extension EventIdentity {
  init(_ settings: ProviderEventSettings) throws(SchemeError) {
    func places(_ texts: [String]) throws(SchemeError) -> [Locator] {
      var places: [Locator] = []
      for text in texts { places.append(try Locator(text)) }
      return places
    }
    func place(_ text: String?) throws(SchemeError) -> Locator? {
      guard let text else { return nil }
      return try Locator(text)
    }
    self.init(
      id: try places(settings.id), optionalId: try places(settings.optionalId),
      type: try place(settings.type), recordId: try place(settings.recordId),
      tenant: try place(settings.tenant), time: try place(settings.time))
    if settings.object == "type" {
      object = .firstPartOfType(
        generic: settings.objectGeneric, named: try place(settings.objectNamed),
        aliases: settings.objectAliases)
    } else {
      object = try place(settings.object).map { .value($0) }
    }
  }
}
