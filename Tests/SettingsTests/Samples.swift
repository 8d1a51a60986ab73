// Texts and shorthands that the suites share.

import Testing

@testable import Settings

enum Samples {
  static let environment = ["HUBSPOT_CLIENT_SECRET": "s3cret", "HUBSPOT_TOKEN": "t0ken"]

  static let full = """
    kafka:
      bootstrap_servers: "broker-1:9092,broker-2:9093"
      topics: {events: crm.events, dead_letters: crm.dead}
      properties:
        security.protocol: SASL_SSL
        sasl.password: env:KAFKA_PASSWORD
    receiver:
      port: 1
      admin_port: 2
      body_bytes_max: 2_048
    sources:
      crm:
        provider: hubspot
        secrets: ["env:HUBSPOT_CLIENT_SECRET", "text:old"]
        public_url: https://hooks.example.com/hooks/crm
      shop:
        provider: hmac
        secrets: text:x
        tenant: eu
        signature:
          header: X-Signature
          prefix: "sha256="
          signed: "{timestamp}.{body}"
          timestamp: header:X-Time
          tolerance_s: 300
        event: {id: "header:X-Id", type: "json:/type", record_id: "json:/data/id"}
    consumer:
      group_id: ferry
      admin_port: 3
    pipelines:
      zebra:
        from: shop
        to: warehouse
      apple:
        from: crm
        fetch:
          provider: hubspot
          base_url: https://api.hubapi.com
          token: env:HUBSPOT_TOKEN
          properties: [email, lastname]
        to: warehouse
    sinks:
      warehouse: {sqlite: /var/lib/hookferry.db}
    """

  static let fullEnvironment = environment.merging(["KAFKA_PASSWORD": "pw"]) { $1 }

  /// The least that every program starts with, and room for one more text.
  static func minimal(
    _ more: String = "", source: String = "", kafka: String = "", pipeline: String = ""
  ) -> String {
    """
    kafka:
      bootstrap_servers: localhost:9092
    \(kafka)
    sources:
      crm:
        provider: hubspot
        secrets: [text:a]
        public_url: https://h.example/hooks/crm
    \(source)
    pipelines:
      main:
        from: crm
        to: db
    \(pipeline)
    sinks:
      db: {sqlite: a.db}
    \(more)
    """
  }
}

func parse(
  _ text: String, _ environment: [String: String] = [:], scope: ConfigurationScope = .all
) throws -> Configuration {
  try Configuration.parse(text: text, file: "h.yaml", environment: environment, scope: scope)
}

/// The problems that a text is refused with; an accepted text is a failure of the test.
func problems(
  _ text: String, _ environment: [String: String] = [:], scope: ConfigurationScope = .all,
  sourceLocation: SourceLocation = #_sourceLocation
) -> [String] {
  do {
    _ = try Configuration.parse(
      text: text, file: "h.yaml", environment: environment, scope: scope)
    Issue.record("accepted", sourceLocation: sourceLocation)
    return ["accepted"]
  } catch {
    return error.problems.map(\.description)
  }
}
