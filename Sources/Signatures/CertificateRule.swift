// Which certificates a scheme trusts: by where they come from, and whose they are.

/// Checked before anything is fetched, since it is a stranger who names the URL.
package struct CertificateRule: Sendable, Equatable {
  /// Where the request says the certificate's URL.
  package var url: Place
  /// `api.paypal.com`, `*.paypal.com` (one label), `sns.{region}.amazonaws.com`.
  package var hosts: [String]
  /// A `*` stands for any text; no other pattern.
  package var path: String
  /// What the certificate must be named; `*.paypal.com` for any label in front.
  package var names: [String]

  package init(url: Place, hosts: [String], path: String, names: [String]) {
    self.url = url
    self.hosts = hosts
    self.path = path
    self.names = names
  }

  /// True for an https URL of an allowed host, without port, user or tricks in its path.
  package func allows(_ url: String) -> Bool {
    guard let parts = HTTPSLocation(url) else { return false }
    return hosts.contains { HostPattern.matches($0, parts.host) }
      && PathPattern.matches(path, parts.path)
  }

  func trusts(_ certificate: Certificate) -> Bool {
    names.contains { pattern in
      certificate.names.contains { HostPattern.matches(pattern, $0, anyDepth: true) }
    }
  }
}

/// The parts of a URL that may be fetched on a stranger's word.
struct HTTPSLocation: Equatable {
  /// In lower case.
  let host: String
  /// Without the query.
  let path: String

  static let bytesMax = 2048

  /// Nil for anything but plain `https://host/path` or `https://host:443/path`: whatever else a
  /// URL can have is there to mislead.
  init?(_ url: String) {
    let start = "https://"
    guard url.utf8.count <= Self.bytesMax, url.hasPrefix(start),
      url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }),
      !url.contains("#")
    else { return nil }
    let rest = url.dropFirst(start.count)
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    var host = authority
    if host.hasSuffix(":443") { host = host.dropLast(4) }
    let isHost = host.utf8.allSatisfy { byte in
      let byte = ASCII.lowercased(byte)
      return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
        || byte == UInt8(ascii: ".")
    }
    guard isHost, !host.isEmpty, !host.hasPrefix("."), !host.hasSuffix("."), !host.contains("..")
    else { return nil }
    let path = String(rest.dropFirst(authority.count).prefix { $0 != "?" })
    guard path.hasPrefix("/"), !path.contains("%"), !path.contains("//"),
      !path.split(separator: "/").contains(where: { $0 == ".." || $0 == "." })
    else { return nil }
    self.host = host.lowercased()
    self.path = path
  }
}

enum HostPattern {
  /// `*` is one label, `{region}` one of AWS' regions: `us-east-2`, `us-gov-west-1`. Anything wider
  /// would let `sns.s3-us-west-2.amazonaws.com` in, which is whoever has the bucket `sns`.
  static func matches(_ pattern: String, _ host: String, anyDepth: Bool = false) -> Bool {
    let wanted = pattern.split(separator: ".", omittingEmptySubsequences: false)
    var labels = host.split(separator: ".", omittingEmptySubsequences: false)
    if anyDepth, wanted.first == "*", labels.count > wanted.count {
      labels.removeFirst(labels.count - wanted.count)
    }
    guard wanted.count == labels.count else { return false }
    return zip(wanted, labels).allSatisfy { wanted, label in
      switch wanted {
      case "*": !label.isEmpty
      case "{region}": isRegion(label)
      default: wanted == label
      }
    }
  }

  private static func isRegion(_ label: Substring) -> Bool {
    let parts = label.split(separator: "-", omittingEmptySubsequences: false)
    guard (3...5).contains(parts.count), let last = parts.last, last.count <= 2, !last.isEmpty,
      last.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
      parts[0].count == 2
    else { return false }
    return parts.dropLast().allSatisfy { part in
      !part.isEmpty
        && part.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
    }
  }
}

enum PathPattern {
  /// At most one `*` in the pattern; without one the path must be equal.
  static func matches(_ pattern: String, _ path: String) -> Bool {
    guard let star = pattern.firstIndex(of: "*") else { return pattern == path }
    let (before, after) = (pattern[..<star], pattern[pattern.index(after: star)...])
    return path.count > before.count + after.count && path.hasPrefix(before)
      && path.hasSuffix(after)
  }
}
