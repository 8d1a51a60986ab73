// Bytes that are put together step by step, in memory that is used again and again.

/// A growing buffer without what an array costs an append: it is never shared, so nobody counts
/// references or asks whether it is. Texts in it are UTF-8.
struct ByteWriter: ~Copyable {
  private var start: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  private var capacity: Int

  init(capacity: Int) {
    self.capacity = max(16, capacity)
    start = .allocate(capacity: self.capacity)
  }

  deinit { start.deallocate() }

  /// Good until the next change.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

  /// The same for a part.
  func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[range])
  }

  /// Keeps what stands before `end`.
  mutating func truncate(to end: Int) { count = min(count, end) }

  mutating func append(_ byte: UInt8) {
    if count == capacity { grow(by: 1) }
    start[count] = byte
    count += 1
  }

  /// `bytes` must not be this writer's own.
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    if capacity - count < bytes.count { grow(by: bytes.count) }
    UnsafeMutableRawPointer(start + count).copyMemory(from: base, byteCount: bytes.count)
    count += bytes.count
  }

  mutating func append(_ text: [UInt8]) { text.withUnsafeBytes { append($0) } }

  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  mutating func append(_ text: [24 of UInt8]) {
    withUnsafeBytes(of: text) { append($0) }
  }

  /// A part of what is there already, once more.
  mutating func append(copyOf range: Range<Int>) {
    precondition(range.upperBound <= count, "ByteWriter: no such part")
    if capacity - count < range.count { grow(by: range.count) }
    (start + count).update(from: start + range.lowerBound, count: range.count)
    count += range.count
  }

  mutating func append(decimal number: Int64) {
    if number < 0 { append(UInt8(ascii: "-")) }
    let first = count
    var rest = number.magnitude
    repeat {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    var digits = UnsafeMutableBufferPointer(start: start + first, count: count - first)
    digits.reverse()
  }

  /// What follows moves up.
  mutating func remove(_ range: Range<Int>) {
    (start + range.lowerBound).update(
      from: start + range.upperBound, count: count - range.upperBound)
    count -= range.count
  }

  private mutating func grow(by more: Int) {
    let larger = max(capacity * 2, count + more)
    let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    moved.update(from: start, count: count)
    start.deallocate()
    start = moved
    capacity = larger
  }
}

extension ByteWriter {
  /// False, and nothing, when there is none or an empty one.
  mutating func appendText(_ text: String?) -> Bool {
    guard let text, !text.isEmpty else { return false }
    append(text)
    return true
  }

  /// The same of bytes; those that are not UTF-8 are replaced.
  mutating func appendText(_ text: UnsafeRawBufferPointer) -> Bool {
    guard !text.isEmpty else { return false }
    if Self.isASCII(text) {
      append(text)
    } else {
      append(String(decoding: text, as: UTF8.self))
    }
    return true
  }

  private static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var union: UInt64 = 0
    var at = 0
    while at + 8 <= bytes.count {
      union |= bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      at += 8
    }
    while at < bytes.count {
      union |= UInt64(bytes[at])
      at += 1
    }
    return union & 0x8080_8080_8080_8080 == 0
  }
}
