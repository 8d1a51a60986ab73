// Ranges of internet addresses, as CIDR writes them.

/// A network: `10.0.0.0/8`, `2001:db8::/32`, or one address.
package struct IPNetwork: Sendable, Hashable, CustomStringConvertible {
  package let base: IPAddress
  /// Of the 128 bits of `base`; an IPv4 network has 96 more than its text says.
  let prefixBits: Int

  /// Why a text is no network, in words that follow the text.
  package enum Flaw: Error, Sendable, Equatable {
    case notAnAddress
    case badLength
    /// `10.0.0.1/8`: either the address or the length is a slip.
    case hostBits(IPNetwork)
  }

  package init(_ text: String) throws(Flaw) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let base = parts.first.flatMap({ IPAddress($0.utf8) }) else { throw .notAnAddress }
    var bits = 128
    if parts.count == 2 {
      // `+8` and the like are numbers to Int, and slips here.
      let isPlain = parts[1].utf8.allSatisfy { (0x30...0x39).contains($0) }
      guard isPlain, let length = Int(parts[1]), (0...(base.isV4 ? 32 : 128)).contains(length)
      else { throw .badLength }
      bits = base.isV4 ? 96 + length : length
    }
    self.init(base, bits)
    guard self.base == base else { throw .hostBits(self) }
  }

  private init(_ address: IPAddress, _ bits: Int) {
    let (high, low) = Self.masks(bits)
    base = IPAddress(high: address.high & high, low: address.low & low)
    prefixBits = bits
  }

  package func contains(_ address: IPAddress) -> Bool {
    let (high, low) = Self.masks(prefixBits)
    return address.high & high == base.high && address.low & low == base.low
  }

  package var description: String {
    "\(base)/\(base.isV4 && prefixBits >= 96 ? prefixBits - 96 : prefixBits)"
  }

  /// Shifts by 64 and more yield 0.
  private static func masks(_ bits: Int) -> (UInt64, UInt64) {
    (~(UInt64.max >> min(bits, 64)), ~(UInt64.max >> max(0, bits - 64)))
  }
}
