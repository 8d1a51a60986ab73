// The date form of HTTP headers.

internal import Model

/// Writes RFC 9110's IMF-fixdate.
enum HTTPDate {
  private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// `Sun, 06 Nov 1994 08:49:37 GMT`; milliseconds since the Unix epoch, not before it.
  static func text(ms: Int64) -> String {
    let text = Array(Timestamp(ms: ms).text)
    let month = Int(String(text[5..<7])) ?? 1
    let day = days[Int(max(ms, 0) / 86_400_000 % 7)]
    return "\(day), \(String(text[8..<10])) \(months[month - 1]) \(String(text[0..<4])) "
      + "\(String(text[11..<19])) GMT"
  }
}
