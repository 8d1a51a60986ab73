// A name for bytes that have none of their own.

import COpenSSL

/// SHA-256 of a body, for the id of an event whose sender gives it none.
package enum BodyHash {
  /// 64 lower-case hex digits. Any thread.
  package static func sha256(_ bytes: UnsafeRawBufferPointer) -> String {
    withUnsafeTemporaryAllocation(byteCount: 96, alignment: 8) { scratch in
      let digest = UnsafeMutableRawBufferPointer(rebasing: scratch[..<32])
      var count: Int = 0
      // Without memory for a hash context there is nothing left to do but give an empty name.
      guard
        EVP_Q_digest(
          nil, "SHA256", nil, bytes.baseAddress, bytes.count,
          digest.baseAddress?.assumingMemoryBound(to: UInt8.self), &count) == 1
      else { return "" }
      let hex = UnsafeMutableRawBufferPointer(rebasing: scratch[32...])
      let written = ASCII.hexEncode(UnsafeRawBufferPointer(digest), into: hex)
      return String(decoding: UnsafeRawBufferPointer(rebasing: hex[..<written]), as: UTF8.self)
    }
  }
}
