// A record key as 64 bits: what lanes are told apart by.

/// Eight bytes at a time, each folded in by a full multiplication. The same on every machine, since
/// it never leaves the process; not made to withstand keys chosen to collide, which would only make
/// records wait for each other.
enum KeyHash {
  private static let prime: UInt64 = 0x9E37_79B9_7F4A_7C15

  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash = UInt64(bytes.count) &* prime
    var at = 0
    while at + 8 <= bytes.count {
      hash = mixed(hash ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      at += 8
    }
    var rest: UInt64 = 0
    while at < bytes.count {
      rest = rest << 8 | UInt64(bytes[at])
      at += 1
    }
    return mixed(hash ^ rest ^ prime)
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    let (high, low) = value.multipliedFullWidth(by: prime)
    return high ^ low
  }
}
