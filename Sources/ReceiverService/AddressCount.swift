// How many connections each sender has open: one that opens all there may be shuts out the rest.

import Model
import NIOCore
import Settings
import Synchronization

/// Counts only where there is a limit. Any thread; its lock is taken when connections begin and
/// end.
final class AddressCount: Sendable {
  private let max: Int
  /// Not counted: their connections are many senders'.
  private let trusted: [IPNetwork]
  private let counts = Mutex<[IPAddress: Int]>([:])

  init(_ settings: ReceiverSettings) {
    max = settings.edge.connectionsPerAddressMax
    trusted = IPNetwork.list(settings.edge.trustedProxies)
  }

  enum Place: Sendable {
    case refused
    /// To be given back when the connection ends, if there is one.
    case taken(IPAddress?)
  }

  func admit(_ channel: any Channel) -> Place {
    guard max > 0, let address = channel.remoteAddress?.ipAddress.flatMap({ IPAddress($0) }),
      !trusted.contains(where: { $0.contains(address) })
    else { return .taken(nil) }
    return counts.withLock { counts in
      guard counts[address, default: 0] < max else { return .refused }
      counts[address, default: 0] += 1
      return .taken(address)
    }
  }

  func leave(_ address: IPAddress) {
    counts.withLock { counts in
      guard let count = counts[address], count > 1 else {
        counts[address] = nil
        return
      }
      counts[address] = count - 1
    }
  }
}
