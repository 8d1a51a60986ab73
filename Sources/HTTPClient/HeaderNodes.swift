// A request's header fields as the linked list that curl reads, in memory that is used again.

internal import CCurl

/// The list behind CURLOPT_HTTPHEADER; must outlive the transfer.
final class HeaderNodes {
  private var text = UnsafeMutableBufferPointer<CChar>.allocate(capacity: 1024)
  private var nodes = UnsafeMutableBufferPointer<curl_slist>.allocate(capacity: 16)
  /// What the list was made from.
  private var lines: [UInt8] = []
  private var hasBody = false
  private var length = 0
  private var count = 0

  deinit {
    text.deallocate()
    nodes.deallocate()
  }

  /// Nil for an empty list.
  var first: UnsafeMutablePointer<curl_slist>? { count == 0 ? nil : nodes.baseAddress }

  /// Returns false when the list is the same as before, as it mostly is.
  func fill(_ headers: HTTPHeaders, hasBody: Bool) -> Bool {
    guard headers.lines != lines || hasBody != self.hasBody else { return false }
    lines = headers.lines
    self.hasBody = hasBody
    reserve(lines.count + 64, headers.lineSlices.count + 2)
    (length, count) = (0, 0)
    if hasBody {
      // Without these two curl would add `Expect: 100-continue` and a form's content type.
      append(Array("Expect:".utf8)[...])
      if headers["Content-Type"] == nil { append(Array("Content-Type:".utf8)[...]) }
    }
    for line in headers.lineSlices {
      if line.suffix(2).elementsEqual(": ".utf8) {
        // `Name;` is how curl spells a field without a value.
        append(line.dropLast(2) + [UInt8(ascii: ";")])
      } else {
        append(line)
      }
    }
    return true
  }

  private func append(_ line: ArraySlice<UInt8>) {
    guard let textBase = text.baseAddress, let nodeBase = nodes.baseAddress else { return }
    let start = textBase + length
    for (offset, byte) in line.enumerated() { start[offset] = CChar(bitPattern: byte) }
    start[line.count] = 0
    length += line.count + 1
    nodes.initializeElement(at: count, to: curl_slist(data: start, next: nil))
    if count > 0 { nodes[count - 1].next = nodeBase + count }
    count += 1
  }

  private func reserve(_ bytes: Int, _ lineCount: Int) {
    if bytes > text.count {
      text.deallocate()
      text = .allocate(capacity: bytes * 2)
    }
    if lineCount > nodes.count {
      nodes.deallocate()
      nodes = .allocate(capacity: lineCount * 2)
    }
  }
}
