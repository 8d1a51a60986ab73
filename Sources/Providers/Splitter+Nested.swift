// Bodies whose events lie deeper than the first level.

import JSONText
import Signatures

/// One event of such a body.
struct Piece {
  var range: Range<Int>
  /// The element around it.
  var upper: Range<Int>?
  /// What it is repeated for.
  var item: String?
}

/// Follows the paths of a splitting through a body. To be used by one thread at a time.
struct PieceFinder {
  let splitting: Splitting
  let eventsMax: Int
  let scanner: JSONScanner

  /// In the body's order; nil when it is no JSON, or there are more than `eventsMax`.
  func pieces(of body: UnsafeRawBufferPointer) -> [Piece]? {
    guard (try? scanner.scan(body)) != nil else { return nil }
    var pieces: [Piece] = []
    let paths = splitting.paths.map { $0[...] }
    let root = scanner.isArray ? 0..<body.count : scanner.element(0).wholeRange
    guard expand(root, nil, paths, body, &pieces) else { return nil }
    pieces.sort { $0.range.lowerBound < $1.range.lowerBound }
    return splitting.repeats.isEmpty ? pieces : repeated(pieces, body)
  }

  /// False when there are too many.
  private func expand(
    _ range: Range<Int>, _ upper: Range<Int>?, _ paths: [ArraySlice<Splitting.Segment>],
    _ body: UnsafeRawBufferPointer, _ pieces: inout [Piece]
  ) -> Bool {
    var isLed = false
    var heads: [Splitting.Segment] = []
    for head in paths.compactMap(\.first) where !heads.contains(head) {
      heads.append(head)
      guard let inner = elements(range, head, body) else { continue }
      isLed = true
      guard inner.count <= eventsMax else { return false }
      let rests = paths.filter { $0.first == head }.map { $0.dropFirst() }
      let isEnd = rests.contains { $0.isEmpty }
      for element in inner {
        if isEnd {
          pieces.append(Piece(range: element, upper: upper))
        } else if !expand(element, element, rests, body, &pieces) {
          return false
        }
        guard pieces.count <= eventsMax else { return false }
      }
    }
    if !isLed { pieces.append(Piece(range: range, upper: upper)) }
    return true
  }

  /// Nil when there is nothing of this kind.
  private func elements(
    _ range: Range<Int>, _ head: Splitting.Segment, _ body: UnsafeRawBufferPointer
  ) -> [Range<Int>]? {
    let bytes = UnsafeRawBufferPointer(rebasing: body[range])
    guard (try? scanner.scan(bytes, at: head.pointer)) != nil,
      scanner.isArray == head.isEveryElement
    else { return nil }
    return (0..<scanner.count).map { row in
      let found = scanner.element(row).wholeRange
      return range.lowerBound + found.lowerBound..<range.lowerBound + found.upperBound
    }
  }

  private func repeated(_ pieces: [Piece], _ body: UnsafeRawBufferPointer) -> [Piece]? {
    var found: [Piece] = []
    for piece in pieces {
      let bytes = UnsafeRawBufferPointer(rebasing: body[piece.range])
      let items = items(bytes)
      guard found.count + max(items.count, 1) <= eventsMax else { return nil }
      if items.isEmpty { found.append(piece) }
      for item in items {
        found.append(Piece(range: piece.range, upper: piece.upper, item: item))
      }
    }
    return found
  }

  private func items(_ event: UnsafeRawBufferPointer) -> [String] {
    for pointer in splitting.repeats
    where (try? scanner.scan(event, at: pointer)) != nil && scanner.isArray {
      return (0..<scanner.count).map { row in
        let slice = scanner.element(row)
        return slice.text(in: event) ?? String(decoding: slice.raw(in: event), as: UTF8.self)
      }
    }
    return []
  }
}
