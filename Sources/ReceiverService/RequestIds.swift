// Names for requests, short enough to need no memory of their own.

/// Unique with overwhelming likelihood over all receivers and restarts: 48 random bits that stay,
/// and a count. Confined to one event loop.
struct RequestIds {
  private static let digits = Array(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_".utf8)
  private let prefix = UInt64.random(in: 0..<(1 << 48))
  private var count: UInt64 = 0

  init() {}

  /// 15 characters of `[0-9A-Za-z_-]`: as many as a String keeps without allocating.
  mutating func next() -> String {
    count &+= 1
    let (prefix, count) = (prefix, count)
    return String(unsafeUninitializedCapacity: 15) { bytes in
      for index in 0..<8 {
        bytes[index] = Self.digits[Int(prefix >> UInt64(6 * index) & 63)]
      }
      for index in 0..<7 {
        bytes[14 - index] = Self.digits[Int(count >> UInt64(6 * index) & 63)]
      }
      return 15
    }
  }
}
