// Header fields kept as the lines they travel in: a response's are looked at once or twice, so
// they are not parsed before somebody asks.

import Glibc

/// An ordered list of header fields; names compare without case, may repeat.
package struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  /// `Name: value` lines, each ended by LF or CR LF.
  private(set) var lines: [UInt8] = []

  package init() {}

  package init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { append(name, value) }
  }

  package init(_ fields: [(String, String)]) {
    for (name, value) in fields { append(name, value) }
  }

  /// Takes lines as they were received; a line without a colon is never found.
  init(lines: [UInt8]) { self.lines = lines }

  /// Adds a field. CR, LF and NUL are dropped from both parts, so that no field can smuggle in
  /// another one.
  package mutating func append(_ name: String, _ value: String) {
    lines.reserveCapacity(lines.count + name.utf8.count + value.utf8.count + 3)
    lines.append(contentsOf: name.utf8.lazy.filter(Self.isAllowed))
    lines.append(UInt8(ascii: ":"))
    lines.append(UInt8(ascii: " "))
    lines.append(contentsOf: value.utf8.lazy.filter(Self.isAllowed))
    lines.append(UInt8(ascii: "\n"))
  }

  /// The first value of this name, without surrounding blanks.
  package subscript(_ name: String) -> String? {
    let length = name.utf8.count
    var start = 0
    while start + length < lines.count {
      let end = lineEnd(from: start)
      let colon = start + length
      if colon < end, lines[colon] == UInt8(ascii: ":"),
        Self.equalsIgnoringCase(lines[start..<colon], name.utf8)
      {
        return Self.trimmed(lines[(colon + 1)..<end])
      }
      start = end + 1
    }
    return nil
  }

  private func lineEnd(from start: Int) -> Int {
    lines.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress,
        let end = memchr(base + start, Int32(UInt8(ascii: "\n")), bytes.count - start)
      else { return bytes.count }
      return UnsafeRawPointer(end) - base
    }
  }

  /// Every field as text, in order.
  package var fields: [(name: String, value: String)] {
    lineSlices.compactMap { line in
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
      return (String(decoding: line[..<colon], as: UTF8.self), Self.trimmed(line[(colon + 1)...]))
    }
  }

  var lineSlices: [ArraySlice<UInt8>] { lines.split(separator: UInt8(ascii: "\n")) }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    byte != 0 && byte != UInt8(ascii: "\r") && byte != UInt8(ascii: "\n")
  }

  private static func trimmed(_ value: ArraySlice<UInt8>) -> String {
    func isBlank(_ byte: UInt8) -> Bool {
      byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
    let start = value.firstIndex { !isBlank($0) } ?? value.endIndex
    let end = value.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? start
    return String(decoding: value[start..<end], as: UTF8.self)
  }

  private static func equalsIgnoringCase(
    _ bytes: ArraySlice<UInt8>, _ name: String.UTF8View
  ) -> Bool {
    func lower(_ byte: UInt8) -> UInt8 {
      (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }
    return bytes.elementsEqual(name) { lower($0) == lower($1) }
  }
}
