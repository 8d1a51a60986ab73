// What a setting is, apart from where its value goes: the reader checks with it, the reference
// describes with it.

/// The unit of a number; where it is not `.none` or `.count` the setting's name ends in it.
enum SettingUnit: String, Sendable {
  case none = ""
  case count
  case milliseconds = "ms"
  case seconds = "s"
  case bytes
}

/// What a text must look like.
enum TextRule: Sendable {
  case any
  /// `host:port,host:port`
  case brokers
  /// A Kafka topic's name.
  case topic
  /// http or https with a host.
  case url
  /// `header:NAME`, `json:/pointer`, `text:VALUE` and the like.
  case locator
  /// `/events/*`
  case splitPath
  /// `/ids`
  case pointer
  /// A header that may become a record header.
  case carriedHeader
  /// Text with known `{…}` parts.
  case signedTemplate
  /// A header's name.
  case header
  /// Addresses in CIDR notation.
  case network
  /// `header:NAME`, `json:/pointer` and the other places of a request.
  case place
  /// A place, `PLACE=VALUE` or `PLACE~=PART`.
  case condition
  /// An HTTP method.
  case method
}

enum SettingType: Sendable {
  case integer(ClosedRange<Int>, SettingUnit)
  case text(TextRule)
  case texts(TextRule)
  case choice([String])
  case secret
  case secrets
  /// Names and values passed on to a library; a value may be a secret.
  case properties
  /// Names and values, none of them secret.
  case textMap
}

/// One setting as a person reads about it.
struct SettingDeclaration: Sendable {
  var type: SettingType
  /// As written in YAML; nil when there is none.
  var fallback: String?
  var isRequired: Bool
  /// One sentence or two.
  var doc: String
}

/// A setting or a group of them, without the Swift types it fills.
indirect enum Outline: Sendable {
  case setting(SettingDeclaration)
  case group(doc: String, members: [(name: String, outline: Outline)])
  /// A group that is only there when written.
  case optionalGroup(doc: String, members: [(name: String, outline: Outline)])
  /// Groups with names that the user chooses.
  case named(doc: String, placeholder: String, members: [(name: String, outline: Outline)])
}
