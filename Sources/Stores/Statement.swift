// A prepared statement, used again and again.

internal import CSQLite

/// One prepared statement. Used by the thread that owns its connection.
final class Statement {
  private let handle: OpaquePointer
  private let database: OpaquePointer

  init(_ database: OpaquePointer, _ sql: String) throws(StoreError) {
    var handle: OpaquePointer?
    let code = sqlite3_prepare_v3(
      database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
    guard code == SQLITE_OK, let handle else { throw StoreError(sqlite: database, "prepare") }
    self.handle = handle
    self.database = database
  }

  deinit { sqlite3_finalize(handle) }

  /// Binds from the first parameter on and runs to the end; `row` sees each row.
  func run(
    _ values: [SQLValue], _ row: (Row) -> Void = { _ in }
  ) throws(StoreError) {
    defer {
      sqlite3_reset(handle)
      sqlite3_clear_bindings(handle)
    }
    for (index, value) in values.enumerated() {
      guard value.bind(to: handle, at: Int32(index + 1)) == SQLITE_OK else {
        throw StoreError(sqlite: database, "bind")
      }
    }
    while true {
      switch sqlite3_step(handle) {
      case SQLITE_ROW: row(Row(handle: handle))
      case SQLITE_DONE: return
      default: throw StoreError(sqlite: database, "step")
      }
    }
  }
}

/// A value to bind.
enum SQLValue {
  case integer(Int64)
  case text(String)
  case blob([UInt8])
  case null

  fileprivate func bind(to handle: OpaquePointer, at index: Int32) -> Int32 {
    switch self {
    case .integer(let number): return sqlite3_bind_int64(handle, index, number)
    case .null: return sqlite3_bind_null(handle, index)
    case .text(let text):
      // With a length, so that a NUL in a record's id does not end it.
      var text = text
      return text.withUTF8 { bytes in
        guard let base = bytes.baseAddress, bytes.count <= Int(Int32.max) else {
          return bytes.isEmpty ? csqlite_bind_text(handle, index, "", 0) : SQLITE_TOOBIG
        }
        return base.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
          csqlite_bind_text(handle, index, $0, Int32(bytes.count))
        }
      }
    case .blob(let bytes):
      return bytes.withUnsafeBytes { raw in
        guard let base = raw.baseAddress, !raw.isEmpty else {
          return sqlite3_bind_zeroblob(handle, index, 0)
        }
        guard raw.count <= Int(Int32.max) else { return SQLITE_TOOBIG }
        return csqlite_bind_blob(handle, index, base, Int32(raw.count))
      }
    }
  }
}

/// The current row; valid only inside the closure it is passed to.
struct Row {
  fileprivate let handle: OpaquePointer

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  func text(_ column: Int32) -> String {
    guard let start = sqlite3_column_text(handle, column) else { return "" }
    let count = Int(sqlite3_column_bytes(handle, column))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  /// Nil for NULL.
  func blob(_ column: Int32) -> [UInt8]? {
    guard sqlite3_column_type(handle, column) != SQLITE_NULL else { return nil }
    return withBlob(column) { Array($0) }
  }

  func isEqual(_ column: Int32, _ bytes: [UInt8]) -> Bool {
    guard sqlite3_column_type(handle, column) != SQLITE_NULL else { return false }
    return withBlob(column) { $0.elementsEqual(bytes) }
  }

  private func withBlob<T>(_ column: Int32, _ body: (UnsafeRawBufferPointer) -> T) -> T {
    let start = sqlite3_column_blob(handle, column)
    let count = Int(sqlite3_column_bytes(handle, column))
    return body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
  }
}

extension StoreError {
  /// From the connection's last error.
  init(sqlite database: OpaquePointer?, _ operation: String) {
    let extended = sqlite3_extended_errcode(database)
    let code: Code =
      switch extended & 0xFF {
      case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: .busy
      case SQLITE_FULL: .diskFull
      case SQLITE_IOERR, SQLITE_NOMEM: .io
      case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH: .readOnly
      case SQLITE_CANTOPEN: .cannotOpen
      case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
      case SQLITE_TOOBIG: .tooLarge
      default: .bug
      }
    let words = String(cString: sqlite3_errmsg(database))
    self.init(code, "the database failed to \(operation): \(words) (\(extended))")
  }
}
