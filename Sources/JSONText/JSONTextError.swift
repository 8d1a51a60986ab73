// Why a text could not be read as JSON.

/// A failure to read JSON; the text itself is never part of it.
package enum JSONTextError: String, Error, Sendable, CaseIterable, CustomStringConvertible {
  case malformed
  case noSuchField = "no_such_field"
  case noMemory = "no_memory"
  case tooLarge = "too_large"
  case tooDeep = "too_deep"
  case badPointer = "bad_pointer"

  package var description: String {
    switch self {
    case .malformed: "not JSON"
    case .noSuchField: "no value at the JSON pointer"
    case .noMemory: "out of memory while reading JSON"
    case .tooLarge: "JSON text of 4 GiB or more"
    case .tooDeep: "JSON nested too deeply"
    case .badPointer: "not a JSON pointer"
    }
  }
}
