// Takes chunked bodies apart as they arrive, counting every byte. Pure.

import Model

/// The state of one chunked body. Feed it what arrives; it says how much of that it took.
struct ChunkedDecoder {
  /// Content bytes; more are refused.
  var bodyBytesMax: Int
  /// Of one size line with its extensions, and of all trailers together.
  static let lineBytesMax = 1024

  private(set) var body: [UInt8] = []
  private var state = State.size
  private var line: [UInt8] = []
  private var trailerBytes = 0

  private enum State: Equatable {
    /// In a size line. Can transition to: `content` (a size above 0), `trailer` (the size 0).
    case size
    /// In a chunk, so many bytes from its end. Can transition to: `contentEnd` (all of it came).
    case content(Int)
    /// Before a chunk's CRLF. Can transition to: `size` (it came).
    case contentEnd
    /// Behind the last chunk. Can transition to: `finished` (an empty line came).
    case trailer
    case finished
  }

  enum Outcome: Equatable {
    case incomplete
    /// The body is complete; so many bytes of the input belong to it.
    case complete(taken: Int)
    case failed(Rejection)
  }

  init(bodyBytesMax: Int) { self.bodyBytesMax = bodyBytesMax }

  mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Outcome {
    var at = 0
    while at < bytes.count {
      switch state {
      case .content(let left):
        let count = min(left, bytes.count - at)
        body.append(contentsOf: bytes[at..<(at + count)])
        at += count
        state = count == left ? .contentEnd : .content(left - count)
      case .size, .contentEnd, .trailer:
        line.append(bytes[at])
        at += 1
        if line.last == 0x0A {
          if let rejection = endLine() { return .failed(rejection) }
          line.removeAll(keepingCapacity: true)
          if state == .finished { return .complete(taken: at) }
        } else if line.count > Self.lineBytesMax {
          return .failed(.badRequest)
        }
      case .finished: return .failed(.badRequest)
      }
    }
    return .incomplete
  }

  private mutating func endLine() -> Rejection? {
    guard line.count >= 2, line[line.count - 2] == 0x0D else { return .badRequest }
    let content = line.dropLast(2)
    // A bare CR or another control character ends a line for some readers.
    guard content.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
      return .badRequest
    }
    switch state {
    case .size: return beginChunk(content)
    case .contentEnd:
      guard content.isEmpty else { return .badRequest }
      state = .size
    case .trailer:
      trailerBytes += line.count
      guard trailerBytes <= Self.lineBytesMax else { return .headersTooLarge }
      if content.isEmpty { state = .finished }
    case .content, .finished: return .badRequest
    }
    return nil
  }

  private mutating func beginChunk(_ line: ArraySlice<UInt8>) -> Rejection? {
    var size = 0
    var digits = 0
    for byte in line {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        // Extensions are allowed and mean nothing here.
        guard byte == UInt8(ascii: ";") else { return .badRequest }
        break
      }
      digits += 1
      guard digits <= 8 else { return .bodyTooLarge }
      size = size << 4 | digit
    }
    guard digits > 0 else { return .badRequest }
    guard size <= bodyBytesMax - body.count else { return .bodyTooLarge }
    state = size == 0 ? .trailer : .content(size)
    return nil
  }
}
