// What the spool's order knows of one key and of one event.

/// An event that is in memory: in Kafka, in a line, or on its way to the disk.
struct SpoolItem {
  let lane: UInt64
  let source: Int
  let bytes: Int
  let arrivedMs: Int64
  var place: Place
  var row = RowState.none
  /// Read from its row, so it never had a sender of its own.
  var isDrain = false

  enum Place { case line, kafka, disk }
  enum RowState { case none, pending, stored }
}

/// The events of one key of one source. Without a key: of one source.
struct SpoolLane {
  struct Row {
    let id: SpoolOrder.Id
    let bytes: Int32
    let source: Int32
  }

  let isOrdered: Bool
  var inKafka = 0
  /// Of those in Kafka.
  var inKafkaWithRow = 0
  var line: [SpoolOrder.Id] = []
  /// Rows asked for and not yet known to be written.
  var pending: [SpoolOrder.Id] = []
  /// Written, not in Kafka, in order. A slice, so that the first is taken without moving the rest.
  var rows: ArraySlice<Row> = []
  var isQueued = false
  var failures = 0
  var notBeforeMs: Int64 = 0

  var isBehind: Bool { !rows.isEmpty || !pending.isEmpty || inKafkaWithRow > 0 }
  var isEmpty: Bool { !isBehind && inKafka == 0 && line.isEmpty }

  /// A row may go to Kafka only when nothing older of the lane is on its way.
  var isDrainable: Bool {
    guard let first = rows.first else { return false }
    return !isOrdered || (inKafka == 0 && pending.allSatisfy { $0 > first.id })
  }

  mutating func isWritten(_ id: SpoolOrder.Id) {
    // They are written in the order asked for.
    if pending.first == id { pending.removeFirst() } else { pending.removeAll { $0 == id } }
  }

  mutating func insert(_ row: Row) {
    var index = rows.endIndex
    while index > rows.startIndex, rows[index - 1].id > row.id { index -= 1 }
    rows.insert(row, at: index)
  }

  /// FNV-1a: the same key has the same lane. Two keys in one lane only wait for each other.
  static func name(_ source: String, _ key: [UInt8]?) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    for byte in source.utf8 { mix(byte) }
    guard let key else { return hash }
    mix(0xFF)
    for byte in key { mix(byte) }
    return hash
  }
}
