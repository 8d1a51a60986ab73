// Credentials on a loop, against a token end point and an API on loopback.

import Foundation
import HTTPClient
import Model
import Signatures
import Synchronization
import Testing

/// Gives out tokens `token-1`, `token-2`, ... and serves whoever has one of `good`.
private final class FakeAPI: Sendable {
  struct State: Sendable {
    var issued = 0
    var good: Set<String> = []
    var replies: [LoopbackServer.Reply] = []
    var forms: [[String: String]] = []
    var authorizations: [String?] = []
  }

  let state = Mutex(State())

  func handle(_ incoming: LoopbackServer.Incoming) -> LoopbackServer.Reply {
    state.withLock { state in
      guard incoming.target == "/token" else {
        let sent = incoming.header("Authorization") ?? ""
        return state.good.contains(sent)
          ? .ok("record") : .bytes("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
      }
      state.forms.append(Self.form(incoming.body))
      state.authorizations.append(incoming.header("Authorization"))
      if !state.replies.isEmpty { return state.replies.removeFirst() }
      state.issued += 1
      state.good = ["Bearer token-\(state.issued)"]
      return .ok(
        #"{"access_token":"token-\#(state.issued)","expires_in":3600,"token_type":"bearer","#
          + #""refresh_token":"refresh-\#(state.issued)","instance_url":"https://eu1.example.com"}"#
      )
    }
  }

  static func form(_ body: [UInt8]) -> [String: String] {
    var form: [String: String] = [:]
    for pair in String(decoding: body, as: UTF8.self).split(separator: "&") {
      let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
      form[String(parts[0])] = String(parts[1]).removingPercentEncoding
    }
    return form
  }
}

/// An owner as the keeper wants one: requests by ticket, waiters sent again.
private final class Owner {
  let loop: TransferLoop
  let keeper: CredentialKeeper
  let crm: CredentialKeeper.Handle
  var nowMs: Int64 = 0
  var results: [UInt64: Result<Int, Failure>] = [:]
  private var sent: [UInt64: (url: String, generation: UInt64, isSecond: Bool)] = [:]
  private var urls: [UInt64: (url: String, isSecond: Bool)] = [:]

  init(_ credential: Credential) throws {
    loop = try TransferLoop()
    keeper = try CredentialKeeper(tickets: 1_000_000..<1_000_004, seed: 1)
    crm = keeper.add("crm", credential)
  }

  func begin(_ ticket: UInt64, _ url: String, isSecond: Bool = false) throws {
    urls[ticket] = (url, isSecond)
    switch keeper.authorize(crm, waiter: ticket, nowMs: nowMs) {
    case .ready(let authorization, let generation):
      try send(ticket, .ready(authorization, generation: generation))
    case .wait: break
    case .fail(let failure): results[ticket] = .failure(failure)
    }
    try startTokenRequests()
  }

  func run(until count: Int) throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while results.count < count, ContinuousClock.now < deadline {
      var descriptor = pollfd(fd: loop.fileDescriptor, events: Int16(POLLIN), revents: 0)
      _ = poll(&descriptor, 1, min(loop.nextTimeoutMs ?? 100, 100))
      for completion in loop.run() { try take(completion) }
    }
    #expect(results.count == count)
  }

  private func take(_ completion: HTTPCompletion) throws {
    if keeper.owns(completion.ticket) {
      for (waiter, outcome) in keeper.complete(
        completion.ticket, completion.result, nowMs: nowMs, epochMs: 1_700_000_000_000)
      { try send(waiter, outcome) }
    } else if let request = sent.removeValue(forKey: completion.ticket) {
      let status = try completion.result.get().status
      if status == 401, !request.isSecond,
        keeper.refused(crm, generation: request.generation, nowMs: nowMs) == .again
      {
        try begin(completion.ticket, request.url, isSecond: true)
      } else {
        results[completion.ticket] = .success(status)
      }
    }
    try startTokenRequests()
  }

  private func send(_ ticket: UInt64, _ outcome: CredentialKeeper.Outcome) throws {
    switch outcome {
    case .fail(let failure): results[ticket] = .failure(failure)
    case .ready(let authorization, let generation):
      let kept = urls.removeValue(forKey: ticket)
      let (url, isSecond) = try #require(kept)
      var request = HTTPRequest(url: url)
      authorization.apply(to: &request)
      sent[ticket] = (url, generation, isSecond)
      try loop.start(request, ticket: ticket)
    }
  }

