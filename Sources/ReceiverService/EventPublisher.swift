// Where events go. Kafka in production; tests put a fake in its place.

package import Model
package import Providers

/// Takes events and reports on each, later and on another thread. A class: each event looks it up.
package protocol EventPublisher: AnyObject, Sendable {
  /// Never blocks. Nil: taken, and a report with this ticket will come, exactly once. Otherwise
  /// why not, and none will. `value` is copied before it returns.
  func publish(
    key: [UInt8]?, value: UnsafeRawBufferPointer, headers: HeaderList, ticket: UInt64
  ) -> Rejection?

  /// The same for an event at hand.
  func publish(_ event: EventDraft, value: UnsafeRawBufferPointer, ticket: UInt64) -> Rejection?

  /// Where things stand, cheaply.
  var figures: PublisherFigures { get }

  /// Delivers what is left within `timeoutMs` and ends; blocks. Returns how many events were not.
  func close(timeoutMs: Int) -> Int
}

/// What a publisher knows of itself.
package struct PublisherFigures: Sendable, Equatable {
  /// Events taken and not reported on; may be off by a few.
  package let queued: Int
  /// Events reported as stored, since the start.
  package let acknowledged: Int

  package init(queued: Int, acknowledged: Int) {
    self.queued = queued
    self.acknowledged = acknowledged
  }
}

extension EventPublisher {
  package func publish(
    _ event: EventDraft, value: UnsafeRawBufferPointer, ticket: UInt64
  ) -> Rejection? {
    publish(
      key: event.key.map { [UInt8]($0) }, value: value, headers: event.headers, ticket: ticket)
  }

  /// One that knows nothing is never slow.
  package var figures: PublisherFigures { PublisherFigures(queued: 0, acknowledged: 0) }
}

/// One report: what became of the event with this ticket.
package struct PublishReport: Sendable, Equatable {
  package let ticket: UInt64
  /// Nil: stored.
  package let rejection: Rejection?
  /// False: stored on the local disk, or by way of an earlier copy.
  package let isByKafka: Bool

  package init(ticket: UInt64, rejection: Rejection?, isByKafka: Bool = true) {
    self.ticket = ticket
    self.rejection = rejection
    self.isByKafka = isByKafka
  }
}

/// A ticket is a loop's index and a place in that loop's table.
enum Ticket {
  private static let placeBits: UInt64 = 40

  static func make(loop: Int, place: Int) -> UInt64 {
    UInt64(loop) << placeBits | UInt64(place)
  }

  static func loop(_ ticket: UInt64) -> Int { Int(ticket >> placeBits) }
  static func place(_ ticket: UInt64) -> Int { Int(ticket & (1 << placeBits - 1)) }

  // The spool's own, which no loop may see. There are far fewer than 2^22 loops.
  private static let spoolBit: UInt64 = 1 << 62

  static func spool(_ id: Int64) -> UInt64 { spoolBit | UInt64(id) }
  static func isSpools(_ ticket: UInt64) -> Bool { ticket & spoolBit != 0 }
  static func spooled(_ ticket: UInt64) -> Int64 { Int64(ticket & ~spoolBit) }
}
