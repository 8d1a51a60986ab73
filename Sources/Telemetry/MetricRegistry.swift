// Every series of one process. Services look their instruments up when they start; the admin port
// reads them.

import Synchronization

/// The series of a process (or of one service, where a program runs both). Any thread.
package final class MetricRegistry: Sendable {
  /// More series of one metric are not kept: their instruments work and are not shown.
  static let seriesMax = 4096

  enum Series: Sendable {
    case counter(Counter)
    case gauge(Gauge)
    case histogram(Histogram)
    /// Read when asked for.
    case sampled(@Sendable () -> Int)
  }

  struct Family: Sendable {
    var declaration: MetricDeclaration
    var series: [[String]: Series] = [:]
  }

  private let families = Mutex<[String: Family]>([:])

  package init() {}

  /// The counter with these label values, in the declaration's order; the same one each time.
  /// Look it up once and keep it.
  package func counter(_ metric: Metric<Counter>, _ labels: String...) -> Counter {
    instrument(metric, labels, wrap: Series.counter) {
      if case .counter(let counter) = $0 { counter } else { nil }
    }
  }

  /// One counter for each case of the last label's enum, all present from the start.
  package func counters<Key: CaseIterable & RawRepresentable<String> & Equatable & Sendable>(
    _ metric: Metric<Counter>, _ labels: String..., by key: Key.Type
  ) -> CounterTable<Key> {
    CounterTable { key in
      instrument(metric, labels + [key.rawValue], wrap: Series.counter) {
        if case .counter(let counter) = $0 { counter } else { nil }
      }
    }
  }

  package func gauge(_ metric: Metric<Gauge>, _ labels: String...) -> Gauge {
    instrument(metric, labels, wrap: Series.gauge) {
      if case .gauge(let gauge) = $0 { gauge } else { nil }
    }
  }

  /// A gauge that is read when it is asked for; `read` runs on the admin port's thread and must
  /// not block. It replaces what was there for these labels.
  package func sample(
    _ metric: Metric<Gauge>, _ labels: String..., read: @escaping @Sendable () -> Int
  ) {
    check(metric.declaration, labels)
    families.withLock { families in
      var family = families[metric.declaration.name] ?? Family(declaration: metric.declaration)
      if family.series[labels] != nil || family.series.count < Self.seriesMax {
        family.series[labels] = .sampled(read)
      }
      families[metric.declaration.name] = family
    }
  }

  package func histogram(_ metric: Metric<Histogram>, _ labels: String...) -> Histogram {
    instrument(metric, labels, wrap: Series.histogram) {
      if case .histogram(let histogram) = $0 { histogram } else { nil }
    }
  }

  /// Stops showing a series, e.g. of a partition that went elsewhere. Handles stay usable.
  package func remove<Instrument>(_ metric: Metric<Instrument>, _ labels: String...) {
    families.withLock { _ = $0[metric.declaration.name]?.series.removeValue(forKey: labels) }
  }

  /// Families by name.
  func snapshot() -> [Family] {
    families.withLock { families in
      families.values.sorted { $0.declaration.name < $1.declaration.name }
    }
  }

  private func instrument<Instrument: MetricInstrument>(
    _ metric: Metric<Instrument>, _ labels: [String], wrap: (Instrument) -> Series,
    unwrap: (Series) -> Instrument?
  ) -> Instrument {
    check(metric.declaration, labels)
    return families.withLock { families in
      var family = families[metric.declaration.name] ?? Family(declaration: metric.declaration)
      if let found = family.series[labels].flatMap(unwrap) { return found }
      let made = Instrument()
      if family.series.count < Self.seriesMax { family.series[labels] = wrap(made) }
      families[metric.declaration.name] = family
      return made
    }
  }

  private func check(_ declaration: MetricDeclaration, _ labels: [String]) {
    precondition(
      MetricCatalogue.names.contains(declaration.name),
      "MetricRegistry: \(declaration.name) is not in MetricCatalogue.all")
    precondition(
      labels.count == declaration.labels.count,
      "MetricRegistry: \(declaration.name) takes \(declaration.labels.count) labels")
    for (label, value) in zip(declaration.labels, labels) {
      switch label.values {
      case .closed(let values):
        precondition(
          values.contains(value),
          "MetricRegistry: \(declaration.name) has no \(label.name) \(value)")
      case .partition:
        precondition(
          Int32(value) != nil, "MetricRegistry: \(declaration.name): \(value) is no partition")
      case .configured: break
      }
    }
  }
}
