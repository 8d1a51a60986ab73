// Secrets that a provider puts into its bodies: blanked before anything else looks at them.

import Glibc

/// Blanks values by the names they go by, at any depth, in JSON, XML and forms, whether or not the
/// body is well-formed. The length stays, so that every offset does. Pure.
struct Redaction: Sendable {
  /// Other occurrences of a blanked value are blanked too, unless it is so short that it may stand
  /// there by chance.
  private static let repeatedBytesMin = 16
  private static let repeatedMax = 16
  private static let filler = UInt8(ascii: "*")

  private let names: [[UInt8]]

  init(_ names: [String]) { self.names = names.map { Array($0.utf8) } }

  var isEmpty: Bool { names.isEmpty }

  /// True when the body has anything that may have to be blanked.
  func concerns(_ body: UnsafeRawBufferPointer) -> Bool {
    hasWideCharacters(body) || names.contains { Self.find($0, in: body, from: 0) != nil }
  }

  /// `body` is a copy, to be changed in place.
  func apply(_ body: UnsafeMutableRawBufferPointer) {
    // UTF-16 would hide the names.
    guard !hasWideCharacters(UnsafeRawBufferPointer(body)) else {
      body.initializeMemory(as: UInt8.self, repeating: Self.filler)
      return
    }
    var secrets: Set<[UInt8]> = []
    for name in names {
      var at = 0
      while let found = Self.find(name, in: UnsafeRawBufferPointer(body), from: at) {
        at = found + name.count
        guard let range = value(behind: at, name: found, in: body), !range.isEmpty else { continue }
        if range.count >= Self.repeatedBytesMin, secrets.count < Self.repeatedMax {
          secrets.insert(Array(body[range]))
        }
        for place in range { body[place] = Self.filler }
      }
    }
    for secret in secrets {
      var at = 0
      while let found = Self.find(secret, in: UnsafeRawBufferPointer(body), from: at) {
        for place in found..<found + secret.count { body[place] = Self.filler }
        at = found + secret.count
      }
    }
  }

  private func hasWideCharacters(_ body: UnsafeRawBufferPointer) -> Bool {
    body.prefix(64).contains(0) || body.starts(with: [0xFE, 0xFF])
      || body.starts(with: [0xFF, 0xFE])
  }

  /// Where the value of the name lies that stands right before `at`.
  private func value(
    behind at: Int, name: Int, in body: UnsafeMutableRawBufferPointer
  ) -> Range<Int>? {
    guard at < body.count else { return nil }
    switch body[at] {
    case UInt8(ascii: "\"") where name > 0 && body[name - 1] == UInt8(ascii: "\""):
      return jsonValue(at + 1, body)
    case UInt8(ascii: "="):
      let end = body[at...].firstIndex(of: UInt8(ascii: "&")) ?? body.count
      let isField = name == 0 || body[name - 1] == UInt8(ascii: "&")
      return isField ? at + 1..<end : nil
    case UInt8(ascii: "%") where Self.has("%22", before: name, body):
      return escapedJSONValue(at, body)
    case UInt8(ascii: ">"), UInt8(ascii: "/"), 0x20, 0x09, 0x0A, 0x0D:
      return xmlValue(at, name: name, body)
    default: return nil
    }
  }

  private func jsonValue(_ start: Int, _ body: UnsafeMutableRawBufferPointer) -> Range<Int>? {
    var at = Self.skipBlanks(start, body)
    guard at < body.count, body[at] == UInt8(ascii: ":") else { return nil }
    at = Self.skipBlanks(at + 1, body)
    guard at < body.count else { return nil }
    guard body[at] == UInt8(ascii: "\"") else { return number(at, body) }
    let first = at + 1
    at = first
    while at < body.count, body[at] != UInt8(ascii: "\"") {
      at += body[at] == UInt8(ascii: "\\") ? 2 : 1
    }
    return first..<min(at, body.count)
  }

  /// A number is blanked here, by digits, so that it stays one.
  private func number(_ start: Int, _ body: UnsafeMutableRawBufferPointer) -> Range<Int>? {
    var at = start
    while at < body.count, body[at] &- 0x30 < 10 {
      body[at] = UInt8(ascii: "1")
      at += 1
    }
    return nil
  }

  /// JSON inside of a form field: `%22token%22%3A%22…%22`.
  private func escapedJSONValue(
    _ start: Int, _ body: UnsafeMutableRawBufferPointer
  ) -> Range<Int>? {
    var at = start
    for mark in ["%22", "%3A", "%22"] {
      while at < body.count, body[at] == UInt8(ascii: "+") { at += 1 }
      guard Self.has(mark, at: at, body) else { return nil }
      at += 3
    }
    let first = at
    while at < body.count, body[at] != UInt8(ascii: "&"), !Self.has("%22", at: at, body) {
      at += Self.has("%5C", at: at, body) ? 6 : 1
    }
    return first..<min(at, body.count)
  }

  /// The text of an element whose start tag this is.
  private func xmlValue(
    _ start: Int, name: Int, _ body: UnsafeMutableRawBufferPointer
  ) -> Range<Int>? {
    guard let open = body[max(name - 64, 0)..<name].lastIndex(of: UInt8(ascii: "<")),
      name == open + 1 || body[name - 1] == UInt8(ascii: ":"),
      let close = body[start...].firstIndex(of: UInt8(ascii: ">")),
      body[close - 1] != UInt8(ascii: "/")
    else { return nil }
    let end = Self.find(Array("</".utf8), in: UnsafeRawBufferPointer(body), from: close)
    return close + 1..<(end ?? body.count)
  }

  private static func skipBlanks(_ start: Int, _ body: UnsafeMutableRawBufferPointer) -> Int {
    var at = start
    while at < body.count, [0x20, 0x09, 0x0A, 0x0D].contains(body[at]) { at += 1 }
    return at
  }

  private static func has(
    _ mark: String, before end: Int, _ body: UnsafeMutableRawBufferPointer
  ) -> Bool {
    end >= mark.utf8.count && has(mark, at: end - mark.utf8.count, body)
  }

  /// Marks are in capitals; the body need not be.
  private static func has(
    _ mark: String, at start: Int, _ body: UnsafeMutableRawBufferPointer
  ) -> Bool {
    guard start + mark.utf8.count <= body.count else { return false }
    return zip(mark.utf8, body[start...]).allSatisfy { wanted, byte in
      wanted == byte || (byte &- UInt8(ascii: "a") < 26 && wanted == byte - 0x20)
    }
  }

  static func find(
    _ needle: [UInt8], in body: UnsafeRawBufferPointer, from start: Int
  ) -> Int? {
    guard let base = body.baseAddress, let first = needle.first else { return nil }
    var at = start
    while at + needle.count <= body.count {
      let room = body.count - needle.count - at + 1
      guard let next = memchr(base + at, Int32(first), room) else { return nil }
      if memcmp(next, needle, needle.count) == 0 {
        return base.distance(to: UnsafeRawPointer(next))
      }
      at = base.distance(to: UnsafeRawPointer(next)) + 1
    }
    return nil
  }
}

/// Bytes of our own that stay where they are until the next call. To be used by one thread at a
/// time.
final class ScratchBytes {
  private var store = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 16)

  deinit { store.deallocate() }

  func copy(_ bytes: some Collection<UInt8>) -> UnsafeMutableRawBufferPointer {
    if store.count < bytes.count {
      store.deallocate()
      store = .allocate(byteCount: bytes.count, alignment: 16)
    }
    store.copyBytes(from: bytes)
    return UnsafeMutableRawBufferPointer(rebasing: store[..<bytes.count])
  }
}
