// Handshakes and answers as the providers want them, over the wire.

import Foundation
import Model
import Providers
import Signatures
import Testing

@testable import ReceiverService

@Suite(.timeLimit(.minutes(1))) struct HandshakeTests {
  let publisher = FakePublisher()
  static let limits = [
    "request_deadline_ms: 2900", "message_timeout_ms: 2800", "socket_timeout_ms: 1000",
  ]
  static let sources = [
    "slack: {provider: slack, secrets: [\"text:s3cret\"]}",
    "graph: {provider: msgraph, secrets: [\"text:state\"]}",
    "meta: {provider: meta, secrets: [\"text:s3cret\"], handshake_secret: \"text:word\"}",
    "xero: {provider: xero, secrets: [\"text:s3cret\"]}",
    "sugar: {provider: mailchimp, secrets: [\"text:pa th\"]}",
    "force: {provider: salesforce, secrets: [\"text:unguessable\"]}",
    "woo: {provider: woocommerce, secrets: [\"text:s3cret\"]}",
    "twins: {provider: hmac, secrets: [\"text:one\", \"text:two\"], signature: {header: X-Sig}, "
      + "shadow: {secrets: [\"text:two\"]}}",
  ]

  private func ask(
    _ harness: Harness, _ path: String, method: String = "POST", _ body: String = "",
    headers: [(String, String)] = []
  ) async throws -> Answer {
    let sender = try await harness.connect()
    try await sender.send(
      Harness.request(body, path: path, method: method, headers: headers))
    return try await sender.answer()
  }

  private func signed(
    _ scheme: String, _ body: String, secret: String = "s3cret"
  ) throws -> [(String, String)] {
    try Signer(Scheme.builtIn(scheme), secret: secret).headers(
      target: "/", body: Array(body.utf8), nowMs: Int64(Date().timeIntervalSince1970 * 1000))
  }

  @Test func challengesAreAnsweredAndNotStored() async throws {
    try await Harness.with(publisher: publisher, Self.limits, sources: Self.sources) { harness in
      let challenge = #"{"type":"url_verification","challenge":"abc<b>"}"#
      let slack = try await ask(
        harness, "/hooks/slack", challenge, headers: try signed("slack-v0", challenge))
      #expect(slack.status == 200)
      #expect(slack.body == "abc<b>")
      #expect(slack.header("content-type") == "text/plain; charset=utf-8")
      #expect(slack.header("x-content-type-options") == "nosniff")
      // Whoever cannot sign hears nothing back.
      #expect(try await ask(harness, "/hooks/slack", challenge).status == 401)

      let graph = try await ask(harness, "/hooks/graph?validationToken=a%20b%3A+c")
      #expect(graph.status == 200 && graph.body == "a b: c")
      let long = String(repeating: "x", count: 5000)
      #expect(try await ask(harness, "/hooks/graph?validationToken=\(long)").status == 400)

      let hub = "/hooks/meta?hub.mode=subscribe&hub.challenge=115&hub.verify_token="
      let meta = try await ask(harness, hub + "word", method: "GET")
      #expect(meta.status == 200 && meta.body == "115")
      let wrong = try await ask(harness, hub + "other", method: "GET")
      #expect(wrong.status == 403)
      #expect(!wrong.body.contains("115"))
      #expect(try await ask(harness, "/hooks/meta", method: "GET").status == 405)
      #expect(try await ask(harness, "/hooks/slack", method: "GET").status == 405)

      #expect(try await ask(harness, "/hooks/woo", "webhook_id=7").status == 200)
      #expect(try await ask(harness, "/hooks/woo", "other=7").status == 401)
      #expect(publisher.published.isEmpty)
      _ = try await harness.metrics {
        $0.contains(#"requests_total{source="slack",reason="handshake"} 1"#)
      }
    }
  }

  @Test func answersHaveTheShapeThatProvidersWant() async throws {
    try await Harness.with(publisher: publisher, Self.limits, sources: Self.sources) { harness in
      let good = try await ask(
        harness, "/hooks/xero", "{}", headers: try signed("xero-signature", "{}"))
      #expect(good.status == 200 && good.body.isEmpty)
      let bad = try await ask(harness, "/hooks/xero", "{}", headers: [("x-xero-signature", "x")])
      #expect(bad.status == 401 && bad.body.isEmpty)
      #expect(good.header("set-cookie") == nil)

      let ack = try await ask(harness, "/hooks/force/unguessable", "<a/>")
      #expect(ack.status == 200)
      #expect(ack.body.contains("<Ack>true</Ack>"))
      #expect(ack.header("content-type") == "text/xml; charset=utf-8")
      let refused = try await ask(harness, "/hooks/force/guessed", "<a/>")
      #expect(refused.status == 401)
      #expect(!refused.body.contains("Ack"))
      #expect(try await ask(harness, "/hooks/force", "<a/>").status == 401)
      // What follows the name is for sources with a secret there.
      #expect(try await ask(harness, "/hooks/slack/x", "{}").status == 404)

      #expect(try await ask(harness, "/hooks/sugar/pa%20th", "a=1").status == 200)
      #expect(try await ask(harness, "/hooks/sugar/pa%20th", method: "GET").status == 200)
      #expect(try await ask(harness, "/hooks/sugar/other", method: "GET").status == 401)

      let state = #"{"value":[{"clientState":"state"}]}"#
      #expect(try await ask(harness, "/hooks/graph", state).status == 202)
    }
  }

  @Test func aShadowIsCountedAndDecidesNothing() async throws {
    try await Harness.with(publisher: publisher, Self.limits, sources: Self.sources) { harness in
      let scheme = Scheme(name: "hmac", header: "X-Sig")
      for (secret, status) in [("one", 200), ("two", 200), ("three", 401)] {
        let headers = try Signer(scheme, secret: secret)
          .headers(target: "/", body: Array("{}".utf8), nowMs: 0)
        #expect(try await ask(harness, "/hooks/twins", "{}", headers: headers).status == status)
      }
      let text = try await harness.metrics { $0.contains("receiver_shadow_total") }
      for line in [
        #"verified_total{source="twins",scheme="hmac",secret_index="0"} 1"#,
        #"verified_total{source="twins",scheme="hmac",secret_index="1"} 1"#,
        #"shadow_total{source="twins",result="match"} 1"#,
        #"shadow_total{source="twins",result="mismatch"} 1"#,
        #"shadow_total{source="twins",result="neither"} 1"#,
        #"shadow_total{source="twins",result="only_shadow"} 0"#,
      ] {
        #expect(text.contains(line), "\(line)")
      }
    }
  }

  @Test func aSecretInTheURLIsInNoLogLine() async throws {
    let log = LogMemory()
    try await Harness.with(
      publisher: publisher, Self.limits, sources: Self.sources, logger: log.logger
    ) { harness in
      let wrong = try await ask(harness, "/hooks/force/unguessabl", "<a/>")
      let right = try await ask(harness, "/hooks/force/unguessable?code=hush", "<a/>")
      #expect(wrong.status == 401)
      #expect(right.status == 200)
    }
    #expect(!log.lines(with: "refused").isEmpty)
    #expect(log.lines(with: "unguessab").isEmpty)
    #expect(log.lines(with: "hush").isEmpty)
  }
}
