// A value that must not be shown.

/// Text whose description is `<redacted>`; ask for `reveal()` where it is used, never to show it.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  /// Nil when the program that read the configuration did not ask for this secret.
  private let text: String?
  /// Where it was said to be, `env:NAME` or `file:PATH`; nil for a value given in place.
  package let reference: String?

  package init(_ text: String, reference: String? = nil) {
    self.text = text
    self.reference = reference
  }

  /// A secret outside the `ConfigurationScope` that was asked for: it can be shown (as its
  /// reference) and not used.
  package init(unresolved reference: String) {
    self.text = nil
    self.reference = reference
  }

  package func reveal() -> String {
    guard let text else {
      preconditionFailure("Secret.reveal(): \(description) is outside the scope that was loaded")
    }
    return text
  }

  package static func == (left: Secret, right: Secret) -> Bool { left.text == right.text }

  package var description: String { "<redacted>" }
  package var debugDescription: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
