// The offsets above a committed one that are done already, as a text for the commit's metadata.
import FoundationEssentials

/// What a partition's next owner need not do again: the completed offsets at or above a frontier.
///
/// The text is `h1` and the base64 of one kind byte, a payload and the CRC-32C (big endian) of
/// frontier, kind and payload. Two payloads are known, and the better one is written: *runs*, the
/// lengths of alternating runs (pending, completed, pending, ...) as varints, and *bits*, one for
/// each offset from the frontier on, the lowest bit first. The checksum covers the frontier, so
/// that a text which a tool copied to another offset is not believed.
package struct OffsetMap: Sendable, Equatable {
  /// What brokers take as metadata by default (`offset.metadata.max.bytes`).
  package static let charactersMax = 4096
  static let prefix = "h1"
  static let runsKind: UInt8 = 0
  static let bitsKind: UInt8 = 1
  /// The kind byte and the checksum.
  static let overheadBytes = 5

  /// The committed offset that this belongs to.
  package let frontier: Int64
  /// Completed offsets: rising, not empty, with at least one pending offset in between.
  package let completed: [Range<Int64>]

  /// `completed` must be as its property says, and not reach below the frontier.
  package init(frontier: Int64, completed: [Range<Int64>]) {
    self.frontier = frontier
    self.completed = completed
  }

  /// Characters that the whole map takes as a text; 0 when nothing is completed.
  var charactersNeeded: Int {
    guard let last = completed.last else { return 0 }
    let bits = (last.upperBound - frontier + 7) / 8
    var runs: Int64 = 0
    var at = frontier
    for range in completed {
      runs += Self.varintBytes(range.lowerBound - at) + Self.varintBytes(Int64(range.count))
      at = range.upperBound
    }
    return Self.characters(payloadBytes: Int(min(bits, runs)))
  }

  /// The text. Where not all of it fits, the lowest part that does; empty when that is nothing.
  package func encode(charactersMax: Int = Self.charactersMax) -> String {
    let bytesMax = Self.payloadBytesMax(charactersMax: charactersMax)
    guard bytesMax > 0 else { return "" }
    let runs = runsPart(bytesMax: bytesMax)
    let bits = bitsPart(bytesMax: bytesMax)
    let isBits =
      bits.completed != runs.completed
      ? bits.completed > runs.completed : bits.payload.count < runs.payload.count
    let best = isBits ? bits : runs
    guard best.completed > 0 else { return "" }
    var bytes = [isBits ? Self.bitsKind : Self.runsKind]
    bytes += best.payload
    let sum = Self.checksum(frontier: frontier, bytes[...])
    for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: sum >> UInt32(shift))) }
    return Self.prefix + Data(bytes).base64EncodedString()
  }

  /// True for an offset that is known to be completed.
  package func contains(_ offset: Int64) -> Bool {
    completed.contains { $0.contains(offset) }
  }

  // MARK: Sizes

  static func characters(payloadBytes: Int) -> Int {
    prefix.utf8.count + (payloadBytes + overheadBytes + 2) / 3 * 4
  }

  static func payloadBytesMax(charactersMax: Int) -> Int {
    (charactersMax - prefix.utf8.count) / 4 * 3 - overheadBytes
  }

  static func checksum(frontier: Int64, _ bytes: ArraySlice<UInt8>) -> UInt32 {
    var sum = CRC32C()
    sum.add((0..<8).map { UInt8(truncatingIfNeeded: frontier >> (56 - 8 * Int64($0))) })
    sum.add(bytes)
    return sum.value
  }

  // MARK: Payloads

  private struct Part {
    var payload: [UInt8] = []
    /// Completed offsets that the payload names.
    var completed: Int64 = 0
  }

  private func runsPart(bytesMax: Int) -> Part {
    var part = Part()
    var at = frontier
    for range in completed {
      let mark = part.payload.count
      Self.append(range.lowerBound - at, to: &part.payload)
      Self.append(Int64(range.count), to: &part.payload)
      guard part.payload.count <= bytesMax else {
        part.payload.removeLast(part.payload.count - mark)
        break
      }
      part.completed += Int64(range.count)
      at = range.upperBound
    }
    return part
  }

  private func bitsPart(bytesMax: Int) -> Part {
    var part = Part()
    let end = min(Int64(bytesMax) * 8, (completed.last?.upperBound ?? frontier) - frontier)
    for range in completed {
      let upper = min(range.upperBound - frontier, end)
      guard range.lowerBound - frontier < upper else { break }
      for bit in (range.lowerBound - frontier)..<upper {
        let byte = Int(bit >> 3)
        if byte >= part.payload.count {
          part.payload += repeatElement(0, count: byte + 1 - part.payload.count)
        }
        part.payload[byte] |= 1 << UInt8(bit & 7)
      }
      part.completed += upper - (range.lowerBound - frontier)
    }
    return part
  }

  private static func append(_ value: Int64, to bytes: inout [UInt8]) {
    var rest = UInt64(value)
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private static func varintBytes(_ value: Int64) -> Int64 {
    max(1, (Int64(64 - UInt64(value).leadingZeroBitCount) + 6) / 7)
  }
}
