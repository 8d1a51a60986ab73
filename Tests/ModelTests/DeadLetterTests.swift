// The dead letter's headers: every value from its own input, the original's kept, nothing twice.
import Testing

@testable import Model

@Suite struct DeadLetterTests {
  static let letter = DeadLetter(
    topic: "hookferry.events", partition: 3, offset: 1007, groupId: "hookferry-eu",
    failure: Failure(.permanent, .enrich, "answered 422: größer", httpStatus: 422), attempts: 5,
    firstFailedAtMs: 1_700_000_000_001, failedAtMs: 1_700_000_009_002, pipeline: "crm-to-db")

  @Test func everyHeaderHasItsOwnValue() {
    var original = HeaderList()
    original.append("ce_id", "evt-1")
    original.append("hookferry-dlq-redrive-count", "2")
    original.append("__dlq.errors.offset", "1")
    let written = Self.letter.headers(over: original).texts.map { "\($0.name)=\($0.value)" }
    #expect(
      written.sorted() == [
        "__dlq.errors.delivery.count=5", "__dlq.errors.group=hookferry-eu",
        "__dlq.errors.message=answered 422: gr????er", "__dlq.errors.offset=1007",
        "__dlq.errors.partition=3", "__dlq.errors.topic=hookferry.events", "ce_id=evt-1",
        "hookferry-dlq-attempts=5", "hookferry-dlq-class=permanent",
        "hookferry-dlq-failed-at=2023-11-14T22:13:29.002Z",
        "hookferry-dlq-first-failed-at=2023-11-14T22:13:20.001Z",
        "hookferry-dlq-http-status=422",
        "hookferry-dlq-id=hookferry.events/3/1007@hookferry-eu",
        "hookferry-dlq-redrive-count=2", "hookferry-dlq-stage=enrich",
        "hookferry-dlq-step=crm-to-db",
      ])
  }

  @Test func provenanceIsBounded() {
    var letter = Self.letter
    letter.topic = String(repeating: "t", count: 5000)
    letter.groupId = String(repeating: "g", count: 5000)
    letter.pipeline = String(repeating: "p", count: 5000)
    letter.failure.message = String(repeating: "m", count: 100_000)
    #expect(letter.headers(over: HeaderList()).storage.count <= DeadLetter.headerBytesMax)
  }
}
