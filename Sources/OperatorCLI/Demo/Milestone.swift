// Something has happened: told by one task, asked by another.
import Synchronization

final class Milestone: Sendable {
  private let value = Atomic<Bool>(false)

  var isReached: Bool { value.load(ordering: .acquiring) }
  func reach() { value.store(true, ordering: .releasing) }
}
