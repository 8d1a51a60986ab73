// The rules as data: what may be imported, how long things may be, what may not be written.

/// Modules of the toolchain that any target that does I/O may use. Full Foundation is not one.
private let system = ["FoundationEssentials", "Glibc", "Synchronization", "Dispatch"]
private let nio = ["NIOCore", "NIOPosix", "NIOHTTP1"]
private let lifecycle = ["ServiceLifecycle", "UnixSignals"]

/// What a target may import. Rows for targets that are not there yet do no harm.
struct ImportRow {
  var target: String
  /// Pure: no I/O, and no unsafe construct.
  var isPure = false
  var allowed: [String]
}

enum Rules {
  static let imports: [ImportRow] = [
    ImportRow(target: "Model", isPure: true, allowed: ["FoundationEssentials"]),
    ImportRow(target: "Lanes", isPure: true, allowed: ["Model", "FoundationEssentials"]),

    ImportRow(target: "Settings", allowed: system + ["Model", "Yams"]),
    ImportRow(target: "Telemetry", allowed: system + ["Model", "CMimalloc", "Logging"]),
    ImportRow(target: "JSONText", allowed: system + ["CSimdJSON"]),
    ImportRow(target: "XMLText", allowed: system + ["CExpat"]),
    // Signatures lie in JSON bodies too.
    ImportRow(target: "Signatures", allowed: system + ["Model", "JSONText", "COpenSSL"]),
    ImportRow(
      target: "Providers",
      allowed: system + ["Model", "Settings", "Signatures", "JSONText", "XMLText"]),
    ImportRow(target: "Kafka", allowed: system + ["Model", "CRdKafka"]),
    // The answers of token end points are JSON.
    ImportRow(target: "HTTPClient", allowed: system + ["Model", "JSONText", "CCurl"]),
    ImportRow(target: "Stores", allowed: system + ["Model", "CSQLite", "CPostgres"]),
    ImportRow(target: "Inflation", allowed: system + ["CZlib"]),
    ImportRow(target: "Mapping", allowed: system + ["Model", "JSONText", "CJq"]),
    ImportRow(target: "AdminServer", allowed: system + nio + ["Telemetry"]),

    ImportRow(
      target: "Sandbox",
      allowed: system + nio + ["Model", "Signatures", "HTTPClient", "JSONText"]),
    ImportRow(
      target: "ReceiverService",
      allowed: system + nio + lifecycle + [
        "Model", "Settings", "Signatures", "Providers", "JSONText", "Kafka", "Stores", "Telemetry",
        "AdminServer", "Inflation", "HTTPClient", "Logging", "NIOSSL", "NIOTLS",
      ]),
    ImportRow(
      target: "ConsumerService",
      allowed: system + lifecycle + [
        "Model", "Settings", "Lanes", "Signatures", "Providers", "JSONText", "Kafka",
        "HTTPClient", "Stores", "Telemetry", "AdminServer", "Logging",
      ]),
    ImportRow(
      target: "OperatorCLI",
      allowed: system + lifecycle + [
        "Model", "Settings", "Signatures", "Providers", "JSONText", "Kafka", "HTTPClient",
        "Stores", "Telemetry", "AdminServer", "Sandbox", "ReceiverService", "ConsumerService",
        "ArgumentParser", "Logging",
      ]),

    ImportRow(target: "KafkaTestSupport", allowed: system),
    ImportRow(target: "PostgresTestSupport", allowed: system),

    ImportRow(
      target: "Fuzzing",
      allowed: system + nio + [
        "NIOEmbedded", "Model", "Settings", "Signatures", "Providers", "ReceiverService",
      ]),
    ImportRow(target: "hookferry-fuzz", allowed: ["Fuzzing", "ArgumentParser"]),
    ImportRow(target: "Chaos", allowed: system + ["Model", "Kafka", "Sandbox", "Stores"]),
    ImportRow(target: "hookferry-chaos", allowed: ["Chaos", "ArgumentParser"]),
    ImportRow(
      target: "Benchmarking",
      allowed: system + nio + lifecycle + [
        "Model", "Settings", "Signatures", "Providers", "Kafka", "HTTPClient", "Telemetry",
        "ReceiverService", "ConsumerService", "ArgumentParser", "Logging",
      ]),
    ImportRow(target: "hookferry-bench", allowed: ["Benchmarking", "ArgumentParser"]),

    ImportRow(target: "hookferry", allowed: ["OperatorCLI", "ArgumentParser"]),
    ImportRow(target: "hookferry-receiver", allowed: ["ReceiverService", "ArgumentParser"]),
    ImportRow(target: "hookferry-consumer", allowed: ["ConsumerService", "ArgumentParser"]),
  ]

  /// Targets without Swift: module maps and the C and C++ shims.
  static let withoutSwift = [
    "CRdKafka", "CCurl", "COpenSSL", "CSQLite", "CPostgres", "CJq", "CSimdJSON", "CZlib",
    "CExpat", "CMimalloc",
  ]

  static let sourceLinesMax = 400
  static let testLinesMax = 600
  static let functionLinesMax = 70
  static let columnsMax = 100
  static let executableLinesMax = 40
  static let uncheckedMax = 8
  static let fileBytesMax = 256 << 10

  /// Where a ban holds.
  enum Area { case sources, tests, everywhere }

  /// Code that is not written, with what to do instead. `pattern` is a regular expression over
  /// code without comments and strings.
  struct Ban {
    var area: Area
    var pattern: String
    var instead: String
  }

  static let bans: [Ban] = [
    Ban(area: .sources, pattern: #"\btry!"#, instead: "handle the error, or let it through"),
    Ban(area: .sources, pattern: #"\bas!"#, instead: "as? with an answer to nil"),
    Ban(
      area: .sources, pattern: #"(?<![\w.])(debugPrint|print|Swift\.print)\("#,
      instead: "a logger, or the command line's output"),
    Ban(
      area: .sources, pattern: #"\bnonisolated\(unsafe\)"#,
      instead: "a Mutex, an Atomic or an actor"),
    Ban(area: .sources, pattern: #"@preconcurrency\b"#, instead: "a Sendable type of our own"),
    Ban(area: .sources, pattern: #"@testable\b"#, instead: "access level package"),
    Ban(
      area: .tests, pattern: #"\bTask\.sleep\b|(?<![\w.])(u|nano)?sleep\("#,
      instead: "await the event itself"),
    Ban(
      area: .everywhere,
      pattern: #"\b(class|struct|enum|actor|protocol|typealias)\s+\w*(Manager|Helper|Util)"#,
      instead: "the noun of what it is"),
  ]

  /// Notes to self, in comments.
  static let bannedComments = ["FIXME", "TODO", "XXX"]

  /// The project speaks of itself alone. Put together here so that this file does not match.
  static let bannedPhrases =
    [
      ["..", "shared"], ["", "work", ""], ["", "tmp", "w", ""], ["", "opt", "swift"],
      ["", "root", ""], ["", "opt", "wheels"],
    ].map { $0.joined(separator: "/") }
    + [
      ["pypi", "org"], ["pythonhosted", "org"], ["crates", "io"],
    ].map { $0.joined(separator: ".") }
}
