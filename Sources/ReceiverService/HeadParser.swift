// Reads HTTP/1 request heads, strictly: what two readers could read differently is refused, since
// such requests are how one is smuggled past another. Pure.

import Glibc
import Model
import Signatures

/// Parses one head into offsets; header fields go to an array that the caller reuses.
struct HeadParser {
  var headerBytesMax: Int
  var fieldsMax = 100

  enum Outcome: Equatable {
    /// The empty line has not arrived yet; nothing need be read twice before `searched`.
    case incomplete(searched: Int)
    case complete(RequestHead)
    case failed(Rejection)
  }

  /// `searched`: from an earlier `incomplete` with the same bytes.
  func parse(
    _ bytes: UnsafeRawBufferPointer, searched: Int, into fields: inout [RequestView.Field]
  ) -> Outcome {
    guard let end = Self.end(bytes, from: searched) else {
      if bytes.count > headerBytesMax { return .failed(.headersTooLarge) }
      return .incomplete(searched: max(0, bytes.count - 3))
    }
    if end > headerBytesMax { return .failed(.headersTooLarge) }
    fields.removeAll(keepingCapacity: true)
    var reading = Reading(bytes: UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    if let rejection = reading.read(into: &fields, max: fieldsMax) { return .failed(rejection) }
    return .complete(reading.head)
  }

  /// Behind the first empty line.
  private static func end(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    var at = start
    while at < bytes.count, let found = memchr(base + at, 0x0A, bytes.count - at) {
      at = base.distance(to: UnsafeRawPointer(found)) + 1
      if at - start >= 4, bytes[at - 4] == 0x0D, bytes[at - 3] == 0x0A, bytes[at - 2] == 0x0D {
        return at
      }
    }
    return nil
  }
}

extension HeadParser {
  /// Progress through one head that is complete.
  struct Reading {
    let bytes: UnsafeRawBufferPointer
    private var at = 0
    private var method = 0..<0
    private var target = 0..<0
    private var isVersion11 = true
    private var contentLength: Int?
    private var isChunked = false
    private var hosts = 0
    private var says: (close: Bool, keepAlive: Bool) = (false, false)
    private var expectsContinue = false
    private var coding: RequestHead.Coding?

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var head: RequestHead {
      let body: RequestHead.Body =
        isChunked ? .chunked : contentLength.map { $0 == 0 ? .none : .length($0) } ?? .none
      return RequestHead(
        length: bytes.count, method: method, target: target, body: body,
        keepsAlive: isVersion11 ? !says.close : says.keepAlive && !says.close,
        expectsContinue: expectsContinue && isVersion11, coding: coding ?? .identity)
    }

    mutating func read(into fields: inout [RequestView.Field], max: Int) -> Rejection? {
      guard readRequestLine() else { return .badRequest }
      while at + 2 < bytes.count {
        if fields.count == max { return .headersTooLarge }
        guard let field = readField() else { return .badRequest }
        fields.append(field)
        guard note(field) else { return .badRequest }
      }
      if isVersion11, hosts != 1 { return .badRequest }
      // Both at once is the classic of request smuggling.
      if isChunked, contentLength != nil || !isVersion11 { return .badRequest }
      return nil
    }

    /// `METHOD SP target SP HTTP/1.x CRLF`; the target is a path, not a whole URL, whose host could
    /// contradict the Host field.
    private mutating func readRequestLine() -> Bool {
      let start = at
      while at < bytes.count, Self.isToken(bytes[at]) { at += 1 }
      method = start..<at
      guard !method.isEmpty, skip(0x20) else { return false }
      let targetStart = at
      while at < bytes.count, bytes[at] > 0x20, bytes[at] < 0x7F { at += 1 }
      target = targetStart..<at
      guard !target.isEmpty, bytes[targetStart] == UInt8(ascii: "/"), skip(0x20) else {
        return false
      }
      let version: StaticString = "HTTP/1."
      guard at + 10 <= bytes.count,
        bytes[at..<(at + 7)].elementsEqual(UnsafeBufferPointer(start: version.utf8Start, count: 7))
      else { return false }
      switch bytes[at + 7] {
      case UInt8(ascii: "1"): isVersion11 = true
      case UInt8(ascii: "0"): isVersion11 = false
      default: return false
      }
      at += 8
      return skip(0x0D) && skip(0x0A)
    }

    /// `name: value CRLF`; no space before the colon, no folded lines, no control characters, and
    /// no value that is not UTF-8: events carry values as text.
    private mutating func readField() -> RequestView.Field? {
      let nameStart = at
      skipLetters()
      while at < bytes.count, Self.isToken(bytes[at]) { at += 1 }
      let nameEnd = at
      guard nameEnd > nameStart, skip(UInt8(ascii: ":")) else { return nil }
      while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x09 { at += 1 }
      let valueStart = at
      skipPlainText()
      var union: UInt8 = 0
      while at < bytes.count, bytes[at] >= 0x20 && bytes[at] != 0x7F || bytes[at] == 0x09 {
        union |= bytes[at]
        at += 1
      }
      if union >= 0x80, String(validating: bytes[valueStart..<at], as: UTF8.self) == nil {
        return nil
      }
      var valueEnd = at
      guard skip(0x0D), skip(0x0A) else { return nil }
      while valueEnd > valueStart, bytes[valueEnd - 1] == 0x20 || bytes[valueEnd - 1] == 0x09 {
        valueEnd -= 1
      }
      return RequestView.Field(
        name: Int32(nameStart)..<Int32(nameEnd), value: Int32(valueStart)..<Int32(valueEnd))
    }

