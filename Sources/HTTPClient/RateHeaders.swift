// Which headers tell of which quota, by provider, as data. Headers that are not there, or say
// something else than expected, give no window: they are hints, never a reason to fail.

/// Reads the rate headers of one provider's answers.
package struct RateHeaders: Sendable {
  /// One quota and where its numbers stand.
  struct Rule: Sendable {
    enum Form: Sendable {
      /// A number a header; any of them may be missing, but not all.
      case numbers(limit: String?, remaining: String?, reset: String?)
      /// `32/40`: used and limit.
      case usedOf(String)
      /// `api-usage=18/5000, api-bursts=1/750`: the same, under a name.
      case namedUsedOf(String, name: String)
      /// `"default";r=50;t=30` or `limit=100, remaining=50, reset=30`
      case fields(String)
    }

    var name: String
    var form: Form
    var windowS: Int64?
    /// A header with the window's length in milliseconds; wins over `windowS`.
    var windowMsHeader: String?
  }

  private static let dayS: Int64 = 86_400

  /// By the provider's name in the catalogue; the rest are read by `generic`.
  static let byProvider: [String: [Rule]] = [
    "hubspot": [
      Rule(
        name: "burst",
        form: .numbers(
          limit: "X-HubSpot-RateLimit-Max", remaining: "X-HubSpot-RateLimit-Remaining", reset: nil),
        windowMsHeader: "X-HubSpot-RateLimit-Interval-Milliseconds"),
      Rule(
        name: "day",
        form: .numbers(
          limit: "X-HubSpot-RateLimit-Daily", remaining: "X-HubSpot-RateLimit-Daily-Remaining",
          reset: nil), windowS: dayS),
    ],
    "salesforce": [
      Rule(name: "day", form: .namedUsedOf("Sforce-Limit-Info", name: "api-usage"), windowS: dayS),
      Rule(name: "burst", form: .namedUsedOf("Sforce-Limit-Info", name: "api-bursts")),
    ],
    "dataverse": [
      Rule(
        name: "burst",
        form: .numbers(
          limit: nil, remaining: "x-ms-ratelimit-burst-remaining-xrm-requests", reset: nil),
        windowS: 300),
      Rule(
        name: "execution_seconds",
        form: .numbers(
          limit: nil, remaining: "x-ms-ratelimit-time-remaining-xrm-requests", reset: nil),
        windowS: 300),
    ],
    // A bucket that leaks 2 a second.
    "shopify": [
      Rule(name: "bucket", form: .usedOf("X-Shopify-Shop-Api-Call-Limit"), windowS: 20)
    ],
    "zoho": [
      Rule(
        name: "day", form: .numbers(limit: nil, remaining: "X-API-CREDITS-REMAINING", reset: nil),
        windowS: dayS)
    ] + generic,
    "xero": [
      Rule(
        name: "minute", form: .numbers(limit: nil, remaining: "X-MinLimit-Remaining", reset: nil),
        windowS: 60),
      Rule(
        name: "day", form: .numbers(limit: nil, remaining: "X-DayLimit-Remaining", reset: nil),
        windowS: dayS),
      Rule(
        name: "app_minute",
        form: .numbers(limit: nil, remaining: "X-AppMinLimit-Remaining", reset: nil), windowS: 60),
    ],
    "linear": [
      Rule(
        name: "requests",
        form: .numbers(
          limit: "X-RateLimit-Requests-Limit", remaining: "X-RateLimit-Requests-Remaining",
          reset: "X-RateLimit-Requests-Reset"), windowS: 3600)
    ],
    "github": [
      Rule(
        name: "hour",
        form: .numbers(
          limit: "X-RateLimit-Limit", remaining: "X-RateLimit-Remaining",
          reset: "X-RateLimit-Reset"), windowS: 3600)
    ],
    // Stripe says nothing but 429.
    "stripe": [],
  ]

  static let generic: [Rule] = [
    Rule(name: "default", form: .fields("RateLimit")),
    Rule(
      name: "default",
      form: .numbers(
        limit: "RateLimit-Limit", remaining: "RateLimit-Remaining", reset: "RateLimit-Reset")),
    Rule(
      name: "default",
      form: .numbers(
        limit: "X-RateLimit-Limit", remaining: "X-RateLimit-Remaining",
        reset: "X-RateLimit-Reset")),
    Rule(
      name: "default",
      form: .numbers(
        limit: "X-Rate-Limit", remaining: "X-Rate-Limit-Remaining", reset: "X-Rate-Limit-Reset")),
  ]

  private let rules: [Rule]

  package init(provider: String) { rules = Self.byProvider[provider] ?? Self.generic }

  /// The quotas that this answer tells of; `epochMs` is the time by the calendar.
  package func windows(in headers: HTTPHeaders, epochMs: Int64) -> [RateWindow] {
    var windows: [RateWindow] = []
    for rule in rules {
      guard let window = Self.window(rule, headers, epochMs),
        !windows.contains(where: { $0.name == window.name })
      else { continue }
      windows.append(window)
    }
    return windows
  }

  private static func window(
    _ rule: Rule, _ headers: HTTPHeaders, _ epochMs: Int64
  ) -> RateWindow? {
    var windowS = rule.windowS
    if let name = rule.windowMsHeader, let ms = headers[name].flatMap(number) {
      windowS = max(ms / 1000, 1)
    }
    var (limit, remaining, reset): (Int64?, Int64?, Int64?) = (nil, nil, nil)
    switch rule.form {
    case .numbers(let limitName, let remainingName, let resetName):
      limit = limitName.flatMap { headers[$0] }.flatMap(number)
      remaining = remainingName.flatMap { headers[$0] }.flatMap(number)
      reset = resetName.flatMap { headers[$0] }.flatMap(number)
    case .usedOf(let name): (limit, remaining) = used(headers[name])
    case .namedUsedOf(let name, let part):
      let parts = headers[name]?.split { $0 == "," || $0 == ";" }.map { $0.trimmed }
      (limit, remaining) = used(
        parts?.first { $0.hasPrefix(part + "=") }.map { String($0.dropFirst(part.count + 1)) })
    case .fields(let name):
      guard let text = headers[name] else { return nil }
      let fields = fields(text)
      limit = fields["limit"] ?? fields["q"]
      remaining = fields["remaining"] ?? fields["r"]
      reset = fields["reset"] ?? fields["t"]
      if let policy = headers[name + "-Policy"].map(Self.fields) {
        limit = limit ?? policy["q"]
        windowS = windowS ?? policy["w"]
      }
    }
    guard limit != nil || remaining != nil else { return nil }
    return RateWindow(
      rule.name, windowS: windowS, limit: limit, remaining: remaining,
      resetAtMs: reset.map { resetMs($0, epochMs) })
  }

  /// Seconds from now, seconds since the epoch or milliseconds since the epoch: which one is told
  /// by the size, since providers use all three under one name.
  private static func resetMs(_ value: Int64, _ epochMs: Int64) -> Int64 {
    if value >= 100_000_000_000 { return value }
    if value >= 1_000_000_000 { return value * 1000 }
    return epochMs + value * 1000
  }

  private static func used(_ text: String?) -> (limit: Int64?, remaining: Int64?) {
    // Salesforce may name an app behind the numbers, in brackets.
    let parts = text?.prefix { $0 != "(" }.split(separator: "/").map { number(String($0)) } ?? []
    guard parts.count == 2, let used = parts[0], let limit = parts[1] else { return (nil, nil) }
    return (limit, max(limit - used, 0))
  }

  /// The first item's `name=number` pairs.
  private static func fields(_ text: String) -> [String: Int64] {
    var fields: [String: Int64] = [:]
    for part in text.split(whereSeparator: { $0 == "," || $0 == ";" }) {
      let pair = part.split(separator: "=").map { $0.trimmed }
      if pair.count == 2, fields[pair[0]] == nil { fields[pair[0]] = number(pair[1]) }
    }
    return fields
  }

  /// A whole number, of which fractions are cut off: `1,199.87` is 1199. Nil for all else.
  private static func number(_ text: String) -> Int64? {
    let whole = text.trimmed.prefix { $0 != "." }.filter { $0 != "," }
    guard !whole.isEmpty, whole.utf8.count <= 15,
      whole.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return Int64(whole)
  }
}

extension StringProtocol {
  fileprivate var trimmed: String {
    var rest = self[...]
    while rest.first == " " { rest = rest.dropFirst() }
    while rest.last == " " { rest = rest.dropLast() }
    return String(rest)
  }
}
