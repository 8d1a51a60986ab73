// What a bad file is told: every problem, its place, and what was probably meant.

import Testing

@testable import Settings

@Suite struct RefusalTests {
  @Test func unknownKeysNameTheNearest() {
    #expect(
      problems(Samples.minimal("reciever:\n  port: 1")) == [
        "h.yaml:17:1: reciever: unknown key; did you mean receiver?"
      ])
    #expect(
      problems(Samples.minimal("receiver:\n  prot: 1")) == [
        "h.yaml:18:3: receiver.prot: unknown key; did you mean port?"
      ])
    #expect(
      problems(Samples.minimal(kafka: "  zzzzzzzzz: 1")) == [
        "h.yaml:3:3: kafka.zzzzzzzzz: unknown key; known here: bootstrap_servers, topics, "
          + "properties"
      ])
  }

  @Test func allProblemsAreToldInTheOrderOfTheLines() {
    let text = """
      receiver:
        port: many
        admin_port: 70000
        linger_ms: [3]
        threads:
      kafka:
        bootstrap_servers: nowhere
        topics: events
      sources:
        crm:
          provider: hubspt
          secrets: [plain]
      sinks:
        "bad name": {sqlite: a.db}
      """
    #expect(
      problems(text, scope: [.receiver]) == [
        "h.yaml:2:3: receiver.port: must be a whole number, not \"many\"",
        "h.yaml:3:3: receiver.admin_port: must be 0 to 65535, not 70000",
        "h.yaml:4:14: receiver.linger_ms: must be one value, not a list",
        "h.yaml:5:11: receiver.threads: has no value",
        "h.yaml:7:3: kafka.bootstrap_servers: must be host:port,host:port; \"nowhere\" is not",
        "h.yaml:8:11: kafka.topics: must be a mapping of keys to values",
        "h.yaml:11:5: sources.crm.provider: no provider is named \"hubspt\"; did you mean hubspot?",
        "h.yaml:12:15: sources.crm.secrets[0]: write where the secret is: env:NAME, file:PATH or "
          + "text:VALUE",
        "h.yaml:14:3: sinks.bad name: a name is 1 to 64 letters, digits, '-' or '_', and begins "
          + "with a letter or digit",
      ])
  }

  @Test func aSinkIsExactlyOneDatabase() {
    #expect(
      problems(
        Samples.minimal("  two: {sqlite: b.db, postgres: text:x}\n  none: {inbox_keep_ms: 9}"))
        == [
          "h.yaml:18:3: sinks.two: names two databases: keep sqlite or postgres",
          "h.yaml:19:10: sinks.none.inbox_keep_ms: must be 3600000 to 315360000000, not 9",
          "h.yaml:19:3: sinks.none: names no database: sqlite or postgres",
        ])
  }

  @Test func brokenYAMLNamesTheLine() {
    let unclosed = problems("kafka:\n  bootstrap_servers: \"a\n")
    #expect(unclosed.count == 1)
    #expect(unclosed[0].hasPrefix("h.yaml:3:1: not valid YAML: "))
    #expect(
      problems("kafka:\n  a: 1\n  a: 2\n") == [
        "h.yaml:2:3: the key a stands here more than once"
      ])
    #expect(problems("a: b: c")[0].hasPrefix("h.yaml:1:5: not valid YAML: "))
    #expect(problems("a: *b")[0].hasPrefix("h.yaml:1:4: not valid YAML: "))
    #expect(problems("[1, 2]")[0].hasPrefix("h.yaml:1:1: must be a mapping"))
  }

  @Test func noErrorShowsWhatElseTheFileHolds() {
    let text = "sources: {crm: {secrets: [\"text:hush\"]}}\n"
    for broken in [text + "a: b: c", text + "sources: {}", text + "kafka: \"x", text + "k: 1"] {
      #expect(!problems(broken).joined().contains("hush"))
    }
  }

  @Test func aTreeOfAliasesIsRefused() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...7 {
      let items = (0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ", ")
      text += "a\(level): &a\(level) [\(items)]\n"
    }
    #expect(problems(text)[0].contains("more than 100000 values"))
  }

  @Test func requiredValuesAreMissed() {
    #expect(
      problems("receiver: {}") == [
        "h.yaml: kafka.bootstrap_servers: is missing and has no default",
        "h.yaml: pipelines: at least one pipeline is needed",
        "h.yaml: sources: at least one source is needed",
      ])
    #expect(
      problems("", scope: []) == [
        "h.yaml: kafka.bootstrap_servers: is missing and has no default"
      ])
  }

  @Test(arguments: [
    (["receiver: {message_timeout_ms: 5000}"], "receiver.message_timeout_ms"),
    (["receiver: {socket_timeout_ms: 4000}"], "receiver.socket_timeout_ms"),
    (["receiver: {message_timeout_ms: 2500}"], "receiver.socket_timeout_ms"),
    (
      ["receiver: {body_bytes_max: 60000000, in_flight_bytes_max: 65536}"],
      "receiver.body_bytes_max"
    ),
    (["receiver: {admin_port: 8080}"], "receiver.admin_port"),
    (["receiver: {port: 8082}"], "consumer.admin_port"),
    (["consumer: {in_flight_max: 65, window_records_max: 64}"], "consumer.in_flight_max"),
    (["consumer: {retry_base_ms: 20, retry_max_ms: 19}"], "consumer.retry_base_ms"),
    (["consumer: {max_poll_interval_ms: 29999}"], "consumer.session_timeout_ms"),
    (["consumer: {drain_timeout_ms: 300000}"], "consumer.drain_timeout_ms"),
  ])
  func limitsThatContradictEachOther(more: [String], key: String) {
    let found = problems(Samples.minimal(more.joined(separator: "\n")))
    #expect(found.count == 1)
    #expect(found.first?.contains(": \(key): ") == true, "\(found)")
  }

  @Test func anUnreadableSettingIsNotComparedToo() {
    #expect(problems(Samples.minimal("receiver: {message_timeout_ms: x}")).count == 1)
  }

  @Test func equalTimeoutsAreAllowedOnlyAtTheTop() throws {
    let read = try parse(Samples.minimal("receiver: {message_timeout_ms: 4500}"))
    #expect(read.receiver.messageTimeoutMs == 4500)
  }

  @Test func pipelinesNameWhatThereIs() {
    let text = Samples.minimal(
      pipeline: "  other:\n    from: cmr\n    to: lake\n    fetch: {provider: hubspot}")
    #expect(
      problems(text) == [
        "h.yaml:15:5: pipelines.other.from: no source is named \"cmr\"; did you mean crm?",
        "h.yaml:16:5: pipelines.other.to: no sink is named \"lake\"",
        "h.yaml:17:5: pipelines.other.fetch.base_url: is missing and has no default",
      ])
  }

  @Test func deadLettersDoNotGoBackIntoTheEvents() {
    #expect(
      problems(Samples.minimal(kafka: "  topics: {events: a, dead_letters: a}"))[0].contains(
        "kafka.topics.dead_letters: must not be"))
  }

  @Test(arguments: [
    ("provider: hubspot", "public_url: is missing: provider hubspot"),
    ("provider: hubspot\n    public_url: hooks.example.com", "public_url: must be a URL"),
    ("provider: hubspot\n    public_url: https://u:p@h/x", "must not carry a user name"),
    ("provider: hmac", "signature: is missing"),
    ("provider: standard-webhooks\n    signature: {header: X}", "signature: is only for"),
    ("provider: hmac\n    signature: {}", "signature.header: is missing"),
    ("provider: hmac\n    signature: {header: X, hash: md5}", "signature.hash: unknown value"),
    ("provider: hmac\n    signature: {header: 'X Y'}", "must be the name of a header"),
    ("provider: hmac\n    signature: {header: X, signed: '{id}'}", "must contain {body}"),
    ("provider: hmac\n    signature: {header: X, signed: '{bdy}{body}'}", "unknown part {bdy}"),
    ("provider: hmac\n    signature: {header: X, signed: '{body'}", "braces do not match"),
    (
      "provider: hmac\n    signature: {header: X, signed: '{timestamp}{body}'}",
      "timestamp: is missing"
    ),
    ("provider: hmac\n    signature: {header: X, tolerance_s: 5}", "tolerance_s: needs"),
    (
      "provider: hmac\n    signature: {header: X, timestamp: 'header:T'}",
      "timestamp: is not signed"
    ),
    (
      "provider: hmac\n    signature: {header: X, signed: '{url}{body}'}",
      "public_url: is missing: {url}"
    ),
    ("provider: standard-webhooks\n    event: {id: X-Id}", "event.id: must be header:NAME"),
  ])
  func sourcesThatCouldNotVerify(source: String, message: String) {
    let found = problems(
      Samples.minimal(source: "  bad:\n    secrets: [text:a]\n    \(source)"))
    #expect(found.count == 1, "\(found)")
    #expect(found.first?.contains(message) == true, "\(found)")
    #expect(found.first?.contains("sources.bad.") == true)
  }

  @Test(arguments: [
    ("recevier", "receiver"), ("PORT", "port"), ("ab", nil), ("port_admin", nil),
  ])
  func theNearestNameIsASlipAway(name: String, expected: String?) {
    #expect(NearestName.of(name, among: ["receiver", "consumer", "port", "xyz"]) == expected)
  }

  @Test func editsAreCounted() {
    #expect(NearestName.editDistance("", "abc") == 3)
    #expect(NearestName.editDistance("prot", "port") == 1)
    #expect(NearestName.editDistance("kitten", "sitting") == 3)
  }
}
