// Certificates that a request names: which are fetched, how often, and for how long they hold.

import Foundation
import Model
import Providers
import Signatures
import Synchronization
import Testing

/// Documents that the test has; they arrive when it says so.
private final class HeldDocuments: DocumentFetcher {
  private let state: Mutex<(held: [@Sendable ([UInt8]?) -> Void], urls: [String])> = Mutex(([], []))

  var urls: [String] { state.withLock { $0.urls } }

  func fetch(_ url: String, _ done: @escaping @Sendable ([UInt8]?) -> Void) {
    state.withLock {
      $0.urls.append(url)
      $0.held.append(done)
    }
  }

  func deliver(_ text: String?) {
    let held = state.withLock { state in
      defer { state.held = [] }
      return state.held
    }
    for done in held { done(text.map { Array($0.utf8) }) }
  }
}

@Suite struct CertificateTests {
  private struct Row: Decodable {
    let id: String
    let body: String?
    let cert_pem: String?
    let now: Int64
  }

  private let row: Row
  private let documents = HeldDocuments()
  private let verifier: Verifier
  private var nowMs: Int64 { row.now * 1000 }

  init() throws {
    let file = try #require(
      Bundle.module.url(forResource: "Fixtures/signatures", withExtension: "json"))
    let rows = try JSONDecoder().decode([Row].self, from: try Data(contentsOf: file))
    row = try #require(rows.first { $0.id == "aws-sns-cert-01" })
    var setup = Verifier.Setup()
    setup.certificates = CertificateStore(documents)
    setup.allowed = nil
    verifier = try Verifier(Scheme.builtIn("aws-sns-cert"), secrets: [], setup)
  }

  private func verdict(_ body: String? = nil, nowMs: Int64? = nil) -> Rejection? {
    let body = Array((body ?? row.body ?? "").utf8)
    let verdict = RequestView.with(
      method: "POST", target: "/hooks/x", headers: [], body: body
    ) { verifier.verify($0, nowMs: nowMs ?? self.nowMs) }
    if case .failure(let rejection) = verdict { return rejection }
    return nil
  }

  @Test func itIsFetchedOnceAndNobodyWaits() {
    #expect(verdict() == .certificatePending)
    #expect(verdict() == .certificatePending)
    #expect(documents.urls.count == 1)
    documents.deliver(row.cert_pem)
    #expect(verdict() == nil)
    #expect(verdict() == nil)
    #expect(documents.urls.count == 1)
    #expect(Rejection.certificatePending.status == 503)
  }

  @Test func aFailureIsRememberedForAWhile() {
    #expect(verdict() == .certificatePending)
    documents.deliver(nil)
    #expect(verdict() == .certificateUnavailable)
    #expect(documents.urls.count == 1)
    #expect(verdict(nowMs: nowMs + 10_000) == .certificatePending)
    documents.deliver("no certificate")
    #expect(verdict(nowMs: nowMs + 10_001) == .certificateUnavailable)
  }

  @Test func itHoldsAsLongAsItSays() {
    #expect(verdict() == .certificatePending)
    documents.deliver(row.cert_pem)
    #expect(verdict() == nil)
    let aYear: Int64 = 365 * 86_400_000
    #expect(verdict(nowMs: nowMs - aYear) == .certificateRefused)
    // A day later it is fetched again.
    #expect(verdict(nowMs: nowMs + 86_400_000) == .certificatePending)
  }

  @Test func strangersChooseNoURL() {
    let good = "https://sns.us-east-2.amazonaws.com/SimpleNotificationService-"
    for url in [
      "http://sns.us-east-2.amazonaws.com/a-", "https://evil.example/a-",
      "https://sns.us-east-2.amazonaws.com.evil.example/a-",
      "https://sns.us-east-2.amazonaws.com@evil.example/a-",
      "https://sns.us-east-2.amazonaws.com:444/a-", "https://sns.s3-us-west-2.amazonaws.com/a-",
      "https://sns.us-east-2.amazonaws.com/../a-", "https://sns.us-east-2.amazonaws.com/%2e%2e/a-",
    ] {
      let body = (row.body ?? "").replacingOccurrences(of: good, with: url)
      #expect(verdict(body) == .certificateRefused, "\(url)")
    }
    #expect(documents.urls.isEmpty)
  }

  /// Whoever floods us with URLs has at most so many fetched at a time.
  @Test func fetchesAreBounded() {
    let good = "SimpleNotificationService-7ff5318490ec183fbaddaa2a969abfda"
    for index in 0..<50 {
      let body = (row.body ?? "").replacingOccurrences(of: good, with: "x\(index)")
      #expect(verdict(body) == .certificatePending)
    }
    #expect(documents.urls.count == 4)
  }

  @Test func anotherTopicIsNotAllowed() throws {
    var setup = Verifier.Setup()
    setup.certificates = CertificateStore(documents)
    setup.allowed = ["arn:aws:sns:us-east-2:1:mine"]
    let strict = try Verifier(Scheme.builtIn("aws-sns-cert"), secrets: [], setup)
    let body = Array((row.body ?? "").utf8)
    func verdict() -> Result<Verifier.Verified, Rejection> {
      RequestView.with(method: "POST", target: "/", headers: [], body: body) {
        strict.verify($0, nowMs: nowMs)
      }
    }
    #expect(verdict() == .failure(.certificatePending))
    documents.deliver(row.cert_pem)
    #expect(verdict() == .failure(.notAllowed))
    setup.allowed = []
    #expect(throws: SchemeError.self) {
      try Verifier(Scheme.builtIn("aws-sns-cert"), secrets: [], setup)
    }
  }

  @Test func aConfirmationVisitsItsOwnersHostOnly() throws {
    let sns = try Provider.named("aws-sns")
    let gate = try Authenticator(
      schemes: [Scheme(name: "none", algorithm: .open)], handshakes: sns.handshakes,
      Authenticator.Setup(secrets: []))
    func ruling(_ url: String) -> Authenticator.Ruling {
      let body = #"{"Type":"SubscriptionConfirmation","SubscribeURL":"\#(url)"}"#
      return RequestView.with(
        method: "POST", target: "/", headers: [], body: Array(body.utf8)
      ) { gate.judge($0, nowMs: nowMs) }
    }
    let good = "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&Token=1"
    guard case .answer(let answer) = ruling(good) else {
      Issue.record("no answer")
      return
    }
    #expect(answer.visit == good)
    for url in ["http://sns.us-west-2.amazonaws.com/", "https://evil.example/", "file:///etc/x"] {
      guard case .refused(.notAllowed) = ruling(url) else {
        Issue.record("visited \(url)")
        continue
      }
    }
  }
}
