// Request bodies with a Content-Encoding, inflated within the limits.

import Inflation
import Model
import Settings

enum BodyCoding {
  /// What was compressed, and how many bytes were admitted for it, also when it is refused.
  static func inflate(
    _ body: UnsafeRawBufferPointer, _ coding: RequestHead.Coding, _ shard: Shard
  ) -> (Result<[UInt8], Rejection>, admitted: Int) {
    let settings = shard.settings
    let bytesMax = min(settings.edge.inflatedBytesMax, settings.inFlightBytesMax)
    var admitted = 0
    do throws(InflationError) {
      let inflated = try Inflater.inflate(
        body, coding == .gzip ? .gzip : .deflate, bytesMax: bytesMax
      ) { count in
        guard shard.admission.admitBytes(count) else { return false }
        admitted += count
        return true
      }
      return (.success(inflated), admitted)
    } catch {
      let rejection: Rejection =
        switch error {
        case .corrupt, .truncated: .badRequest
        case .tooLong: .bodyTooLarge
        case .notAdmitted, .outOfMemory: .overloaded
        }
      return (.failure(rejection), admitted)
    }
  }
}
