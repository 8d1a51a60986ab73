// States on their way into databases.
import Lanes
import Model
import Settings
import Stores
import Telemetry

extension ConsumerLoop {
  func write(_ attempt: Attempt, _ ticket: Ticket, _ write: RecordWrite, nowMs: Int64) {
    guard step == .whole else { return end(attempt, ticket, .written, nowMs: nowMs) }
    guard writers[attempt.pipeline.sink] != nil else {
      let failure = Failure(.bug, .write, "no such sink: \(attempt.pipeline.sink)")
      return end(attempt, ticket, .failed(failure), nowMs: nowMs)
    }
    writeBatches[attempt.pipeline.sink, default: []].append(
      SinkWriter.Job(ticket: ticket.rawValue, write: write))
  }

  /// Hands this round's writes over, one wake-up a sink.
  func submitWrites() {
    guard !writeBatches.isEmpty else { return }
    for (sink, batch) in writeBatches { writers[sink]?.submit(batch) }
    writeBatches.removeAll(keepingCapacity: true)
  }

  func serveWrites(nowMs: Int64) {
    let results = ports.writes.takeAll()
    if let last = results.last { gauges.wrote(last) }
    for done in results {
      let ticket = Ticket(rawValue: done.ticket)
      guard let attempt = attempts[ticket] else { continue }
      switch done.result {
      case .success(let outcome): end(attempt, ticket, outcome, nowMs: nowMs)
      case .failure(let failure): end(attempt, ticket, .failed(failure), nowMs: nowMs)
      }
    }
  }
}
