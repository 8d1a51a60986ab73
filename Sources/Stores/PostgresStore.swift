// The store over PostgreSQL: state, inbox and log of effective writes change together.

package import Model

/// Writes records over a connection of its own, which it makes anew when it is lost. A call takes
/// at most the two time-outs of its options together.
package final class PostgresStore: RecordStore {
  let link: PostgresLink

  /// Records whose payloads are sent in one transaction, but always at least one.
  private static let chunkBytesMax = 16 << 20
  /// The server takes 1 GB a message.
  private static let payloadBytesMax = 256 << 20

  /// Connects and makes the tables. A server that is away is no error: the store begins without
  /// it, and writes fail as transient until it is there. A refused password, an unknown database
  /// or a newer schema is one.
  package init(_ options: PostgresOptions) throws(StoreError) {
    link = try PostgresLink(options, isWriter: true)
    do throws(StoreError) {
      _ = try link.connected()
    } catch {
      guard error.isWorthWaiting else { throw error }
    }
  }

  /// Connects, makes the tables, and says why that fails.
  package static func check(_ options: PostgresOptions) throws(StoreError) {
    let link = try PostgresLink(options, isWriter: true)
    _ = try link.connected()
    link.close()
  }

  package func apply(_ writes: [RecordWrite]) -> [Result<Outcome, Failure>] {
    let deadline = Deadline(afterMs: link.options.statementTimeoutMs)
    var results = writes.map { _ in
      Result<Outcome, Failure>.failure(StoreError(.bug, "a write was forgotten").failure)
    }
    var chunk: [Int] = []
    var bytes = 0
    for (index, write) in writes.enumerated() {
      if let error = Self.refusal(of: write) {
        results[index] = .failure(error.failure)
        continue
      }
      if !chunk.isEmpty, bytes + write.payloadBytes > Self.chunkBytesMax {
        settle(chunk[...], of: writes, deadline, &results)
        (chunk, bytes) = ([], 0)
      }
      chunk.append(index)
      bytes += write.payloadBytes
    }
    if !chunk.isEmpty { settle(chunk[...], of: writes, deadline, &results) }
    return results
  }

  package func close() { link.close() }

  /// One transaction for all, or, where one of them is at fault, one for each half.
  private func settle(
    _ indices: ArraySlice<Int>, of writes: [RecordWrite], _ deadline: Deadline,
    _ results: inout [Result<Outcome, Failure>]
  ) {
    do throws(StoreError) {
      let outcomes = try transact(indices.map { writes[$0] }, deadline)
      for (index, outcome) in zip(indices, outcomes) { results[index] = .success(outcome) }
    } catch {
      guard error.isOfOneRow, indices.count > 1 else {
        for index in indices { results[index] = .failure(error.failure) }
        return
      }
      let middle = indices.startIndex + indices.count / 2
      settle(indices[..<middle], of: writes, deadline, &results)
      settle(indices[middle...], of: writes, deadline, &results)
    }
  }

  private func transact(
    _ writes: [RecordWrite], _ deadline: Deadline
  ) throws(StoreError) -> [Outcome] {
    var outcomes: [Outcome] = []
    _ = try link.transact(
      deadline, { PostgresBatch(writes) }, { [$0.lockCommand, $0.inboxCommand] },
      { batch, index, rows in
        if index == 0 { batch.takeLocked(rows) } else { batch.takeKnown(rows) }
      },
      { batch in
        outcomes = batch.decide()
        return batch.changeCommands
      })
    return outcomes
  }

  /// What the server would refuse anyway, found without taking the neighbours along.
  private static func refusal(of write: RecordWrite) -> StoreError? {
    let texts = [write.eventId, write.key.tenant, write.key.object, write.key.recordId]
    if (texts + write.alsoEventIds).contains(where: { $0.utf8.contains(0) }) {
      return StoreError(.invalidText, "a NUL character in the record's key or the event's id")
    }
    guard write.payloadBytes <= payloadBytesMax else {
      return StoreError(.tooLarge, "a payload of more than \(payloadBytesMax) bytes")
    }
    return nil
  }
}

extension RecordWrite {
  fileprivate var payloadBytes: Int {
    if case .upsert(let payload) = change { payload.count } else { 0 }
  }
}

extension StoreError {
  /// At boot: it may be over in a moment, without anybody's doing.
  package var isWorthWaiting: Bool {
    switch code {
    case .unreachable, .busy, .io, .conflict, .diskFull, .readOnly: true
    case .cannotOpen, .corrupt, .newerSchema, .tooLarge, .denied, .unknownDatabase, .badAddress,
      .invalidText, .rejected, .closed, .bug:
      false
    }
  }

  /// It can be the fault of one row, so that others may pass without it.
  fileprivate var isOfOneRow: Bool {
    switch code {
    case .tooLarge, .invalidText, .rejected, .bug: true
    case .busy, .diskFull, .io, .readOnly, .cannotOpen, .corrupt, .newerSchema, .unreachable,
      .denied, .unknownDatabase, .badAddress, .conflict, .closed:
      false
    }
  }
}
