// The consumer's outcomes, each through the real Kafka client, HTTP and SQLite.
import ConsumerService
import Kafka
import Model
import Sandbox
import Stores
import Testing

@Suite(.serialized, .timeLimit(.minutes(1))) struct ConsumerServiceTests {
  @Test func anEventThatCannotBeReadGoesToTheDeadLettersWithItsReason() async throws {
    let fixture = try await ConsumerFixture()
    fixture.sandbox.put("contact", "7", ["email": "a@example.com"])
    try await fixture.publish(id: "bad-1", recordId: "7") { $0.remove("ce_type") }
    try await fixture.publish(id: "good", recordId: "7")
    var finished: [String] = []
    var burials: [Failure] = []
    for await step in fixture.progress {
      if case .finished(let id, .written) = step { finished.append(id) }
      if case .deadLettered(let failure) = step { burials.append(failure) }
      if !finished.isEmpty, !burials.isEmpty { break }
    }
    #expect(finished == ["good"], "the lane goes on behind the poison")
    #expect(burials.map(\.failureClass) == [.poison])
    let letter = try #require(try fixture.readDeadLetters(1).first)
    #expect(letter.value == Array(#"{"n":"bad-1"}"#.utf8), "the value is untouched")
    #expect(letter.key == Array("62515/contact/7".utf8))
    #expect(letter.headers.text("ce_id") == "bad-1")
    #expect(letter.headers.text("__dlq.errors.topic") == ConsumerFixture.events)
    #expect(letter.headers.text("__dlq.errors.group") == "fixture")
    #expect(
      letter.headers.text("__dlq.errors.message") == "header ce_type is missing or empty")
    #expect(letter.headers.text("hookferry-dlq-class") == "poison")
    #expect(letter.headers.text("hookferry-dlq-stage") == "decode")
    #expect(letter.headers.text("hookferry-dlq-attempts") == "1")
    try await fixture.close()
  }

  /// A coordinator that moves refuses whoever asks first. librdkafka, left to ask by itself, takes
  /// that for an answer and never reads the partitions.
  @Test(arguments: 1...3) func aRefusedLookUpOfTheGroupIsMadeAgain(errors: Int) async throws {
    let fixture = try await ConsumerFixture(
      offsetFetchErrors: Array(repeating: .notCoordinator, count: errors))
    fixture.sandbox.put("contact", "7", ["email": "a@example.com"])
    try await fixture.publish(id: "e1", recordId: "7")
    for await step in fixture.progress {
      if case .finished(let id, let outcome) = step {
        #expect(id == "e1")
        #expect(outcome == .written)
        break
      }
    }
    try await fixture.close()
  }

  /// Events are held until it is known whose records wait; what is held must not take the room that
  /// finding it out needs.
  @Test func moreEventsThanTheWindowTakesWaitBehindParkedRecords() async throws {
    let count = 300
    let fixture = try await ConsumerFixture(parked: count, windowRecordsMax: 40)
    var finished: [String: Int] = [:]
    for await step in fixture.progress {
      if case .finished(let id, _) = step { finished[id] = finished.count }
      if finished.count == 2 * count { break }
    }
    for number in 0..<count {
      let parked = try #require(finished["parked-\(number)"])
      let event = try #require(finished["event-\(number)"])
      #expect(parked < event, "\(number)")
    }
    try await fixture.close()
  }

  @Test func aFailingAPIIsTriedAgainAndThenBuriedWithItsStatus() async throws {
    var faults = SandboxFaults()
    faults.errorRate = 1
    faults.errorStatus = 500
    let fixture = try await ConsumerFixture(faults: faults, attemptsMax: 3)
    fixture.sandbox.put("contact", "7", ["email": "a@example.com"])
    try await fixture.publish(id: "e1", recordId: "7")
    var retries = 0
    for await step in fixture.progress {
      if case .retried = step { retries += 1 }
      if case .deadLettered = step { break }
    }
    #expect(retries == 2, "three attempts in all")
    let letter = try #require(try fixture.readDeadLetters(1).first)
    #expect(letter.headers.text("hookferry-dlq-class") == "transient")
    #expect(letter.headers.text("hookferry-dlq-stage") == "enrich")
    #expect(letter.headers.text("hookferry-dlq-http-status") == "500")
    #expect(letter.headers.text("hookferry-dlq-attempts") == "3")
    #expect(letter.headers.text("hookferry-dlq-step") == "crm-to-warehouse")
    try await fixture.close()
  }

  @Test func beingThrottledNeverBuries() async throws {
    var faults = SandboxFaults()
    faults.throttleNext = 5
    faults.retryAfterS = 0
    let fixture = try await ConsumerFixture(faults: faults, attemptsMax: 2)
    fixture.sandbox.put("contact", "7", ["email": "a@example.com"])
    try await fixture.publish(id: "e1", recordId: "7")
    var retries = 0
    for await step in fixture.progress {
      if case .retried(_, let failure) = step {
        #expect(failure.failureClass == .throttled)
        retries += 1
      }
      if case .deadLettered = step { Issue.record("a throttled record was buried") }
      if case .finished(_, let outcome) = step {
        #expect(outcome == .written)
        break
      }
    }
    #expect(retries == 5)
    try await fixture.close()
  }

  @Test func aRecordThatIsGoneIsDeletedDownstream() async throws {
    let fixture = try await ConsumerFixture()
    fixture.sandbox.put("contact", "7", ["email": "a@example.com"])
    try await fixture.publish(id: "e1", recordId: "7")
    var outcomes: [Outcome] = []
    for await step in fixture.progress {
      guard case .finished(_, let outcome) = step else { continue }
      outcomes.append(outcome)
      if outcomes.count == 1 {
        fixture.sandbox.delete("contact", "7")
        try await fixture.publish(id: "e2", type: "contact.deletion", recordId: "7")
        try await fixture.publish(id: "e2", type: "contact.deletion", recordId: "7")
      }
      if outcomes.count == 3 { break }
    }
    #expect(outcomes == [.written, .gone, .duplicate])
    let key = try #require(RecordKey(tenant: "62515", object: "contact", recordId: "7"))
    let record = try StoreReader(path: fixture.databasePath).record(key)
    #expect(record?.isDeleted == true)
    try await fixture.close()
  }

  @Test func anEventOfNoPipelineIsPassedOver() async throws {
    let fixture = try await ConsumerFixture()
    try await fixture.publish(id: "e1", recordId: "7", source: "other")
    for await step in fixture.progress {
      guard case .finished(let id, let outcome) = step else { continue }
      #expect(id == "e1" && outcome == .skipped)
      break
    }
    try await fixture.close()
  }

  @Test func aDeadLetterTopicThatRefusesHoldsTheOffset() async throws {
    let fixture = try await ConsumerFixture()
    fixture.broker.setTopicError(ConsumerFixture.deadLetters, .topicAuthorization)
    try await fixture.publish(id: "bad", recordId: "7") { $0.remove("ce_type") }
    try await fixture.publish(id: "none", recordId: "8", source: "other")
    var isBuried = false
    var committed: [Int32: Int64] = [:]
    for await step in fixture.progress {
      switch step {
      case .committed(let partition, let offset): committed[partition] = offset
      case .deadLettered: isBuried = true
      // The good event is through: now let the burial succeed.
      case .finished: fixture.broker.setTopicError(ConsumerFixture.deadLetters, nil)
      default: continue
      }
      if !isBuried { #expect(committed.values.reduce(0, +) <= 1, "committed before it was stored") }
      if isBuried, committed.values.reduce(0, +) == 2 { break }
    }
    #expect(try fixture.readDeadLetters(1).count == 1)
    try await fixture.close()
  }
}
