// CRC-32C (Castagnoli), which tells a damaged or foreign text from one of ours.

/// The checksum of RFC 3720, byte by byte over a table: for texts of a few kilobytes.
struct CRC32C {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { sum, _ in
      sum & 1 == 0 ? sum >> 1 : (sum >> 1) ^ 0x82F6_3B78
    }
  }

  private var sum: UInt32 = ~0

  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { sum = (sum >> 8) ^ Self.table[Int((sum ^ UInt32(byte)) & 0xFF)] }
  }

  var value: UInt32 { ~sum }
}
