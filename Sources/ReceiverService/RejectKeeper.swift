// Keeps some of the requests that verification refused, so that they can be looked at, and taken
// in after all once a secret was mended.

import Model
import Providers
import Settings
import Signatures
import Telemetry

/// Where kept requests go. Any thread; never blocks.
protocol RejectStore: Sendable {
  /// False when there is no room.
  func store(key: String, value: [UInt8], headers: HeaderList) -> Bool
}

/// Confined to one event loop; the limits are this loop's share.
final class RejectKeeper {
  private let store: any RejectStore
  private let bodyBytesMax: Int
  private let perMinuteMax: Int
  private let kept: Counter
  private let dropped: Counter
  private var minute: Int64 = -1
  private var keptInMinute: [String: Int] = [:]

  /// Nil when nothing is to be kept. `loops` share the limit.
  init?(
    _ settings: ReceiverSettings, store: (any RejectStore)?, loops: Int, registry: MetricRegistry
  ) {
    guard let store, settings.rejectsPerMinuteMax > 0 else { return nil }
    self.store = store
    bodyBytesMax = settings.rejectsBodyBytesMax
    perMinuteMax = max(1, settings.rejectsPerMinuteMax / loops)
    kept = registry.counter(MetricCatalogue.receiverRejectsKept)
    dropped = registry.counter(MetricCatalogue.receiverRejectsDropped)
  }

  /// Keeps the first ones of each minute and source; the rest are only counted.
  func note(
    _ view: RequestView, _ rejection: Rejection, source: SourceGuard, nowMs: Int64
  ) {
    guard Self.isKept(rejection), source.mayKeepRejects else { return }
    if nowMs / 60_000 != minute {
      minute = nowMs / 60_000
      keptInMinute.removeAll(keepingCapacity: true)
    }
    guard keptInMinute[source.name, default: 0] < perMinuteMax else { return dropped.add() }
    keptInMinute[source.name, default: 0] += 1
    let request = RejectedRequest(view, rejection, source, nowMs: nowMs, bodyBytesMax: bodyBytesMax)
    let isStored = store.store(
      key: source.name, value: request.body ?? [], headers: request.recordHeaders)
    (isStored ? kept : dropped).add()
  }

  /// What a mended secret, URL or clock could turn.
  private static func isKept(_ rejection: Rejection) -> Bool {
    switch rejection {
    case .signatureMissing, .signatureMalformed, .signatureMismatch, .timestampMissing,
      .timestampOutsideTolerance:
      true
    default: false
    }
  }
}

extension RejectedRequest {
  fileprivate init(
    _ view: RequestView, _ rejection: Rejection, _ source: SourceGuard, nowMs: Int64,
    bodyBytesMax: Int
  ) {
    let target = String(decoding: view.target, as: UTF8.self)
    self.init(
      source: source.name, reason: rejection, receivedAtMs: nowMs,
      method: String(decoding: view.method, as: UTF8.self),
      // A query may hold anything, so it is kept only where it is needed again.
      target: source.signsURL ? target : String(target.prefix { $0 != "?" }),
      headers: view.texts.map { Header($0.name.lowercased(), $0.value) },
      body: view.body.count <= bodyBytesMax ? [UInt8](view.body) : nil,
      bodyBytes: view.body.count)
  }
}
