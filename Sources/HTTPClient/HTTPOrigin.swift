// The part of a URL that may be shown, and that connections are counted by.

/// `scheme://host[:port]` of a request's URL, in lower case.
struct HTTPOrigin: Hashable, CustomStringConvertible {
  let description: String
  let isTLS: Bool
  /// True for addresses of this machine: no proxy stands between us and them.
  let isLoopback: Bool

  /// Nil unless the URL is http or https with a host, no user info and no blank or control
  /// character anywhere.
  init?(url: String) {
    let bytes = Array(url.utf8)
    guard bytes.allSatisfy(Self.isAllowed), let mark = bytes.firstRange(of: Array("://".utf8))
    else { return nil }
    let scheme = Self.lowercased(bytes[..<mark.lowerBound])
    guard scheme == "http" || scheme == "https" else { return nil }
    let rest = bytes[mark.upperBound...]
    let authority = Self.lowercased(rest.prefix { !Self.endsAuthority($0) })
    guard !authority.isEmpty, !authority.hasPrefix(":"), !authority.contains("@") else {
      return nil
    }
    description = "\(scheme)://\(authority)"
    isTLS = scheme == "https"
    let host =
      authority.hasPrefix("[")
      ? String(authority.dropFirst().prefix { $0 != "]" })
      : String(authority.prefix { $0 != ":" })
    isLoopback = host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }

  /// True when this is the URL's origin, spelled as here; a quick look for the common case of one
  /// request after the other to the same place.
  func isOrigin(of url: String) -> Bool {
    let (own, bytes) = (description.utf8, url.utf8)
    return own.withContiguousStorageIfAvailable { own in
      bytes.withContiguousStorageIfAvailable { bytes in
        guard bytes.count >= own.count, bytes[..<own.count].elementsEqual(own) else { return false }
        let rest = bytes[own.count...]
        return rest.first.map(Self.endsAuthority) ?? true && rest.allSatisfy(Self.isAllowed)
      } ?? false
    } ?? false
  }

  private static func isAllowed(_ byte: UInt8) -> Bool { byte > 0x20 && byte != 0x7F }

  private static func endsAuthority(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
  }

  private static func lowercased(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self).lowercased()
  }
}
