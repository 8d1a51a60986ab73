// The Retry-After header, in both of its forms.

internal import CCurl

/// Reads `Retry-After`.
package enum RetryAfter {
  /// Longer waits are cut to this: 30 days.
  package static let msMax: Int64 = 30 * 86_400_000

  /// Milliseconds from `nowMs` (since the Unix epoch); 0 for a date gone by; nil when the text is
  /// neither a whole number of seconds nor an HTTP date.
  package static func ms(_ text: String, nowMs: Int64) -> Int64? {
    let digits = text.utf8
    if !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) {
      guard let seconds = Int64(text), seconds <= msMax / 1000 else { return msMax }
      return seconds * 1000
    }
    // curl reads all three forms that RFC 9110 asks for; a weekday comes first in each.
    guard let first = digits.first, !(0x30...0x39).contains(first), text.contains(":") else {
      return nil
    }
    let seconds = curl_getdate(text, nil)
    guard seconds >= 0 else { return nil }
    return min(max(Int64(seconds) * 1000 - nowMs, 0), msMax)
  }
}