  private func startTokenRequests() throws {
    let due = keeper.takeTokenRequests(nowMs: nowMs, epochMs: 1_700_000_000_000)
    for (ticket, request) in due.requests { try loop.start(request, ticket: ticket) }
    for (waiter, outcome) in due.ended { try send(waiter, outcome) }
  }
}

@Suite struct CredentialKeeperTests {
  @Test func manyRequestsShareOneToken() throws {
    let api = FakeAPI()
    let server = LoopbackServer { api.handle($0) }
    defer { server.stop() }
    var grant = TokenGrant(
      .refreshToken("refresh-0"), tokenURL: server.url("/token"), clientId: "id",
      clientSecret: "s&t")
    grant.scope = "read write"
    grant.parameters = [("audience", "https://api.example.com/")]
    let owner = try Owner(Credential(.token(grant)))
    for ticket in 0..<20 as Range<UInt64> { try owner.begin(ticket, server.url("/r")) }
    try owner.run(until: 20)
    #expect(owner.results.values.allSatisfy { (try? $0.get()) == 200 })
    #expect(
      api.state.withLock(\.forms) == [
        [
          "grant_type": "refresh_token", "refresh_token": "refresh-0", "scope": "read write",
          "audience": "https://api.example.com/", "client_id": "id", "client_secret": "s&t",
        ]
      ])
    #expect(owner.keeper.instanceURL(owner.crm) == "https://eu1.example.com")
    #expect(owner.keeper.takeRotations().map(\.refreshToken) == ["refresh-1"])
    #expect(owner.keeper.takeRotations().isEmpty)

