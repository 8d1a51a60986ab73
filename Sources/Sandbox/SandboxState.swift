// Everything the fake CRM knows, and the way from a request to its answer.

/// A complete request as the server read it.
struct SandboxRequest: Sendable {
  var method: String
  /// Percent-decoded, without empty parts.
  var path: [String]
  /// Percent-decoded, in order.
  var query: [(name: String, value: String)]
  var authorization: String?
  var body: [UInt8]

  init(method: String, target: String, authorization: String? = nil, body: [UInt8] = []) {
    self.method = method
    self.authorization = authorization
    self.body = body
    let parts = target.split(separator: "?", maxSplits: 1)
    path = (parts.first ?? "").split(separator: "/").map(Self.decoded)
    query = (parts.count > 1 ? parts[1] : "").split(separator: "&").map { pair in
      let sides = pair.split(separator: "=", maxSplits: 1)
      return (Self.decoded(sides.first ?? ""), sides.count > 1 ? Self.decoded(sides[1]) : "")
    }
  }

  /// A broken escape stays as it is.
  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest.removeFirst(2)
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// The answer to a request, and what else it sets going.
struct SandboxReply: Sendable {
  var status: Int
  var headers: [(String, String)] = []
  var body: [UInt8] = []
  var delayMs: Int64 = 0
  /// The connection ends instead.
  var isDropped = false
  /// Counted under this name.
  var endpoint = "other"
  var effect: Effect = .none

  enum Effect: Sendable {
    case none
    case deliver([WebhookEvent])
    case poison(Int)
    case target(url: String, publicURL: String?)
  }

  static func json(_ status: Int, _ value: some Encodable) -> SandboxReply {
    SandboxReply(status: status, body: JSONBody.encode(value))
  }

  static func error(
    _ status: Int, _ message: String, _ category: String, policyName: String? = nil
  ) -> SandboxReply {
    .json(status, ErrorAnswer(message: message, category: category, policyName: policyName))
  }
}

/// How often the records were read, and how well callers did as they were told.
package struct SandboxReads: Sendable, Equatable, Encodable {
  /// Reads of one record that were answered, 404 included.
  package internal(set) var singles = 0
  /// Batch reads that were answered.
  package internal(set) var batchCalls = 0
  /// Records asked for in them.
  package internal(set) var batchIds = 0
  /// Requests with an expired or unknown token.
  package internal(set) var unauthorized = 0
  /// Requests answered 429.
  package internal(set) var throttled = 0
  /// Requests that came while a Retry-After ran that somebody had been given 100 ms before.
  package internal(set) var callsWhileThrottled = 0
  /// Connections ended instead of an answer.
  package internal(set) var dropped = 0
  /// Access tokens issued.
  package internal(set) var tokensIssued = 0

  package init() {}

  /// Records read, one at a time or many.
  package var ids: Int { singles + batchIds }
}

/// How often an endpoint answered with a status.
package struct SandboxRequestCount: Sendable, Equatable, Encodable {
  /// `read`, `batch_read`, `token`, `control`, `other`
  package let endpoint: String
  package let status: Int
  package let count: Int
}

/// The server's state behind its lock. Pure: time and progress come from the caller.
struct SandboxState: Sendable {
  var tokens: TokenTable
  var objects: ObjectTable
  var plan = FaultPlan()
  private var counts: [CountKey: Int] = [:]

  private struct CountKey: Hashable {
    let endpoint: String
    let status: Int
  }

  init(_ options: SandboxOptions) {
    tokens = TokenTable(options)
    objects = ObjectTable(portalId: options.portalId)
  }

  mutating func setFaults(_ faults: SandboxFaults, nowMs: Int64) {
    plan.set(faults, nowMs: nowMs)
    objects.hasEqualTimestamps = faults.equalTimestamps
  }

  /// By endpoint, then status.
  var requestCounts: [SandboxRequestCount] {
    counts.map { SandboxRequestCount(endpoint: $0.endpoint, status: $0.status, count: $1) }
      .sorted { ($0.endpoint, $0.status) < ($1.endpoint, $1.status) }
  }

  mutating func handle(
    _ request: SandboxRequest, progress: SandboxProgress, nowMs: Int64
  ) -> SandboxReply {
    var reply: SandboxReply
    switch request.path.first {
    case "crm": reply = crm(request, nowMs: nowMs)
    case "oauth":
      reply = token(request, nowMs: nowMs)
      reply.endpoint = "token"
    case "sandbox":
      reply = control(request, progress: progress, nowMs: nowMs)
      reply.endpoint = "control"
    default: reply = .error(404, "no such path", "NOT_FOUND")
    }
    counts[CountKey(endpoint: reply.endpoint, status: reply.status), default: 0] += 1
    return reply
  }
}
