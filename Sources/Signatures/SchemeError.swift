// Why a scheme or its secrets cannot be used. All of these stop the boot; none holds a secret.

/// A source that must not be served, with what to do about it.
package enum SchemeError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A provider without a scheme would take anything from anybody.
  case noScheme
  case unknownScheme(String, known: [String])
  case noSecret(scheme: String)
  /// `index` is the secret's place in the list, from 0.
  case emptySecret(scheme: String, index: Int)
  case undecodableSecret(scheme: String, index: Int, expected: String)
  case missingPublicURL(scheme: String)
  case badTemplate(String)
  case templateWithoutBody(String)
  /// A value is said to be at a place that there is not.
  case badPlace(String)
  /// Words of a scheme that do not go together.
  case contradiction(scheme: String, reason: String)
  case unknownWord(setting: String, value: String, known: [String])
  case missingSetting(setting: String, neededBy: String)
  /// An event's identity is told in an unknown way.
  case badLocator(String)
  case unknownProvider(String, known: [String])
  /// A provider's text that cannot be read.
  case badDefinition(provider: String, reason: String)
  case cryptography(String)

  package var description: String {
    switch self {
    case .noScheme:
      "no scheme says how requests are proven: add one; algorithm: none, written out, takes all"
    case .unknownScheme(let name, let known):
      "scheme \"\(name)\" is unknown; known are \(known.joined(separator: ", "))"
    case .noSecret(let scheme):
      "\(scheme) verifies with a secret and none is set: add one under secrets"
    case .emptySecret(let scheme, let index):
      "secret \(index) for \(scheme) is empty: anybody could sign with it; set it or remove it"
    case .undecodableSecret(let scheme, let index, let expected):
      "secret \(index) for \(scheme) is not \(expected): copy it again from the provider"
    case .missingPublicURL(let scheme):
      "\(scheme) signs the URL: set public_url to the URL that is registered with the provider"
    case .badTemplate(let text):
      "signed: \"\(text)\" is not a template: use {method} {url} {path} {query} {timestamp} {id}"
        + " {body} {secret} {header:NAME}, and {{ }} for braces"
    case .templateWithoutBody(let text):
      "signed: \"\(text)\" leaves out {body}, so the body could be exchanged: add it"
    case .badPlace(let text):
      "\"\(text)\" is no place in a request: write header:NAME, query:NAME, form:NAME,"
        + " json:/pointer, xml:NAME, path, basic, bearer, tls_subject, headers or queries"
    case .contradiction(let scheme, let reason): "scheme \(scheme): \(reason)"
    case .unknownWord(let setting, let value, let known):
      "\(setting): \"\(value)\" is unknown; known are \(known.joined(separator: ", "))"
    case .missingSetting(let setting, let neededBy):
      "\(setting) is missing, and \(neededBy) needs it"
    case .badLocator(let text):
      "\"\(text)\" names no place in an event: write header:NAME, json:/pointer or text:VALUE"
    case .unknownProvider(let name, let known):
      "provider \"\(name)\" is unknown; known are \(known.joined(separator: ", "))"
    case .badDefinition(let provider, let reason):
      "provider \(provider) cannot be read: \(reason)"
    case .cryptography(let what):
      "OpenSSL refused \(what): check the libcrypto that is installed"
    }
  }
}
