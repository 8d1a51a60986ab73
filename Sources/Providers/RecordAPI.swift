// A provider's API as the consumer needs it: where a record is fetched, and which field tells its
// version.

import JSONText
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
    let query =
      properties.isEmpty
      ? "" : "?properties=" + properties.map(Self.escaped).joined(separator: ",")
    return root + segment(object) + "/" + Self.escaped(recordId) + query
  }

  /// Path of `POST` for up to `batchIdsMax` records.
  package func batchPath(object: String) -> String { root + segment(object) + "/batch/read" }

  /// True when a 404 or 410 with this body means that the record is not there. Any thread.
  package func isGone(_ answer: [UInt8]) -> Bool {
    answer.withUnsafeBytes { bytes in
      (try? JSONScanner())?.text(at: "/category", in: bytes) == goneCategory
    }
  }

  /// Milliseconds since the Unix epoch; nil when the answer has no readable version. Any thread.
  package func version(of answer: [UInt8]) -> Int64? {
    answer.withUnsafeBytes { bytes in
      guard let scanner = try? JSONScanner(),
        let text = scanner.text(at: "/" + versionField, in: bytes)
      else { return nil }
      return Timestamp(rfc3339: text)?.ms
    }
  }

  private func segment(_ object: String) -> String { Self.escaped(segments[object] ?? object) }

  /// Everything but RFC 3986's unreserved characters, so that an id cannot change the path.
  private static func escaped(_ part: String) -> String {
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
