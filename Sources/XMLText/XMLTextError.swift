// Why a text could not be read as XML.

/// A failure to read XML; the text itself is never part of it.
package enum XMLTextError: String, Error, Sendable, CaseIterable, CustomStringConvertible {
  case malformed
  /// A document type: entities could grow without end, and no webhook needs one.
  case doctype
  case tooLarge = "too_large"
  case tooDeep = "too_deep"
  case noMemory = "no_memory"

  package var description: String {
    switch self {
    case .malformed: "not XML"
    case .doctype: "XML with a document type"
    case .tooLarge: "XML with too many elements"
    case .tooDeep: "XML nested too deeply"
    case .noMemory: "out of memory while reading XML"
    }
  }
}
