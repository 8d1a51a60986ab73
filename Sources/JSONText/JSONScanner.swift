// Finds values in a JSON text without building anything: one pass, answers are offsets.

import CSimdJSON

/// Scans JSON texts. To be used by one thread at a time; it keeps a buffer as large as the largest
/// text it has seen.
package final class JSONScanner {
  private let parser: OpaquePointer
  /// On the heap, so that reading a slice costs no check for exclusive access.
  private let rows: UnsafeMutablePointer<csimdjson_rows>
  private var width = 1

  /// `depthMax`: objects and arrays nested deeper are refused as `tooDeep`.
  package init(depthMax: Int = 128) throws(JSONTextError) {
    guard let parser = csimdjson_parser_new(UInt32(clamping: depthMax)) else { throw .noMemory }
    self.parser = parser
    rows = .allocate(capacity: 1)
    rows.initialize(to: csimdjson_rows())
  }

  deinit {
    csimdjson_parser_free(parser)
    rows.deallocate()
  }

  /// Looks at the value at `pointer`: an array gives one row an element, anything else one row.
  /// Each row knows the element and those of `fields` that it has. The rows stand until the next
  /// scan. The inside of values not asked for is checked for balance and UTF-8 only.
  package func scan(
    _ bytes: UnsafeRawBufferPointer, at pointer: String = "", fields: JSONFields? = nil
  ) throws(JSONTextError) {
    let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let count = fields?.names.count ?? 0
    var pointer = pointer
    let code = pointer.withUTF8 { text in
      text.withMemoryRebound(to: CChar.self) { text in
        withUnsafePointer(to: CChar(0)) { empty in
          csimdjson_scan(
            parser, start, bytes.count, text.baseAddress ?? empty, text.count, fields?.entries,
            count, rows)
        }
      }
    }
    width = count + 1
    switch Int(code) {
    case CSIMDJSON_OK: return
    case CSIMDJSON_NO_SUCH_FIELD: throw .noSuchField
    case CSIMDJSON_NO_MEMORY: throw .noMemory
    case CSIMDJSON_TOO_LARGE: throw .tooLarge
    case CSIMDJSON_TOO_DEEP: throw .tooDeep
    case CSIMDJSON_BAD_POINTER: throw .badPointer
    default: throw .malformed
    }
  }

  /// Rows of the last scan; 0 for an empty array.
  package var count: Int { rows.pointee.count }
  /// True when the last scan looked at an array.
  package var isArray: Bool { rows.pointee.is_array != 0 }

  /// The row's element itself.
  package func element(_ row: Int) -> JSONSlice { slice(row, 0) }

  /// A field of the row's element, by its index in `JSONFields.names`; `missing` where the element
  /// has none.
  package func field(_ row: Int, _ index: Int) -> JSONSlice { slice(row, index + 1) }

  /// The row itself, which stands as long.
  package func row(_ row: Int) -> JSONRow {
    precondition(row >= 0 && row < rows.pointee.count, "JSONScanner: no such row")
    guard let spans = rows.pointee.spans else { return JSONRow() }
    return JSONRow(spans: UnsafeBufferPointer(start: spans + row * width, count: width))
  }

  private func slice(_ row: Int, _ column: Int) -> JSONSlice { self.row(row).slice(column) }
}

/// One element of a scan and those of the fields that it has. Good until the scanner's next scan.
package struct JSONRow {
  private let spans: UnsafeBufferPointer<csimdjson_span>

  fileprivate init(spans: UnsafeBufferPointer<csimdjson_span>) { self.spans = spans }

  /// One that has nothing.
  package init() { spans = UnsafeBufferPointer(start: nil, count: 0) }

  /// A field, by its index in `JSONFields.names`; `missing` where the element has none.
  package func field(_ index: Int) -> JSONSlice { slice(index + 1) }

  fileprivate func slice(_ column: Int) -> JSONSlice {
    guard !spans.isEmpty else { return JSONSlice(kind: .missing, range: 0..<0) }
    precondition(column >= 0 && column < spans.count, "JSONRow: no such field")
    let span = spans[column]
    let start = Int(span.offset)
    return JSONSlice(
      kind: JSONSlice.Kind(rawValue: span.kind) ?? .missing, range: start..<start + Int(span.length)
    )
  }
}

extension JSONScanner {
  /// The text of the string or number at `pointer`; nil when there is none, or no JSON at all.
  package func text(at pointer: String, in bytes: UnsafeRawBufferPointer) -> String? {
    guard (try? scan(bytes, at: pointer)) != nil, !isArray, count == 1 else { return nil }
    return element(0).text(in: bytes)
  }
}
