// The part of a provider's definition that is about its events.

/// Where events lie in a body and what says which record they are about.
package struct ProviderEventSettings: Sendable, Equatable {
  /// Paths with `*`; none: the body is one event.
  package var split: [String]
  /// Pointers to arrays in an event, which is repeated for each of their values.
  package var repeats: [String]
  /// The field of a form body that is JSON.
  package var formJSON: String?
  package var id: [String]
  package var optionalId: [String]
  package var type: String?
  package var object: String?
  package var recordId: String?
  package var tenant: String?
  package var time: String?
  package var recordVersion: String?
  package var aliases: [String: String]
  /// Headers that go along.
  package var headers: [String]
  /// Names of values that are secrets.
  package var redact: [String]
}

/// A request as the provider sends it, but for its signature. `{n}`, `{id}`, `{uuid}`, `{now}`,
/// `{now_ms}` and `{iso}` in its texts are filled in.
package struct SampleSettings: Sendable, Equatable {
  package var name: String
  package var contentType: String
  package var headers: [String: String]
  package var query: String
  package var body: String

  package init(
    name: String, contentType: String, headers: [String: String], query: String, body: String
  ) {
    self.name = name
    self.contentType = contentType
    self.headers = headers
    self.query = query
    self.body = body
  }
}

extension ProviderEventSettings {
  static let blank = ProviderEventSettings(
    split: [], repeats: [], id: [], optionalId: [], aliases: [:], headers: [], redact: [])
}

extension SampleSettings {
  static let blank = SampleSettings(name: "", contentType: "", headers: [:], query: "", body: "")
}
