// The text that Prometheus reads, version 0.0.4.

extension MetricRegistry {
  /// The media type of `prometheusText`.
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// Every series, families and series in a fixed order. Any thread; takes the registry's lock
  /// only to copy the handles.
  package func prometheusText() -> String {
    var text = ""
    for family in snapshot() where !family.series.isEmpty {
      let declaration = family.declaration
      text += "# HELP \(declaration.name) \(Self.escape(declaration.meaning, quotes: false))\n"
      text += "# TYPE \(declaration.name) \(declaration.kind.rawValue)\n"
      let ordered = family.series.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      for (values, series) in ordered {
        let labels = zip(declaration.labels, values).map {
          "\($0.name)=\"\(Self.escape($1, quotes: true))\""
        }
        Self.append(series, declaration, labels, to: &text)
      }
    }
    return text
  }

  private static func append(
    _ series: Series, _ declaration: MetricDeclaration, _ labels: [String], to text: inout String
  ) {
    let name = declaration.name
    let isSeconds = declaration.unit == .seconds
    switch series {
    case .counter(let counter):
      text += line(name, labels, String(counter.value))
    case .gauge(let gauge):
      text += line(name, labels, isSeconds ? decimal(gauge.value, 3) : String(gauge.value))
    case .sampled(let read):
      let value = read()
      text += line(name, labels, isSeconds ? decimal(value, 3) : String(value))
    case .histogram(let histogram):
      var total = 0
      for (index, count) in histogram.counts.enumerated() {
        total += count
        let bound =
          index < Histogram.boundsMicroseconds.count
          ? decimal(Histogram.boundsMicroseconds[index], 6) : "+Inf"
        text += line("\(name)_bucket", labels + ["le=\"\(bound)\""], String(total))
      }
      text += line("\(name)_sum", labels, decimal(histogram.sumMicroseconds, 6))
      text += line("\(name)_count", labels, String(total))
    }
  }

  private static func line(_ name: String, _ labels: [String], _ value: String) -> String {
    labels.isEmpty
      ? "\(name) \(value)\n" : "\(name){\(labels.joined(separator: ","))} \(value)\n"
  }

  /// `value` divided by ten to the `places`, without trailing zeros: 2500 with 6 is `0.0025`.
  static func decimal(_ value: Int, _ places: Int) -> String {
    guard places > 0 else { return String(value) }
    var divisor = 1
    for _ in 0..<places { divisor *= 10 }
    let magnitude = value.magnitude
    let whole = magnitude / UInt(divisor)
    var fraction = String(magnitude % UInt(divisor))
    fraction = String(repeating: "0", count: places - fraction.count) + fraction
    while fraction.last == "0" { fraction.removeLast() }
    let sign = value < 0 ? "-" : ""
    return fraction.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(fraction)"
  }

  private static func escape(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}
