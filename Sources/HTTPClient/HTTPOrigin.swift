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
    let bytes = url.utf8
    guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), let mark = url.firstRange(of: "://")
    else { return nil }
    let scheme = url[..<mark.lowerBound].lowercased()
    guard scheme == "http" || scheme == "https" else { return nil }
    let rest = url[mark.upperBound...]
    let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
    let authority = rest[..<end].lowercased()
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
}
