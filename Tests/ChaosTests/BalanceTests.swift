// Each way in which the books may not add up, one at a time.
import Model
import Sandbox
import Testing

@testable import Chaos
@testable import Stores

@Suite struct BalanceTests {
  private static let key = RecordKey(tenant: EventFeed.tenant, object: "contact", recordId: "7")

  /// One record with two states, a deleted one, one poison event and a foreign one.
  private func balance() async throws -> Balance {
    let key = try #require(Self.key)
    let gone = try #require(
      RecordKey(tenant: EventFeed.tenant, object: "contact", recordId: "8"))
    let crm = try SandboxServer()
    crm.put("contact", "7", ["email": "a"])
    let first = try #require(crm.record("contact", "7")).updatedAtMs
    crm.put("contact", "7", ["email": "b"])
    let second = try #require(crm.record("contact", "7")).updatedAtMs
    crm.put("contact", "8", ["email": "c"])
    crm.delete("contact", "8")
    var store = StoreContents()
    store.inbox = ["e-0", "e-1", "e-2"]
    store.records = [
      StoredRecord(
        key: key, version: second, observedAtUs: 20, isDeleted: false,
        payload: crm.apiObject("contact", "7", properties: ["email"]), eventId: "e-1",
        updatedAtMs: 1),
      StoredRecord(
        key: gone, version: 0, observedAtUs: 30, isDeleted: true, payload: nil, eventId: "e-2",
        updatedAtMs: 1),
    ]
    store.writes = [
      row(1, key, first, 10), row(2, key, second, 20),
      WriteLogRow(
        id: 3, key: gone, version: 0, observedAtUs: 30, isDelete: true, eventId: "e-2",
        appliedAtMs: 1),
    ]
    let kinds: [JournalEntry.Kind] = [.ours, .ours, .ours, .poison, .foreign]
    return Balance(
      entries: kinds.enumerated().map {
        JournalEntry(
          place: Place(partition: 0, offset: Int64($0.offset)), kind: $0.element,
          id: "e-\($0.offset)")
      },
      letters: [
        FoundLetter(
          origin: Place(partition: 0, offset: 3), failureClass: "poison", message: "no id")
      ], store: store, truth: crm.allRecords(), states: [key: [first: 1, second: 1]])
  }

  private func row(_ id: Int64, _ key: RecordKey, _ version: Int64, _ seq: Int64) -> WriteLogRow {
    WriteLogRow(
      id: id, key: key, version: version, observedAtUs: seq, isDelete: false, eventId: "e-\(id)",
      appliedAtMs: 1)
  }

  private func guarantees(_ balance: Balance) -> [Guarantee] {
    balance.differences().map(\.guarantee)
  }

  @Test func whatAddsUpHasNoDifferences() async throws {
    #expect(try await balance().differences() == [])
  }

  @Test func anEventWithoutEffectIsLost() async throws {
    var balance = try await balance()
    balance.store.inbox.remove("e-1")
    #expect(guarantees(balance) == [.noLoss])
    balance = try await self.balance()
    balance.letters = []
    #expect(guarantees(balance) == [.noLoss])
  }

  @Test func onlyPoisonMayBeBuried() async throws {
    var balance = try await balance()
    let origin = Place(partition: 0, offset: 1)
    balance.letters.append(FoundLetter(origin: origin, failureClass: "transient", message: "503"))
    #expect(guarantees(balance) == [.deadLetters])
    balance = try await self.balance()
    balance.letters[0] = FoundLetter(
      origin: balance.letters[0].origin, failureClass: "bug", message: "")
    #expect(guarantees(balance) == [.deadLetters])
    balance = try await self.balance()
    balance.store.inbox.insert("e-4")
    #expect(guarantees(balance) == [.deadLetters])
    balance = try await self.balance()
    // Killed between produce and commit: twice is right.
    balance.letters.append(balance.letters[0])
    #expect(guarantees(balance) == [])
  }

  @Test func theDatabaseMustBeWhatTheAPIIs() async throws {
    var balance = try await balance()
    balance.store.records.removeFirst()
    #expect(guarantees(balance) == [.freshness])
    balance = try await self.balance()
    balance.truth.removeFirst()
    #expect(guarantees(balance) == [.freshness])
    balance = try await self.balance()
    let row = balance.store.records[0]
    balance.store.records[0] = StoredRecord(
      key: row.key, version: row.version, observedAtUs: row.observedAtUs, isDeleted: false,
      payload: Array(#"{"properties":{"email":"a"},"updatedAt":"2026-01-01T00:00:00Z"}"#.utf8),
      eventId: row.eventId, updatedAtMs: 1)
    #expect(guarantees(balance) == [.freshness])
  }

  @Test func writesRiseAndAreNotRepeated() async throws {
    var balance = try await balance()
    balance.store.writes.swapAt(0, 1)
    #expect(guarantees(balance) == [.order])
    balance = try await self.balance()
    let last = balance.store.writes[1]
    balance.store.writes.append(row(9, last.key, last.version, 99))
    #expect(guarantees(balance) == [.once])
    balance.states[last.key]?[last.version] = 2
    #expect(guarantees(balance) == [], "two states of one version are two writes")
    balance = try await self.balance()
    balance.store.writes.append(row(9, last.key, last.version + 1, 99))
    #expect(guarantees(balance) == [.once], "a version that the API never showed")
  }
}
