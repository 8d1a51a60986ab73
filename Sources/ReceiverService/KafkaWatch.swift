// Keeps an eye on the producer: gauges, and whether requests are taken.

import Synchronization
import Telemetry

/// Any thread.
final class KafkaWatch: Sendable {
  private struct State {
    var pressure: KafkaPressure
    var statistics: KafkaStatistics?
  }

  private let state: Mutex<State>
  private let refusing = Atomic<Bool>(false)
  private let queued: Gauge
  private let queuedBytes: Gauge
  private let roundTrip: Gauge
  private let internalLatency: Gauge
  private let throttle: Gauge
  private let estimate: Gauge

  init(deadlineMs: Int, registry: MetricRegistry) {
    state = Mutex(State(pressure: KafkaPressure(deadlineMs: deadlineMs)))
    queued = registry.gauge(MetricCatalogue.receiverKafkaQueue)
    queuedBytes = registry.gauge(MetricCatalogue.receiverKafkaQueueBytes)
    roundTrip = registry.gauge(MetricCatalogue.receiverKafkaRoundTrip)
    internalLatency = registry.gauge(MetricCatalogue.receiverKafkaInternalLatency)
    throttle = registry.gauge(MetricCatalogue.receiverKafkaThrottle)
    estimate = registry.gauge(MetricCatalogue.receiverKafkaEstimate)
  }

  /// True while a request would not be answered in time.
  var isRefusing: Bool { refusing.load(ordering: .relaxed) }

  /// librdkafka's statistics, every few seconds.
  func note(statistics text: String) {
    guard let statistics = KafkaStatistics(text) else { return }
    state.withLock { $0.statistics = statistics }
    queuedBytes.set(statistics.queuedBytes)
    roundTrip.set(statistics.roundTripP95Us / 1000)
    internalLatency.set(statistics.internalLatencyP95Us / 1000)
    throttle.set(statistics.throttleP95Ms)
  }

  /// Every 100 ms.
  func tick(_ publisher: any EventPublisher, areBrokersUp: Bool, nowMs: Int64) {
    let figures = publisher.figures
    let (isRefusing, estimateMs) = state.withLock { state in
      let statistics = state.statistics
      let isRefusing = state.pressure.note(
        KafkaPressure.Sample(
          nowMs: nowMs, queued: figures.queued, acknowledged: figures.acknowledged,
          roundTripMs: Int64((statistics?.roundTripP95Us ?? 0) / 1000),
          throttleMs: Int64(statistics?.throttleP95Ms ?? 0), areBrokersUp: areBrokersUp))
      return (isRefusing, state.pressure.estimateMs)
    }
    refusing.store(isRefusing, ordering: .relaxed)
    queued.set(figures.queued)
    estimate.set(Int(estimateMs))
  }
}
