// A statement with its parameters, in PostgreSQL's binary format.

internal import CPostgres

/// Text of a statement, and what `$1`, `$2`... stand for.
struct PostgresCommand {
  let sql: String
  var parameters: [PostgresColumn] = []

  init(_ sql: String, _ parameters: [PostgresColumn] = []) {
    self.sql = sql
    self.parameters = parameters
  }

  /// Hands a copy to libpq; false when the connection is lost.
  func send(on connection: OpaquePointer) -> Bool {
    let types = parameters.map(\.arrayType)
    let lengths = parameters.map { Int32($0.bytes.count) }
    let formats = parameters.map { _ in Int32(1) }
    var pointers: [UnsafePointer<CChar>?] = []
    pointers.reserveCapacity(parameters.count)
    return withPointers(parameters[...], &pointers) { pointers in
      PQsendQueryParams(
        connection, sql, Int32(parameters.count), types, pointers, lengths, formats, 1) == 1
    }
  }

  private func withPointers(
    _ rest: ArraySlice<PostgresColumn>, _ pointers: inout [UnsafePointer<CChar>?],
    _ body: ([UnsafePointer<CChar>?]) -> Bool
  ) -> Bool {
    guard let column = rest.first else { return body(pointers) }
    return column.bytes.withUnsafeBytes { raw in
      pointers.append(raw.baseAddress?.assumingMemoryBound(to: CChar.self))
      return withPointers(rest.dropFirst(), &pointers, body)
    }
  }
}

/// An array parameter: one value a row, so that a statement takes any number of rows.
struct PostgresColumn {
  enum Kind {
    case text, integer, boolean, blob

    var elementType: Oid {
      switch self {
      case .text: 25
      case .integer: 20
      case .boolean: 16
      case .blob: 17
      }
    }

    var arrayType: Oid {
      switch self {
      case .text: 1009
      case .integer: 1016
      case .boolean: 1000
      case .blob: 1001
      }
    }
  }

  private let kind: Kind
  private var count = 0
  private var encoded: [UInt8]

  var arrayType: Oid { kind.arrayType }

  init(_ kind: Kind) {
    self.kind = kind
    encoded = []
    // Dimensions, has nulls, element type; length and lower bound of the one dimension.
    for number in [1, 1, Int32(bitPattern: kind.elementType), 0, 1] { append(raw: number) }
  }

  init(_ kind: Kind, _ texts: some Sequence<String>) {
    self.init(kind)
    for text in texts { append(text) }
  }

  init(integers: [Int64]) {
    self.init(.integer)
    for number in integers { append(number) }
  }

  /// The whole array.
  var bytes: [UInt8] {
    var bytes = encoded
    let length = UInt32(count).bigEndian
    withUnsafeBytes(of: length) { bytes.replaceSubrange(12..<16, with: $0) }
    return bytes
  }

  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(value: UnsafeRawBufferPointer($0)) }
  }

  mutating func append(_ number: Int64) {
    withUnsafeBytes(of: number.bigEndian) { append(value: $0) }
  }

  mutating func append(_ flag: Bool) {
    withUnsafeBytes(of: flag ? UInt8(1) : 0) { append(value: $0) }
  }

  mutating func append(_ blob: [UInt8]?) {
    guard let blob else { return appendNull() }
    blob.withUnsafeBytes { append(value: $0) }
  }

  mutating func append(_ number: Int64?) {
    guard let number else { return appendNull() }
    append(number)
  }

  private mutating func appendNull() {
    count += 1
    append(raw: -1)
  }

  private mutating func append(value: UnsafeRawBufferPointer) {
    count += 1
    append(raw: Int32(value.count))
    encoded.append(contentsOf: value)
  }

  private mutating func append(raw number: Int32) {
    withUnsafeBytes(of: number.bigEndian) { encoded.append(contentsOf: $0) }
  }
}

/// The rows that a statement returned; valid only inside the closure they are passed to.
struct PostgresRows {
  let result: OpaquePointer

  var count: Int32 { PQntuples(result) }

  /// Rows that the statement changed.
  var affected: Int {
    Int(String(cString: PQcmdTuples(result))) ?? 0
  }

  func isNull(_ row: Int32, _ column: Int32) -> Bool { PQgetisnull(result, row, column) == 1 }

  /// Zero for NULL.
  func integer(_ row: Int32, _ column: Int32) -> Int64 {
    value(row, column).reduce(0) { $0 << 8 | Int64($1) }
  }

  func boolean(_ row: Int32, _ column: Int32) -> Bool { integer(row, column) != 0 }

  func text(_ row: Int32, _ column: Int32) -> String {
    String(decoding: value(row, column), as: UTF8.self)
  }

  /// Nil for NULL.
  func blob(_ row: Int32, _ column: Int32) -> [UInt8]? {
    isNull(row, column) ? nil : Array(value(row, column))
  }

  private func value(_ row: Int32, _ column: Int32) -> UnsafeRawBufferPointer {
    let start = PQgetvalue(result, row, column)
    return UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result, row, column)))
  }
}
