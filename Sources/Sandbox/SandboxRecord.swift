// One record of the fake CRM.

internal import Model

/// A CRM object as it stands, with the state before its last change. Times are in milliseconds
/// since the Unix epoch.
package struct SandboxRecord: Sendable, Equatable {
  /// Singular, e.g. `contact`.
  package let type: String
  /// Digits.
  package let id: String
  package internal(set) var properties: [String: String]
  package let createdAtMs: Int64
  package internal(set) var updatedAtMs: Int64
  /// A deleted record answers 404; its last state stays for comparison.
  package internal(set) var isDeleted = false

  /// When it came into being by the wall clock: the times above can run ahead of it.
  let bornAtMs: Int64
  /// Earlier states, the newest last.
  var past: [Past] = []

  struct Past: Sendable, Equatable {
    let properties: [String: String]
    let updatedAtMs: Int64
    /// When the next change came in by the wall clock.
    let untilMs: Int64
  }

  /// The record as it was before its last change; nil when there was none.
  var stale: SandboxRecord? { past.last.map(showing) }

  /// The record as it was then; nil before it came into being.
  func state(atMs: Int64) -> SandboxRecord? {
    guard atMs >= bornAtMs else { return nil }
    // The states are few, and mostly the newest is the one.
    guard let last = past.last, atMs < last.untilMs else { return self }
    return past.first { atMs < $0.untilMs }.map(showing)
  }

  private func showing(_ past: Past) -> SandboxRecord {
    var record = self
    record.properties = past.properties
    record.updatedAtMs = past.updatedAtMs
    record.isDeleted = false
    return record
  }

  /// The provider's names of an object type, singular and plural or by number, as one singular.
  package static func canonicalType(_ name: String) -> String {
    switch name {
    case "0-1", "contacts": "contact"
    case "0-2", "companies": "company"
    case "0-3", "deals": "deal"
    case "0-5", "tickets": "ticket"
    default: name.count > 1 && name.hasSuffix("s") ? String(name.dropLast()) : name
    }
  }

  /// The property that holds the modified time; HubSpot has another one for contacts.
  var modifiedProperty: String {
    type == "contact" ? "lastmodifieddate" : "hs_lastmodifieddate"
  }

  /// Asked for when a request names no properties.
  var defaultProperties: [String] {
    type == "contact" ? ["email", "firstname", "lastname"] : ["name"]
  }

  /// As the API answers it. Asked-for properties that the record does not have are null.
  func object(properties asked: [String]) -> CRMObject {
    let created = Timestamp(ms: createdAtMs).text
    let updated = Timestamp(ms: updatedAtMs).text
    var shown: [String: String?] = [
      "hs_object_id": id, "createdate": created, modifiedProperty: updated,
    ]
    for name in asked.isEmpty ? defaultProperties : asked where shown[name] == nil {
      shown[name] = .some(properties[name])
    }
    return CRMObject(
      id: id, properties: shown, createdAt: created, updatedAt: updated, archived: isDeleted)
  }
}
