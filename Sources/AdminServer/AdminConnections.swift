// The open connections of the admin port: how many there may be, and who to tell at the end.

import NIOCore
import Synchronization

/// Any thread.
final class AdminConnections: Sendable {
  private struct State {
    var channels: [ObjectIdentifier: any Channel] = [:]
    var isClosing = false
  }

  private let connectionsMax: Int
  private let state = Mutex(State())

  init(connectionsMax: Int) { self.connectionsMax = connectionsMax }

  /// False when there is no room: the caller closes the channel.
  func admit(_ channel: any Channel) -> Bool {
    let isAdmitted = state.withLock { state in
      guard !state.isClosing, state.channels.count < connectionsMax else { return false }
      state.channels[ObjectIdentifier(channel)] = channel
      return true
    }
    if isAdmitted {
      channel.closeFuture.whenComplete { [self] _ in
        state.withLock { _ = $0.channels.removeValue(forKey: ObjectIdentifier(channel)) }
      }
    }
    return isAdmitted
  }

  /// Admits nobody from now on, and returns who is still there.
  func beginClosing() -> [any Channel] {
    state.withLock { state in
      state.isClosing = true
      return Array(state.channels.values)
    }
  }
}
