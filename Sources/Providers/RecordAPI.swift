// A provider's API as the consumer needs it: where a record is fetched, and which field tells its
// version.

package import JSONText
import Model

/// How full records are fetched. Paths go behind the configured base URL.
package struct RecordAPI: Sendable, Equatable {
  package var name: String
  /// Field of the answer that grows with each change of the record, an RFC 3339 time.
  package var versionField: String
  /// Field of the answer that names the record.
  package var idField: String
  /// Ids that one batch may ask for.
  package var batchIdsMax: Int
  /// Array field of a batch answer with one record an element.
  package var batchResultsField: String
  /// What a 404's `category` says when the record is not there. Any other 404 is a wrong address.
  package var goneCategory: String
  /// Before the object's segment.
  private let root: String
  /// Object to path segment; any other object stands for itself.
  private let segments: [String: String]

  /// Every name that `named` knows.
  package static let names = all.map(\.name)

  package static func named(_ name: String) -> RecordAPI? { all.first { $0.name == name } }

  private static let all = [hubspot]

  package static let hubspot = RecordAPI(
    name: "hubspot", versionField: "updatedAt", idField: "id", batchIdsMax: 100,
    batchResultsField: "results",
    // As quoted in HubSpot/hubspot-api-nodejs#669.
    goneCategory: "OBJECT_NOT_FOUND", root: "/crm/v3/objects/",
    segments: [
      "contact": "contacts", "company": "companies", "deal": "deals", "ticket": "tickets",
      "line_item": "line_items", "product": "products",
    ])

  /// Path and query of `GET` for one record. Without `properties` the provider chooses them.
  package func path(object: String, recordId: String, properties: [String] = []) -> String {
    path(object: object, recordId: recordId, query: query(properties))
  }

  /// The same with a query that was made before.
  package func path(object: String, recordId: String, query: String) -> String {
    var path = root
    path.reserveCapacity(96)
    path += segment(object)
    path += "/"
    path += Self.escaped(recordId)
    path += query
    return path
  }

  /// The query that asks for these properties.
  package func query(_ properties: [String]) -> String {
    properties.isEmpty
      ? "" : "?properties=" + properties.map(Self.escaped).joined(separator: ",")
  }

  /// Path of `POST` for up to `batchIdsMax` records.
  package func batchPath(object: String) -> String { root + segment(object) + "/batch/read" }

  /// True when a 404 or 410 with this body means that the record is not there. Any thread.
  package func isGone(_ answer: [UInt8]) -> Bool {
    answer.withUnsafeBytes { bytes in
      (try? JSONScanner())?.text(at: "/category", in: bytes) == goneCategory
    }
  }

  /// The body of a batch call for these ids.
  package func batchBody(_ ids: [String], properties: [String] = []) -> [UInt8] {
    var body = Array(#"{"inputs":["#.utf8)
    for (index, id) in ids.enumerated() {
      if index > 0 { body.append(UInt8(ascii: ",")) }
      body += Array(#"{"id":"#.utf8) + Self.quoted(id) + [UInt8(ascii: "}")]
    }
    body += Array("]".utf8)
    if !properties.isEmpty {
      body += Array(#","properties":["#.utf8) + properties.map(Self.quoted).joined(separator: [44])
      body += Array("]".utf8)
    }
    return body + [UInt8(ascii: "}")]
  }

  /// What a batch answer tells of one record.
  package struct BatchRecord: Sendable, Equatable {
    package let id: String
    /// Milliseconds since the Unix epoch.
    package let version: Int64
    package let payload: [UInt8]
  }

  /// The records of a batch answer that can be read; nil when it is no batch answer. A record that
  /// is not among them may be missing or not: only asking for it alone tells.
  package func records(ofBatch answer: [UInt8], _ scanner: JSONScanner) -> [BatchRecord]? {
    let fields = JSONFields([idField, versionField])
    return answer.withUnsafeBytes { bytes in
      guard (try? scanner.scan(bytes, at: "/" + batchResultsField, fields: fields)) != nil,
        scanner.isArray
      else { return nil }
      return (0..<scanner.count).compactMap { row in
        guard let id = scanner.field(row, 0).text(in: bytes),
          let text = scanner.field(row, 1).text(in: bytes), let time = Timestamp(rfc3339: text)
        else { return nil }
        let element = scanner.element(row).range
        return BatchRecord(
          id: id, version: time.ms,
          payload: [UInt8](UnsafeRawBufferPointer(rebasing: bytes[element])))
      }
    }
  }

  /// The same as `version(of:)` with the caller's own scanner.
  package func version(of answer: [UInt8], _ scanner: JSONScanner) -> Int64? {
    answer.withUnsafeBytes { bytes in
      scanner.text(at: "/" + versionField, in: bytes).flatMap { Timestamp(rfc3339: $0)?.ms }
    }
  }

  private static func quoted(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "\"")]
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20: bytes += Array("\\u00".utf8) + hex(byte)
      default: bytes.append(byte)
      }
    }
    return bytes + [UInt8(ascii: "\"")]
  }

  private static func hex(_ byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return [digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
  }

  /// Milliseconds since the Unix epoch; nil when the answer has no readable version. Any thread.
  package func version(of answer: [UInt8]) -> Int64? {
    (try? JSONScanner()).flatMap { version(of: answer, $0) }
  }

  private func segment(_ object: String) -> String { Self.escaped(segments[object] ?? object) }

  /// Everything but RFC 3986's unreserved characters, so that an id cannot change the path.
  private static func escaped(_ part: String) -> String {
    // Ids mostly are digits.
    if part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return part }
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in part.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      // A dot is unreserved too, but a part of dots alone would climb the path.
      case UInt8(ascii: ".") where part.utf8.contains { $0 != UInt8(ascii: ".") }:
        bytes.append(byte)
      default:
        bytes.append(contentsOf: [
          UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)],
        ])
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
