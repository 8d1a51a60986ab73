// From a definition's words to an identity.

import Settings
import Signatures

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
      type: try place(settings.type), object: try place(settings.object),
      recordId: try place(settings.recordId), tenant: try place(settings.tenant),
      time: try place(settings.time), recordVersion: try place(settings.recordVersion),
      aliases: settings.aliases, formJSON: settings.formJSON)
  }
}
