// What the members of one process reported last: a gauge shows all of them together.
import Synchronization

/// Any thread.
final class HandleFigures: Sendable {
  struct Figures: Sendable {
    var inFlight = 0
    var lanes = 0
    var windowRecords = 0
    var windowBytes = 0
    /// Of the oldest record that has not ended.
    var oldestMs = 0
    var isFlooded = false
    var breakersOpen = 0

    mutating func add(_ other: Figures) {
      inFlight += other.inFlight
      lanes += other.lanes
      windowRecords += other.windowRecords
      windowBytes += other.windowBytes
      oldestMs = max(oldestMs, other.oldestMs)
      isFlooded = isFlooded || other.isFlooded
      breakersOpen += other.breakersOpen
    }
  }

  private let figures: Mutex<[Figures]>

  init(handles: Int) {
    figures = Mutex(Array(repeating: Figures(), count: max(handles, 1)))
  }

  /// Changes one member's figures and returns those of all.
  func update(_ handle: Int, _ change: (inout Figures) -> Void) -> Figures {
    figures.withLock { figures in
      change(&figures[handle])
      return figures.reduce(into: Figures()) { $0.add($1) }
    }
  }
}
