// Watches the books while the chaos goes on: what is committed must have its effect already.

import Dispatch
import FoundationEssentials
import Kafka
import Stores
import Synchronization

/// Audits on a thread of its own, several times a second, from `start` to `stop`. A committed
/// offset without its effect is a loss, even if a later redelivery would make up for it: the next
/// crash could have come at that moment.
final class Auditor: Sendable {
  /// What the last round saw.
  struct Round: Sendable {
    var committed = Journal.Offsets()
    var ends = Journal.Offsets()
    /// Everything committed has been looked at, and that is everything there is.
    var isSettled = false
    /// Why the round could not be finished; faults of the brokers are no finding.
    var error: String?
  }

  /// What remains at the end.
  struct Findings: Sendable {
    var differences: [Difference] = []
    var entries: [JournalEntry] = []
    var letters: [FoundLetter] = []
    var contents = StoreContents()
    /// Times that a committed offset was seen to go back.
    var regressions = 0
    /// Rounds that were finished.
    var rounds = 0
  }

  let rounds: AsyncStream<Round>
  private let sink: AsyncStream<Round>.Continuation
  private let bootstrapServers: String
  private let partitions: Int32
  private let databasePath: String
  private let isStopping = Atomic<Bool>(false)
  private let pace = DispatchSemaphore(value: 0)

  private static let paceMs = 120

  init(bootstrapServers: String, partitions: Int32, databasePath: String) {
    self.bootstrapServers = bootstrapServers
    self.partitions = partitions
    self.databasePath = databasePath
    (rounds, sink) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Begins; the task ends after `stop` with all that was found.
  func start() -> Task<Findings, any Error> {
    Task {
      try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "chaos.auditor").async {
          continuation.resume(with: Result { try self.run() })
          self.sink.finish()
        }
      }
    }
  }

  func stop() {
    isStopping.store(true, ordering: .releasing)
    pace.signal()
  }

  private func run() throws -> Findings {
    let journal = try Journal(bootstrapServers: bootstrapServers, partitions: partitions)
    defer { journal.close() }
    var books = AuditBooks(partitions: Int(partitions))
    while !isStopping.load(ordering: .acquiring) {
      var round = Round()
      do {
        try audit(&round, journal, &books)
      } catch {
        round.error = "\(error)"
      }
      sink.yield(round)
      _ = pace.wait(timeout: .now() + .milliseconds(Self.paceMs))
    }
    var findings = books.findings
    findings.entries = journal.entries.flatMap { $0 }
    findings.letters = journal.letters
    findings.contents = try contents(journal)
    return findings
  }

  private func audit(
    _ round: inout Round, _ journal: Journal, _ books: inout AuditBooks
  ) throws {
    // First what is committed, then the effects: they must have been there before.
    round.committed = try journal.committed()
    let reach = journal.read(upTo: round.committed)
    guard reach.hasEvents else {
      round.error = "the brokers did not give what is committed"
      return
    }
    let due = books.due(
      round.committed.events, journal.entries, waiting: journal.waiting(round.committed),
      hasLetters: reach.hasLetters)
    if !due.isEmpty {
      let reader = try StoreReader(path: databasePath)
      var inbox: Set<String> = []
      for entry in due where try reader.inboxContains(eventId: entry.id) { inbox.insert(entry.id) }
      let accounts = Accounts(inbox: inbox, letters: journal.letters)
      for entry in due {
        guard let difference = accounts.difference(at: entry) else { continue }
        books.note(Difference(difference.guarantee, "committed too early: " + difference.text))
      }
    }
    books.close(round.committed.events)
    round.ends = try journal.ends()
    round.isSettled = round.ends == round.committed && reach.hasLetters
  }

  private func contents(_ journal: Journal) throws -> StoreContents {
    var contents = StoreContents()
    guard FileManager.default.fileExists(atPath: databasePath) else { return contents }
    let reader = try StoreReader(path: databasePath)
    try reader.forEachRecord { contents.records.append($0) }
    contents.writes = try reader.writeLog()
    for entry in journal.entries.joined() where try reader.inboxContains(eventId: entry.id) {
      contents.inbox.insert(entry.id)
    }
    return contents
  }
}
