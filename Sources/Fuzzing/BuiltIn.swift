// What the project brings along, as the receiver reads it.

import Providers
import Settings
import Signatures

enum BuiltIn {
  /// Every provider that needs no more than a secret and a URL.
  static let providers = ProviderSettings.builtInNames.compactMap { try? Provider.named($0) }

  /// A signature without a time, so that what was signed once stays good.
  static func timeless() throws -> Scheme { try Scheme.builtIn("github-sha256") }
}
