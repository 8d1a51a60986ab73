// What keeps a receiver from starting, and that it says what to do about it.

import Foundation
import Glibc
import Logging
import Model
import ServiceLifecycle
import Settings
import Testing

@testable import ReceiverService

@Suite(.timeLimit(.minutes(1))) struct BootTests {
  let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  func problems(_ change: (inout Configuration) -> Void) throws -> [String] {
    var configuration = try Harness.configuration(kafka: "127.0.0.1:1", [])
    change(&configuration)
    do {
      _ = try Receiver(configuration, logger: logger)
      return []
    } catch {
      return error.problems
    }
  }

  @Test func goodOnesStart() throws { #expect(try problems { _ in } == []) }

  @Test func connectionsNeedFiles() {
    #expect(FileLimit.problem(connectionsMax: 8192, files: 8192 + FileLimit.reserve) == nil)
    #expect(FileLimit.problem(connectionsMax: 8192, files: nil) == nil)
    let problem = FileLimit.problem(connectionsMax: 8192, files: 1024)
    #expect(problem?.contains("receiver.connections_max is 8192") == true)
    #expect(problem?.contains("only 1024 open files") == true)
    var limit = rlimit()
    let files = FileLimit.raise()
    #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    #expect(limit.rlim_cur == limit.rlim_max)
    #expect(files == Int(clamping: limit.rlim_max))
  }

  @Test func deadlinesMustNest() throws {
    let provider = try problems { $0.receiver.requestDeadlineMs = 5000 }
    #expect(provider.count == 1)
    #expect(provider[0].contains("request_deadline_ms is 5000, but hubspot (source crm) waits"))
    let message = try problems { $0.receiver.messageTimeoutMs = 4600 }
    #expect(message.count == 1)
    #expect(message[0].contains("below message_timeout_ms (4600)"))
    let socket = try problems { $0.receiver.socketTimeoutMs = 4000 }
    #expect(socket.count == 1)
    #expect(socket[0].contains("not above socket_timeout_ms (4000)"))
    let own = try problems { $0.kafka.properties["message.timeout.ms"] = Secret("300000") }
    #expect(own.count == 1)
    #expect(own[0].contains("300000"))
    // librdkafka may read it; what cannot be compared would slip through.
    let odd = try problems { $0.kafka.properties["socket.timeout.ms"] = Secret("0x2000") }
    #expect(odd == ["kafka.properties: socket.timeout.ms must be a whole number, as 4000"])
  }

  @Test func secretsMustServe() throws {
    let none = try problems { $0.sources["crm"]?.secrets = [] }
    #expect(
      none == [
        "sources.crm: hubspot-v3 verifies with a secret and none is set: add one under secrets"
      ])
    let blank = try problems { $0.sources["own"]?.secrets = [Secret("")] }
    #expect(blank.count == 1)
    #expect(blank[0].hasPrefix("sources.own: secret 0 for hmac is empty"))
    let garbled = try problems { $0.sources["std"]?.secrets = [Secret("whsec_*verysecret*")] }
    #expect(garbled.count == 1)
    #expect(garbled[0].contains("not base64"))
    #expect(!garbled[0].contains("verysecret"))
    let all = try problems {
      $0.sources["crm"]?.secrets = []
      $0.sources["std"]?.provider = "stripey"
      $0.sources["own"]?.event?.id = "cookie:a"
    }
    #expect(all.count == 3)
  }

  @Test func withoutSources() throws {
    #expect(try problems { $0.sources = [:] }.count == 1)
  }

  @Test func aTakenPortSaysSo() async throws {
    let publisher = FakePublisher()
    try await Harness.with(publisher: publisher) { harness in
      var configuration = try Harness.configuration(kafka: "127.0.0.1:1", [])
      configuration.receiver.port = harness.ports.webhooks
      let second = FakePublisher()
      let receiver = try Receiver(
        configuration, logger: logger,
        publisher: { report in
          second.attach(report)
          return second
        })
      let error = await #expect(throws: ReceiverError.self) { try await receiver.run() }
      #expect(error?.description.contains("cannot listen on 127.0.0.1") == true)
      #expect(second.isClosed)
      await #expect(throws: ReceiverError.self) { try await receiver.ports.value() }
    }
  }

  @Test func cancellationEndsARun() async throws {
    let publisher = FakePublisher()
    let receiver = try Receiver(
      try Harness.configuration(kafka: "127.0.0.1:1", []), logger: logger,
      publisher: { report in
        publisher.attach(report)
        return publisher
      })
    let run = Task { try await receiver.run() }
    _ = try await receiver.ready.value()
    run.cancel()
    _ = await run.result
    #expect(publisher.isClosed)
  }

  @Test func milestones() async throws {
    let reached = Milestone<Int>()
    async let early = reached.value()
    reached.reach(.success(1))
    reached.reach(.success(2))
    #expect(try await early == 1)
    #expect(try await reached.value() == 1)
    let never = Milestone<Int>()
    let waiting = Task { try await never.value() }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
  }
}
