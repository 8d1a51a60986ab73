// Values by the bytes of their names: what stands in a path need not become text to be looked up.

/// Made once; open addressing.
struct NameIndex<Value> {
  private let entries: [(name: [UInt8], value: Value)]
  /// Places in `entries`, at a hash of the name or behind it; at least half are -1.
  private var slots: [Int]

  init(_ values: [String: Value]) {
    entries = values.map { (Array($0.utf8), $1) }
    var size = 4
    while size < values.count * 2 { size *= 2 }
    slots = Array(repeating: -1, count: size)
    for (place, entry) in entries.enumerated() {
      var slot = entry.name.withUnsafeBytes { Self.hash($0) } & (size - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
      slots[slot] = place
    }
  }

  func find(_ name: UnsafeRawBufferPointer) -> Value? {
    var slot = Self.hash(name) & (slots.count - 1)
    while slots[slot] >= 0 {
      if isName(name, slots[slot]) { return entries[slots[slot]].value }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  private func isName(_ name: UnsafeRawBufferPointer, _ place: Int) -> Bool {
    guard entries[place].name.count == name.count else { return false }
    for index in 0..<name.count where entries[place].name[index] != name[index] { return false }
    return true
  }

  /// FNV-1a. Names are the operator's own: a sender can choose what is looked for, not what is met.
  private static func hash(_ name: UnsafeRawBufferPointer) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return Int(truncatingIfNeeded: hash ^ hash >> 32)
  }
}
