// A request as the verifier sees it: borrowed bytes, nothing copied, nothing turned into text.

/// A header name, lower-cased once so that look-ups compare bytes.
package struct HeaderName: Sendable, Equatable {
  let lowercased: [UInt8]

  package init(_ name: String) { lowercased = name.utf8.map(ASCII.lowercased) }
}

/// One request, borrowed for the length of a call; it must not be kept.
package struct RequestView {
  /// Where a header's name and value lie in `head`.
  package struct Field: Sendable {
    package var name: Range<Int32>
    /// Without white space around it.
    package var value: Range<Int32>

    package init(name: Range<Int32>, value: Range<Int32>) {
      self.name = name
      self.value = value
    }
  }

  package let method: UnsafeRawBufferPointer
  /// Path and query as they arrived.
  package let target: UnsafeRawBufferPointer
  package let head: UnsafeRawBufferPointer
  package let fields: UnsafeBufferPointer<Field>
  package let body: UnsafeRawBufferPointer
  /// What the connection and its proxies tell, where somebody asks for it.
  package var origin: Origin?

  /// What a request does not say itself. A class: hardly any view has one, and views are copied.
  package final class Origin: Sendable {
    /// The URL that the sender used, in place of the configured one.
    package let publicURL: String?
    /// The subject of the client certificate, RFC 2253.
    package let peerSubject: String?

    package init(publicURL: String? = nil, peerSubject: String? = nil) {
      self.publicURL = publicURL
      self.peerSubject = peerSubject
    }
  }

  package init(
    method: UnsafeRawBufferPointer, target: UnsafeRawBufferPointer, head: UnsafeRawBufferPointer,
    fields: UnsafeBufferPointer<Field>, body: UnsafeRawBufferPointer, origin: Origin? = nil
  ) {
    self.origin = origin
    self.method = method
    self.target = target
    self.head = head
    self.fields = fields
    self.body = body
  }

  /// The first header of this name.
  package func header(_ name: HeaderName) -> UnsafeRawBufferPointer? {
    for field in fields where field.name.count == name.lowercased.count {
      if isName(of: field, startingWith: name) { return value(of: field) }
    }
    return nil
  }

  func isName(of field: Field, startingWith name: HeaderName) -> Bool {
    let start = Int(field.name.lowerBound)
    guard field.name.count >= name.lowercased.count else { return false }
    for (offset, byte) in name.lowercased.enumerated()
    where ASCII.lowercased(head[start + offset]) != byte {
      return false
    }
    return true
  }

  func value(of field: Field) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      rebasing: head[Int(field.value.lowerBound)..<Int(field.value.upperBound)])
  }

  /// Every header as text, in order.
  package var texts: [(name: String, value: String)] {
    fields.map { field in
      let name = head[Int(field.name.lowerBound)..<Int(field.name.upperBound)]
      return (
        String(decoding: name, as: UTF8.self), String(decoding: value(of: field), as: UTF8.self)
      )
    }
  }

  /// What stands before the first question mark of the target.
  var path: UnsafeRawBufferPointer {
    let end = target.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
    return UnsafeRawBufferPointer(rebasing: target[..<end])
  }

  /// What stands behind `/hooks/{source}/` in the path; nil without it.
  var pathSecret: UnsafeRawBufferPointer? {
    var rest = path[...]
    for _ in 0..<3 {
      guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return nil }
      rest = rest[(slash + 1)...]
    }
    return rest.isEmpty ? nil : UnsafeRawBufferPointer(rebasing: rest)
  }

  /// What stands behind it; empty without one.
  var query: UnsafeRawBufferPointer {
    guard let mark = target.firstIndex(of: UInt8(ascii: "?")) else {
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    return UnsafeRawBufferPointer(rebasing: target[(mark + 1)...])
  }
}

extension RequestView {
  /// Lends a view of a request that is at hand as text: for signing, for tests, for explaining.
  package static func with<Result, Failure: Error>(
    method: String, target: String, headers: [(String, String)], body: [UInt8],
    _ action: (RequestView) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var bytes: [UInt8] = Array(method.utf8)
    let methodEnd = bytes.count
    bytes.append(contentsOf: target.utf8)
    let targetEnd = bytes.count
    var fields: [Field] = []
    for (name, value) in headers {
      let start = Int32(bytes.count)
      bytes.append(contentsOf: name.utf8)
      let middle = Int32(bytes.count)
      bytes.append(contentsOf: value.utf8)
      fields.append(Field(name: start..<middle, value: middle..<Int32(bytes.count)))
    }
    // Closures of the standard library carry one error type at a time, hence the Result.
    let result: Swift.Result<Result, Failure> = bytes.withUnsafeBytes { head in
      fields.withUnsafeBufferPointer { fields in
        body.withUnsafeBytes { body in
          do throws(Failure) {
            return .success(
              try action(
                RequestView(
                  method: UnsafeRawBufferPointer(rebasing: head[..<methodEnd]),
                  target: UnsafeRawBufferPointer(rebasing: head[methodEnd..<targetEnd]),
                  head: head, fields: fields, body: body)))
          } catch {
            return .failure(error)
          }
        }
      }
    }
    return try result.get()
  }
}