    /// Goes on as long as there are eight more bytes and each is printable ASCII: most values are.
    private mutating func skipPlainText() {
      let ones: UInt64 = 0x0101_0101_0101_0101
      while at + 8 <= bytes.count {
        let eight = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        let isDelete = eight ^ (ones &* 0x7F)
        // The high bit of a byte: it is 0x80 or more, less than 0x20, or 0x7F. With borrows a byte
        // above one of these may be marked too, never one below: the lowest mark is right.
        let marks = (eight | (eight &- ones &* 0x20) | (isDelete &- ones)) & (ones &* 0x80)
        guard marks == 0 else {
          at += marks.trailingZeroBitCount / 8
          return
        }
        at += 8
      }
    }

    /// Goes on as long as there are eight more bytes and each is a letter or a hyphen, as most of a
    /// name is.
    private mutating func skipLetters() {
      let ones: UInt64 = 0x0101_0101_0101_0101
      while at + 8 <= bytes.count {
        let eight = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        let low = eight & (ones &* 0x7F)
        let lowered = low | (ones &* 0x20)
        // No sum carries into the next byte: each operand is below 0x80, and so is what is added.
        let fromA = lowered &+ (ones &* (0x80 - 0x61))
        let beyondZ = lowered &+ (ones &* (0x80 - 0x7B))
        let isNoHyphen = (low ^ (ones &* 0x2D)) &+ (ones &* 0x7F)
        let others = (eight | ~(fromA & ~beyondZ) & isNoHyphen) & (ones &* 0x80)
        guard others == 0 else {
          at += others.trailingZeroBitCount / 8
          return
        }
        at += 8
      }
    }

    /// Keeps what the head means for the connection; false when it must be refused.
    private mutating func note(_ field: RequestView.Field) -> Bool {
      switch field.name.count {
      case 4 where isName(field, "host"): hosts += 1
      case 6 where isName(field, "expect"):
        expectsContinue = isValue(field.value, "100-continue")
      case 10 where isName(field, "connection"): noteConnection(field)
      case 14 where isName(field, "content-length"):
        guard contentLength == nil, let length = number(field) else { return false }
        contentLength = length
      case 16 where isName(field, "content-encoding"): noteCoding(field.value)
      case 17 where isName(field, "transfer-encoding"):
        // Only ever `chunked`, once; any other coding would need a decoder of its own.
        guard !isChunked, isValue(field.value, "chunked") else { return false }
        isChunked = true
      default: break
      }
      return true
    }

    private mutating func noteCoding(_ value: Range<Int32>) {
      if coding != nil {
        coding = .unsupported
      } else if value.isEmpty || isValue(value, "identity") {
        coding = .identity
      } else if isValue(value, "gzip") || isValue(value, "x-gzip") {
        coding = .gzip
      } else {
        coding = isValue(value, "deflate") ? .deflate : .unsupported
      }
    }

    private mutating func noteConnection(_ field: RequestView.Field) {
      var start = field.value.lowerBound
      while start < field.value.upperBound {
        var end = start
        while end < field.value.upperBound, bytes[Int(end)] != UInt8(ascii: ",") { end += 1 }
        var item = start..<end
        while let first = item.first, bytes[Int(first)] == 0x20 { item = item.dropFirst() }
        while let last = item.last, bytes[Int(last)] == 0x20 { item = item.dropLast() }
        if isValue(item, "close") { says.close = true }
        if isValue(item, "keep-alive") { says.keepAlive = true }
        start = end + 1
      }
    }

    private func number(_ field: RequestView.Field) -> Int? {
      guard (1...15).contains(field.value.count) else { return nil }
      var value = 0
      for index in field.value {
        let digit = bytes[Int(index)] &- UInt8(ascii: "0")
        guard digit < 10 else { return nil }
        value = value * 10 + Int(digit)
      }
      return value
    }

    private func isName(_ field: RequestView.Field, _ name: StaticString) -> Bool {
      isValue(field.name, name)
    }

    /// Without regard to case; `text` is lower case.
    private func isValue(_ range: Range<Int32>, _ text: StaticString) -> Bool {
      guard range.count == text.utf8CodeUnitCount else { return false }
      for offset in 0..<range.count {
        let byte = bytes[Int(range.lowerBound) + offset]
        let lowered = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
        if lowered != text.utf8Start[offset] { return false }
      }
      return true
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
      guard at < bytes.count, bytes[at] == byte else { return false }
      at += 1
      return true
    }

    /// RFC 9110's token characters, as two bit sets.
    private static func isToken(_ byte: UInt8) -> Bool {
      let low: UInt64 = 0x03FF_6CFA_0000_0000
      let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
      return byte < 64
        ? low >> UInt64(byte) & 1 == 1 : byte < 128 && high >> UInt64(byte - 64) & 1 == 1
    }
  }
}
