// One URL in the spellings that a sender may have signed.

/// A URL taken apart just far enough to change its port.
struct URLVariants {
  /// As it is, without its port, and with the standard port where it has none.
  static func ports(_ url: [UInt8]) -> [[UInt8]] {
    let text = String(decoding: url, as: UTF8.self)
    guard let schemeEnd = text.range(of: "://") else { return [url] }
    let rest = text[schemeEnd.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? authority
    let (front, back) = (text[..<rest.startIndex], rest[authority.endIndex...])
    // An IPv6 address has colons of its own, in brackets.
    let colon = host.lastIndex(of: ":").flatMap { host[$0...].contains("]") ? nil : $0 }
    if let colon {
      return [url, Array((front + rest[..<colon] + back).utf8)]
    }
    let port = front == "http://" ? ":80" : ":443"
    return [url, Array((front + authority + port + back).utf8)]
  }
}

extension String {
  /// The first place of a text; FoundationEssentials has none that works without Foundation.
  fileprivate func range(of text: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) {
        return start..<index(start, offsetBy: text.count)
      }
      start = index(after: start)
    }
    return nil
  }
}