    // The API forgets the token: a burst of 401s makes one token request, with the rotated token.
    api.state.withLock { $0.good = [] }
    owner.nowMs = 120_000
    owner.results = [:]
    for ticket in 0..<20 as Range<UInt64> { try owner.begin(ticket, server.url("/r")) }
    try owner.run(until: 20)
    #expect(owner.results.values.allSatisfy { (try? $0.get()) == 200 })
    #expect(api.state.withLock(\.forms).map { $0["refresh_token"] } == ["refresh-0", "refresh-1"])
  }

  @Test func aRefusedCredentialFailsAllAndIsLeftAlone() throws {
    let api = FakeAPI()
    let body = #"{"error":"invalid_grant","error_description":"secret-1 expired"}"#
    api.state.withLock {
      $0.replies = [
        .bytes("HTTP/1.1 400 Bad Request\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
      ]
    }
    let server = LoopbackServer { api.handle($0) }
    defer { server.stop() }
    var grant = TokenGrant(
      .clientCredentials, tokenURL: server.url("/token"), clientId: "i d", clientSecret: "a:b")
    grant.clientAuthentication = .basic
    let owner = try Owner(Credential(.token(grant)))
    for ticket in 0..<5 as Range<UInt64> { try owner.begin(ticket, server.url("/r")) }
    try owner.run(until: 5)
    for ticket in 5..<9 as Range<UInt64> { try owner.begin(ticket, server.url("/r")) }
    #expect(owner.results.count == 9)
    for result in owner.results.values {
      guard case .failure(let failure) = result else {
        Issue.record("not failed")
        continue
      }
      #expect(failure.failureClass == .auth)
      #expect(failure.message.contains("invalid_grant"))
      #expect(!failure.message.contains("secret-1"))
    }
    #expect(api.state.withLock(\.forms) == [["grant_type": "client_credentials"]])
    // `i%20d:a%3Ab`
    #expect(api.state.withLock(\.authorizations) == ["Basic aSUyMGQ6YSUzQWI="])
    owner.nowMs = 60_001
    try owner.begin(20, server.url("/r"))
    try owner.run(until: 10)
    #expect(try owner.results[20]?.get() == 200)
  }

  @Test func theAssertionIsSignedForTheEndPoint() throws {
    let api = FakeAPI()
    let server = LoopbackServer { api.handle($0) }
    defer { server.stop() }
    let pem = try TestKey.pem()
    let signer = try RSASigner(pem: pem)
    let assertion = JWTAssertion(
      issuer: "client", subject: "user@example.com", audience: "https://login.example.com",
      keyId: "k\"1", sign: { try signer.sign($0) })
    let grant = TokenGrant(
      .jwtBearer(assertion), tokenURL: server.url("/token"), clientId: nil, clientSecret: nil)
    let owner = try Owner(Credential(.token(grant)))
    try owner.begin(1, server.url("/r"))
    try owner.run(until: 1)
    let form = try #require(api.state.withLock(\.forms).first)
    #expect(form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer")
    let parts = try #require(form["assertion"]).split(separator: ".").map(String.init)
    #expect(parts.count == 3)
    #expect(
      TestKey.decode(parts[0]) == Array(#"{"alg":"RS256","typ":"JWT","kid":"k\"1"}"#.utf8))
    #expect(
      TestKey.decode(parts[1])
        == Array(
          (#"{"iss":"client","sub":"user@example.com","aud":"https://login.example.com","#
            + #""iat":1700000000,"exp":1700000180}"#).utf8))
    #expect(
      try TestKey.verifies(
        TestKey.decode(parts[2]), of: Array("\(parts[0]).\(parts[1])".utf8), pem))
  }

  @Test func aKeyThatCannotSignFailsItsWaiters() throws {
    let assertion = JWTAssertion(
      issuer: "i", subject: "s", audience: "a", sign: { _ in throw HTTPError(.bug, "no key") })
    let grant = TokenGrant(
      .jwtBearer(assertion), tokenURL: "http://127.0.0.1:1/", clientId: nil, clientSecret: nil)
    let owner = try Owner(Credential(.token(grant)))
    try owner.begin(1, "http://127.0.0.1:1/")
    guard case .failure(let failure) = owner.results[1] else {
      Issue.record("not failed")
      return
    }
    #expect(failure.failureClass == .auth)
  }

  @Test func fixedCredentials() throws {
    for (credential, url, header) in [
      (Credential.bearer("t"), "http://a/x", "Bearer t"),
      (
        .basic(user: "Aladdin", password: "open sesame"), "http://a/x",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
      ),
      (
        .apiKey("k", in: .header("Authorization"), prefix: "Token token="), "http://a/x",
        "Token token=k"
      ),
      (.apiKey("k&1", in: .query("api key")), "http://a/x?api%20key=k%261", nil),
    ] as [(Credential, String, String?)] {
      let keeper = try CredentialKeeper(tickets: 0..<1, seed: 1)
      let crm = keeper.add("crm", credential)
      guard case .ready(let authorization, _) = keeper.authorize(crm, waiter: 1, nowMs: 0) else {
        Issue.record("not ready")
        continue
      }
      var request = HTTPRequest(url: "http://a/x")
      authorization.apply(to: &request)
      #expect(request.url == url)
      #expect(request.headers["Authorization"] == header)
      #expect(keeper.refused(crm, generation: 0, nowMs: 1_000_000) == .fail)
      #expect(!"\(credential) \(authorization)".contains("k&1"))
      var dumped = ""
      dump((credential, authorization), to: &dumped)
      #expect(!dumped.contains("sesame") && !dumped.contains("k&1"))
    }
    var request = HTTPRequest(url: "http://a/x?b=1#part")
    Authorization(.query("k"), "v").apply(to: &request)
    #expect(request.url == "http://a/x?b=1&k=v")
  }
}

/// RSA by openssl's own program.
enum TestKey {
  static func pem() throws -> String {
    String(decoding: try openssl(["genrsa", "2048"]), as: UTF8.self)
  }

  static func decode(_ text: String) -> [UInt8] {
    var base64 = text.replacingOccurrences(of: "-", with: "+")
      .replacingOccurrences(of: "_", with: "/")
    while base64.utf8.count % 4 != 0 { base64 += "=" }
    return Data(base64Encoded: base64).map { Array($0) } ?? []
  }

  static func verifies(_ signature: [UInt8], of message: [UInt8], _ pem: String) throws -> Bool {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "hookferry-rsa-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, bytes) in [("key", Array(pem.utf8)), ("sig", signature), ("text", message)] {
      try Data(bytes).write(to: folder.appendingPathComponent(name))
    }
    let answer = try openssl([
      "dgst", "-sha256", "-prverify", folder.path + "/key", "-signature", folder.path + "/sig",
      folder.path + "/text",
    ])
    return String(decoding: answer, as: UTF8.self).contains("Verified OK")
  }

  private static func openssl(_ arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return data
  }
}
