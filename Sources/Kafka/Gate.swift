// Keeps a handle alive while it is used, without a lock around its use.

import Synchronization

/// Counts the calls that are inside; once shut, no further call enters and the last one out is
/// waited for.
final class Gate: Sendable {
  private static let shutBit = 1 << 62
  private let inside = Atomic<Int>(0)

  /// False once shut; after true, `leave` must be called.
  func enter() -> Bool {
    guard inside.add(1, ordering: .acquiring).oldValue & Self.shutBit == 0 else {
      leave()
      return false
    }
    return true
  }

  func leave() { inside.subtract(1, ordering: .releasing) }

  /// True for the one caller that shut it; returns to that one when nobody is inside any more.
  func shut(whileWaiting pause: () -> Void) -> Bool {
    let before = inside.bitwiseOr(Self.shutBit, ordering: .acquiringAndReleasing).oldValue
    guard before & Self.shutBit == 0 else { return false }
    while inside.load(ordering: .acquiring) & ~Self.shutBit != 0 { pause() }
    return true
  }
}
