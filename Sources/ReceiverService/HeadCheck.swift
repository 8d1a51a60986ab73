// What a request's head tells, before a byte of its body is read.
import Model
import NIOHTTP1
import Settings

enum HeadCheck {
  private static let prefix = "/hooks/"

  /// The source's name in `/hooks/{source}`; nil for any other path.
  static func sourceName(_ uri: String) -> Substring? {
    guard uri.hasPrefix(prefix) else { return nil }
    let name = uri.dropFirst(prefix.count).prefix { $0 != "?" }
    return name.isEmpty || name.contains("/") ? nil : name
  }

  /// Refusals that do not depend on the source.
  static func rejection(_ head: HTTPRequestHead, settings: ReceiverSettings) -> Rejection? {
    var bytes = head.uri.utf8.count
    var hasLength = false
    var hasEncoding = false
    for (name, value) in head.headers {
      bytes += name.utf8.count + value.utf8.count + 4
      switch name.utf8.count {
      case 14: hasLength = hasLength || name.lowercased() == "content-length"
      case 17: hasEncoding = hasEncoding || name.lowercased() == "transfer-encoding"
      default: break
      }
    }
    if bytes > settings.headerBytesMax { return .headersTooLarge }
    // Both is how requests are smuggled past a proxy that believes the other one.
    return hasLength && hasEncoding ? .badRequest : nil
  }

  /// A body that says of itself that it is too large.
  static func bodyRejection(_ head: HTTPRequestHead, settings: ReceiverSettings) -> Rejection? {
    guard let text = head.headers.first(name: "content-length") else { return nil }
    guard let length = Int(text), length >= 0 else { return .badRequest }
    return length > settings.bodyBytesMax ? .bodyTooLarge : nil
  }

  static func expectsContinue(_ head: HTTPRequestHead) -> Bool {
    head.headers.first(name: "expect")?.lowercased() == "100-continue"
  }
}
