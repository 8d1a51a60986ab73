// The fake CRM's records, and the events that a change of them yields.

/// Records by type and id. Pure: the time comes from the caller.
struct ObjectTable: Sendable {
  /// With it, times are whole seconds and need not move between two changes of a record.
  var hasEqualTimestamps = false
  private var records: [Key: SandboxRecord] = [:]
  private var nextId: Int64 = 1001
  private var nextEventId: Int64 = 1
  private let portalId: Int64

  /// Earlier states kept of a record, for reads of the past.
  private static let pastMax = 64

  private struct Key: Hashable {
    let type: String
    let id: String
  }

  init(portalId: Int64) { self.portalId = portalId }

  /// In the order of type and number.
  var all: [SandboxRecord] {
    records.values.sorted {
      ($0.type, $0.id.count, $0.id) < ($1.type, $1.id.count, $1.id)
    }
  }

  /// Deleted ones included.
  func record(_ type: String, _ id: String) -> SandboxRecord? { records[Key(type: type, id: id)] }

  mutating func newId() -> String {
    defer { nextId += 1 }
    return String(nextId)
  }

  /// Creates the record or merges into it; an empty value clears a property. Yields a creation or
  /// one change event for each property that has another value now.
  mutating func put(
    _ type: String, _ id: String, _ values: [String: String], nowMs: Int64
  ) -> [WebhookEvent] {
    let key = Key(type: type, id: id)
    if let number = Int64(id), number >= nextId { nextId = number + 1 }
    guard var record = records[key], !record.isDeleted else {
      let time = stamp(after: records[key]?.updatedAtMs, nowMs)
      records[key] = SandboxRecord(
        type: type, id: id, properties: values.filter { !$0.value.isEmpty }, createdAtMs: time,
        updatedAtMs: time, bornAtMs: nowMs)
      return [event("\(type).creation", id, time, nil)]
    }
    let changed = values.filter { record.properties[$0.key, default: ""] != $0.value }
    guard !changed.isEmpty else { return [] }
    remember(&record, nowMs)
    for (name, value) in changed { record.properties[name] = value.isEmpty ? nil : value }
    records[key] = record
    return changed.sorted { $0.key < $1.key }.map { name, value in
      event("\(type).propertyChange", id, record.updatedAtMs, (name, value))
    }
  }

  /// Nil when there is no such record.
  mutating func delete(_ type: String, _ id: String, nowMs: Int64) -> [WebhookEvent]? {
    let key = Key(type: type, id: id)
    guard var record = records[key], !record.isDeleted else { return nil }
    remember(&record, nowMs)
    record.isDeleted = true
    records[key] = record
    return [event("\(type).deletion", id, record.updatedAtMs, nil)]
  }

  private func remember(_ record: inout SandboxRecord, _ nowMs: Int64) {
    record.past.append(
      SandboxRecord.Past(
        properties: record.properties, updatedAtMs: record.updatedAtMs,
        untilMs: nowMs))
    if record.past.count > Self.pastMax { record.past.removeFirst() }
    record.updatedAtMs = stamp(after: record.updatedAtMs, nowMs)
  }

  private func stamp(after last: Int64?, _ nowMs: Int64) -> Int64 {
    if hasEqualTimestamps { return max(nowMs / 1000 * 1000, last ?? 0) }
    return max(nowMs, (last ?? 0) + 1)
  }

  private mutating func event(
    _ type: String, _ id: String, _ timeMs: Int64, _ property: (name: String, value: String)?
  ) -> WebhookEvent {
    defer { nextEventId += 1 }
    return WebhookEvent(
      eventId: nextEventId, portalId: portalId, subscriptionType: type,
      objectId: Int64(id) ?? 0, occurredAt: timeMs, propertyName: property?.name,
      propertyValue: property?.value)
  }
}
