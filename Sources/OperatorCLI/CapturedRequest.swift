// A request that somebody wrote down: as it went over the wire, or as JSON.
import FoundationEssentials
import Signatures

enum CapturedRequest {
  static let bytesMax = 64 << 20

  private struct Written: Decodable {
    var method: String?
    var url: String
    var headers: [String: String]?
    var body: String?
    var body_base64: String?
  }

  /// JSON `{"method", "url", "headers", "body" or "body_base64"}`, or `POST /path HTTP/1.1`, header
  /// lines, an empty line, and the body's exact bytes; `> ` before each head line is left out.
  static func parse(_ bytes: [UInt8]) throws -> Diagnosis.Request {
    if bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") { return try fromJSON(bytes) }
    return try fromWire(bytes)
  }

  private static func fromJSON(_ bytes: [UInt8]) throws -> Diagnosis.Request {
    let written: Written
    do {
      written = try JSONDecoder().decode(Written.self, from: Data(bytes))
    } catch {
      throw CommandError(
        "the JSON is not a request: \(error)",
        remedy: "write {\"method\", \"url\", \"headers\", \"body\" or \"body_base64\"}")
    }
    var headers = (written.headers ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    var target = written.url
    if let start = written.url.firstRange(ofText: "://") {
      let rest = written.url[start.upperBound...]
      let host = rest.prefix { $0 != "/" && $0 != "?" }
      target = String(rest[host.endIndex...])
      if !headers.contains(where: { $0.0.lowercased() == "host" }) {
        headers.append(("Host", String(host)))
      }
    }
    if !target.hasPrefix("/") { target = "/" + target }
    var body = Array((written.body ?? "").utf8)
    if let text = written.body_base64 {
      guard let data = Data(base64Encoded: text) else {
        throw CommandError("body_base64 is not base64", remedy: "encode the body's bytes again")
      }
      body = Array(data)
    }
    return Diagnosis.Request(
      method: written.method ?? "POST", target: target, headers: headers, body: body)
  }

  private static func fromWire(_ bytes: [UInt8]) throws -> Diagnosis.Request {
    var rest = bytes[...]
    func line() -> String? {
      guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
      var line = rest[..<end]
      rest = rest[(end + 1)...]
      if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
      let text = String(decoding: line, as: UTF8.self)
      return text.hasPrefix("> ") ? String(text.dropFirst(2)) : text == ">" ? "" : text
    }
    let words = (line() ?? "").split(separator: " ").map(String.init)
    guard words.count == 3, words[2].hasPrefix("HTTP/") else {
      throw CommandError(
        "the first line is not a request's",
        remedy: "begin with POST /path HTTP/1.1, or write it as JSON")
    }
    var headers: [(String, String)] = []
    while let text = line(), !text.isEmpty {
      guard let colon = text.firstIndex(of: ":") else {
        throw CommandError(
          "line \(headers.count + 2) is not a header", remedy: "write Name: value")
      }
      let value = String(text[text.index(after: colon)...]).utf8.trimmedOfBlanks
      headers.append((String(text[..<colon]), String(decoding: value, as: UTF8.self)))
    }
    return Diagnosis.Request(
      method: words[0], target: words[1], headers: headers, body: Array(rest))
  }
}
