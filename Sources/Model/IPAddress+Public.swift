// Which addresses are out in the internet: what comes out of a payload may lead there and nowhere
// else.

extension IPAddress {
  /// False for addresses of this machine, of private, link-local and shared networks (so also for
  /// the metadata services of clouds), for multicast, for everything that is reserved, and for
  /// IPv6 addresses that lead to one of those.
  package var isPublic: Bool {
    if isV4 { return Self.isPublic(v4: UInt32(truncatingIfNeeded: low)) }
    // NAT64 (64:ff9b::/96): the IPv4 address behind it decides.
    if high == 0x0064_FF9B_0000_0000, low >> 32 == 0 {
      return Self.isPublic(v4: UInt32(truncatingIfNeeded: low))
    }
    // Only 2000::/3 is given out. Of it, 2001::/23 (Teredo and other special uses), 2002::/16
    // (6to4, which has an IPv4 address inside) and documentation are not for hosts.
    guard high >> 61 == 0b001 else { return false }
    return high >> 41 != 0x2001_0000 >> 9 && high >> 48 != 0x2002 && high >> 32 != 0x2001_0DB8
      && high >> 44 != 0x3FFF0
  }

  /// Networks that are no place for a server in the internet: RFC 6890 and its successors.
  private static let special: [(base: UInt32, bits: UInt32)] = [
    (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16),
    (0xAC10_0000, 12), (0xC000_0000, 24), (0xC000_0200, 24), (0xC058_6300, 24),
    (0xC0A8_0000, 16), (0xC612_0000, 15), (0xC633_6400, 24), (0xCB00_7100, 24),
    // Multicast, and what is reserved behind it.
    (0xE000_0000, 3),
  ]

  private static func isPublic(v4 address: UInt32) -> Bool {
    !special.contains { address >> (32 - $0.bits) == $0.base >> (32 - $0.bits) }
  }
}
