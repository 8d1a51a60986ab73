// Writes of many lanes go to one database in one transaction each time the last one ended.
import Model
import Telemetry
import Stores
import Synchronization

/// A thread that owns one store. Writes are taken in the order given; the owner learns each
/// result through its mailbox.
final class SinkWriter: Sendable {
  struct Job: Sendable {
    let ticket: UInt64
    let write: RecordWrite
  }

  struct Done: Sendable {
    let ticket: UInt64
    let result: Result<Outcome, Failure>
    /// The transaction's, not this write's own.
    let durationMs: Int64
  }

  /// Writes in one transaction: bounds how long a reader of the results waits.
  private static let batchMax = 512

  private let wakeup = Wakeup()
  private let jobs: Mailbox<Job>
  private let isClosing = Atomic<Bool>(false)
  private let isClosed = Atomic<Bool>(false)
  private let closed = Wakeup()

  /// Takes over a store that was opened on the calling thread, so that a bad path or password is
  /// refused at boot; the caller keeps no reference to it.
  init(_ store: any RecordStore, keeping: RowsKept, results: Mailbox<Done>) {
    jobs = Mailbox(wakeup: wakeup)
    // SAFETY of the transfer: the store is used by the new thread only from here on.
    let owned = Transfer(store)
    OwnerThread.start { [self] in
      run(store: owned.take(), keeping: keeping, results: results)
    }
  }

  func submit(_ batch: [Job]) { jobs.push(batch) }

  /// Ends the thread after the jobs given so far; waits for it, up to `timeoutMs`.
  func close(timeoutMs: Int32) {
    isClosing.store(true, ordering: .sequentiallyConsistent)
    wakeup.signal()
    if !isClosed.load(ordering: .sequentiallyConsistent) { closed.wait(timeoutMs: timeoutMs) }
  }

  private func run(store: any RecordStore, keeping: RowsKept, results: Mailbox<Done>) {
    var keeping = keeping
    while true {
      let taken = jobs.takeAll()
      if keeping.isDue(isIdle: taken.isEmpty, nowMs: SystemClock.monotonicMs) {
        let result = try? store.prune(keeping.limits(wallMs: SystemClock.wallMs))
        keeping.looked(result, nowMs: SystemClock.monotonicMs)
      }
      guard !taken.isEmpty else {
        if isClosing.load(ordering: .sequentiallyConsistent) { break }
        wakeup.wait(timeoutMs: 1000)
        continue
      }
      var rest = taken[...]
      while !rest.isEmpty {
        results.push(Self.apply(Array(rest.prefix(Self.batchMax)), to: store))
        rest = rest.dropFirst(Self.batchMax)
      }
    }
    store.close()
    isClosed.store(true, ordering: .sequentiallyConsistent)
    closed.signal()
  }

  private static func apply(_ batch: [Job], to store: any RecordStore) -> [Done] {
    let startMs = SystemClock.monotonicMs
    let outcomes = store.apply(batch.map(\.write))
    let durationMs = SystemClock.monotonicMs - startMs
    return zip(batch, outcomes).map { job, result in
      Done(ticket: job.ticket, result: result, durationMs: durationMs)
    }
  }
}
