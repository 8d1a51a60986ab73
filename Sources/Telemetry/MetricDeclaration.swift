// What a metric is: the registry, docs/METRICS.md and the people who set alerts read it here.

/// Where a label's values come from. Nothing that a request carries may be one: each value is a
/// series that stays in memory.
package enum MetricLabelValues: Sendable, Equatable {
  /// A closed list, mostly an enum's raw values.
  case closed([String])
  /// A name from the configuration: a source, a pipeline, a sink.
  case configured
  /// A partition's number.
  case partition
}

/// One label of a metric.
package struct MetricLabel: Sendable, Equatable {
  package let name: String
  package let values: MetricLabelValues

  package init(_ name: String, _ values: MetricLabelValues) {
    self.name = name
    self.values = values
  }

  /// The raw values of an enum, and others beside them.
  package init<Key: CaseIterable & RawRepresentable<String>>(
    _ name: String, _ keys: Key.Type, and others: [String] = []
  ) {
    self.init(name, .closed(others + keys.allCases.map(\.rawValue)))
  }
}

package enum MetricKind: String, Sendable {
  case counter, gauge, histogram
}

package enum MetricUnit: String, Sendable {
  case count
  case bytes
  /// Recorded in milliseconds (gauges) or microseconds (histograms), shown in seconds.
  case seconds
}

/// One metric, declared once.
package struct MetricDeclaration: Sendable {
  package let name: String
  package let kind: MetricKind
  package let unit: MetricUnit
  package let labels: [MetricLabel]
  /// What the number says, in one sentence.
  package let meaning: String
  /// What a person does when it moves.
  package let action: String
}

/// A declaration that knows its instrument, so that a counter cannot be asked for as a gauge.
package struct Metric<Instrument: MetricInstrument>: Sendable {
  package let declaration: MetricDeclaration

  package init(
    _ name: String, unit: MetricUnit = .count, labels: [MetricLabel] = [], _ meaning: String,
    action: String
  ) {
    declaration = MetricDeclaration(
      name: name, kind: Instrument.kind, unit: unit, labels: labels, meaning: meaning,
      action: action)
  }
}
