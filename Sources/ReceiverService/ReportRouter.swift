// Takes reports from the publisher's thread to the event loops: one wake-up a loop and batch.

import NIOCore
import Synchronization

/// Reports on their way to one loop. Any thread.
final class ReportMailbox: Sendable {
  private struct Contents {
    var reports: [PublishReport] = []
    /// Empty, with the memory of an earlier batch.
    var spare: [PublishReport] = []
    var isScheduled = false
  }

  private let contents = Mutex(Contents())
  private let loop: any EventLoop
  private let shard: NIOLoopBound<Shard>

  init(_ shard: NIOLoopBound<Shard>, loop: any EventLoop) {
    self.shard = shard
    self.loop = loop
  }

  func post(_ reports: [PublishReport]) {
    let mustSchedule = contents.withLock { contents in
      contents.reports += reports
      defer { contents.isScheduled = true }
      return !contents.isScheduled
    }
    if mustSchedule { loop.execute { self.collect() } }
  }

  private func collect() {
    var reports = contents.withLock { contents in
      contents.isScheduled = false
      swap(&contents.reports, &contents.spare)
      defer { contents.spare = [] }
      return contents.spare
    }
    shard.value.deliver(reports)
    reports.removeAll(keepingCapacity: true)
    contents.withLock { $0.spare = reports }
  }
}

/// Sorts reports by loop. Any thread.
final class ReportRouter: Sendable {
  private let mailboxes = Mutex<[ReportMailbox]>([])

  /// Before the first event is published.
  func open(_ mailboxes: [ReportMailbox]) { self.mailboxes.withLock { $0 = mailboxes } }

  func route(_ reports: [PublishReport]) {
    let mailboxes = mailboxes.withLock { $0 }
    if mailboxes.count == 1 { return mailboxes[0].post(reports) }
    var sorted = [[PublishReport]](repeating: [], count: mailboxes.count)
    for report in reports { sorted[Ticket.loop(report.ticket)].append(report) }
    for (mailbox, reports) in zip(mailboxes, sorted) where !reports.isEmpty {
      mailbox.post(reports)
    }
  }
}
