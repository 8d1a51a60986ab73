// PostgreSQL's errors as the store's: SQLSTATE decides, never the words.

internal import CPostgres

extension StoreError {
  /// Of a statement.
  init(result: OpaquePointer) {
    func field(_ code: Int32) -> String {
      PQresultErrorField(result, code).map { String(cString: $0) } ?? ""
    }
    let state = field(cpostgres_diagnostic_state())
    guard !state.isEmpty else {
      self.init(.unreachable, "the connection to the database was lost")
      return
    }
    let isOurs = Self.ownKeys.contains(field(cpostgres_diagnostic_constraint()))
    // What a trigger says is somebody else's text: not for ever, and not without end.
    let words = field(cpostgres_diagnostic_message()).prefix(200)
    self.init(
      Self.code(state: state, isOurs: isOurs), "the database answered: \(words) (\(state))")
  }

  /// Of an established connection.
  init(lost connection: OpaquePointer) {
    self.init(.unreachable, "the connection to the database was lost")
  }

  /// Of a connection that did not come about. libpq's words name host and user, not the password.
  init(refused connection: OpaquePointer) {
    let lines = String(cString: PQerrorMessage(connection)).split(separator: "\n")
    // Of several hosts the last one's answer; the rest is where in the server's source it is.
    let words = lines.last { !$0.hasPrefix("LOCATION:") } ?? "no reason given"
    let state = Self.state(inRefusal: words)
    let code: Code =
      switch state.map({ Self.code(state: $0, isOurs: false) }) {
      // The server is there and says no; anything else may be over in a moment.
      case .denied: .denied
      case .unknownDatabase: .unknownDatabase
      default: words.contains("no password supplied") ? .denied : .unreachable
      }
    self.init(code, "the database cannot be connected to: \(words.prefix(400))")
  }

  /// There is no field for it before the log-in is through, but the verbose text has it, between
  /// the severity and the words: `FATAL:  28P01: password ...`.
  static func state(inRefusal words: Substring) -> String? {
    for part in words.split(separator: ":") {
      let word = part.drop { $0 == " " }
      let isState = word.utf8.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
      }
      if part.hasPrefix("  "), word.utf8.count == 5, isState { return String(word) }
    }
    return nil
  }

  /// Rows that a concurrent writer of ours may have put there a moment ago.
  private static let ownKeys = ["records_pkey", "claims_pkey"]

  static func code(state: String, isOurs: Bool) -> Code {
    switch state {
    case "57014", "55P03", "53300", "53400": .busy
    case "53100": .diskFull
    case "25006": .readOnly
    case "3D000": .unknownDatabase
    case "42501": .denied
    case "23505": isOurs ? .conflict : .rejected
    case "22021", "22P05": .invalidText
    case "57P01", "57P02", "57P03", "25P03", "57P05": .unreachable
    case "P0001", "44000", "27000": .rejected
    default: code(class: String(state.prefix(2)))
    }
  }

  private static func code(class name: String) -> Code {
    switch name {
    case "08": .unreachable
    case "22", "23": .rejected
    case "28": .denied
    case "40": .conflict
    case "42", "XX": .corrupt
    case "53", "58": .io
    case "54": .tooLarge
    default: .bug
    }
  }
}
