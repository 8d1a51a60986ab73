// Text as databases compare it.

internal import Model

/// Equal when the bytes are: Swift takes two spellings of one letter for equal, databases do not.
struct ExactText: Hashable {
  var text: String

  init(_ text: String) { self.text = text }

  static func == (left: ExactText, right: ExactText) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

/// A record's key by its bytes.
struct ExactKey: Hashable {
  let tenant: ExactText
  let object: ExactText
  let recordId: ExactText

  init(_ key: RecordKey) {
    tenant = ExactText(key.tenant)
    object = ExactText(key.object)
    recordId = ExactText(key.recordId)
  }
}

extension Outcome {
  /// What the inbox says became of an event.
  var storedName: String {
    switch self {
    case .written: "written"
    case .superseded: "superseded"
    case .gone: "gone"
    case .duplicate: "duplicate"
    case .skipped: "skipped"
    case .failed: "failed"
    }
  }
}
