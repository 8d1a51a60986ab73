// Compressed request bodies back to what was compressed, never more than was agreed to.

import CZlib

/// How a body was compressed, by its name in Content-Encoding.
package enum Compression: Sendable, Equatable {
  /// RFC 1952, one member.
  case gzip
  /// RFC 1950, as HTTP means the word; bare RFC 1951 data is corrupt.
  case deflate

  /// zlib's number for the format: the largest window, and 16 more for gzip's header.
  fileprivate var windowBits: Int32 { self == .gzip ? 31 : 15 }
}

/// Why a body was not inflated.
package enum InflationError: Error, Sendable, Equatable {
  /// Not this format, a wrong checksum, or bytes behind the end.
  case corrupt
  /// It ends before its end.
  case truncated
  /// More than `bytesMax` would come out.
  case tooLong
  /// `admit` said no.
  case notAdmitted
  /// zlib has no memory.
  case outOfMemory
}

package enum Inflater {
  /// What comes out between two looks at the limits.
  static let stepBytes = 65_536

  /// Everything that was compressed. The limits are looked at before each step, so a bomb costs no
  /// more memory than `bytesMax` and one step. `admit` is asked for each step's bytes before they
  /// are kept; what it has granted when this throws is the caller's to give back. Any thread;
  /// blocks for as long as the work takes, about a millisecond for each 300 KB that come out.
  package static func inflate(
    _ input: UnsafeRawBufferPointer, _ compression: Compression, bytesMax: Int,
    admit: (Int) -> Bool
  ) throws(InflationError) -> [UInt8] {
    // zlib remembers where its stream lies, so it must not move: all happens inside one closure.
    var stream = z_stream()
    let result = withUnsafeMutablePointer(to: &stream) { stream in
      Result { () throws(InflationError) in
        let opened = inflateInit2_(
          stream, compression.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard opened == Z_OK else { throw .outOfMemory }
        defer { inflateEnd(stream) }
        return try run(stream, input, bytesMax, admit)
      }
    }
    return try result.get()
  }

  private static func run(
    _ stream: UnsafeMutablePointer<z_stream>, _ input: UnsafeRawBufferPointer, _ bytesMax: Int,
    _ admit: (Int) -> Bool
  ) throws(InflationError) -> [UInt8] {
    // zlib only reads there; the type lacks const.
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(clamping: input.count)
    var output: [UInt8] = []
    output.reserveCapacity(min(bytesMax, max(1024, input.count &* 4)))
    return try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: stepBytes) { step in
      Result { () throws(InflationError) in
        while true {
          stream.pointee.next_out = step.baseAddress
          stream.pointee.avail_out = UInt32(stepBytes)
          let status = CZlib.inflate(stream, Z_NO_FLUSH)
          let count = stepBytes - Int(stream.pointee.avail_out)
          guard count <= bytesMax - output.count else { throw .tooLong }
          guard admit(count) else { throw .notAdmitted }
          output.append(contentsOf: step[..<count])
          switch status {
          case Z_STREAM_END:
            guard stream.pointee.avail_in == 0 else { throw .corrupt }
            return output
          case Z_OK where count > 0 || stream.pointee.avail_in > 0: continue
          case Z_OK, Z_BUF_ERROR: throw .truncated
          case Z_MEM_ERROR: throw .outOfMemory
          default: throw .corrupt
          }
        }
      }
    }.get()
  }
}
