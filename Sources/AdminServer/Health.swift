// What a service says of itself to whoever probes it.

import Synchronization

/// An answer to `/livez` or `/readyz`.
package enum HealthState: Sendable, Equatable {
  case ok
  /// One sentence without secrets: the probe's answer shows it.
  case failing(String)
}

/// The last known state, so that a probe never waits for the thing it asks about. Any thread.
package final class HealthCell: Sendable {
  private let stored: Mutex<HealthState>

  /// Begins as failing: nothing is ready before it says so.
  package init(_ initial: HealthState = .failing("starting")) { stored = Mutex(initial) }

  package var state: HealthState { stored.withLock { $0 } }

  package func set(_ state: HealthState) { stored.withLock { $0 = state } }
}
