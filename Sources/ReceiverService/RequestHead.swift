// One request's head, as offsets into the bytes that were read.

import Signatures

/// What the head of a request says. Offsets count from the request's first byte.
struct RequestHead: Equatable {
  /// With the empty line that ends it.
  var length: Int
  var method: Range<Int>
  /// Path and query.
  var target: Range<Int>
  var body: Body
  var keepsAlive: Bool
  /// The sender waits for `100 Continue` before it sends the body.
  var expectsContinue: Bool
  var coding: Coding = .identity

  enum Body: Equatable {
    case none
    case length(Int)
    case chunked
  }

  /// What Content-Encoding says.
  enum Coding {
    case identity, gzip, deflate
    /// Another one, or several.
    case unsupported
  }
}

extension RequestHead {
  /// Nearly every request is: the four bytes are compared at once. `bytes` begin with the head.
  func isPost(in bytes: UnsafeRawBufferPointer) -> Bool {
    method.count == 4
      && bytes.loadUnaligned(fromByteOffset: method.lowerBound, as: UInt32.self)
        == UInt32(bigEndian: 0x504F_5354)
  }
}
