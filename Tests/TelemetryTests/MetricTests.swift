// Instruments, their text, and the catalogue's own rules.

import Foundation
import Model
import Testing

@testable import Telemetry

@Suite struct MetricTests {
  @Test func theTextIsWhatPrometheusReads() {
    let registry = MetricRegistry()
    registry.counter(MetricCatalogue.receiverEventsPublished, "crm").add(3)
    registry.counter(MetricCatalogue.receiverEventsPublished, "a\"b\\c\nd").add()
    registry.gauge(MetricCatalogue.consumerOldestUnfinished).set(1250)
    registry.sample(MetricCatalogue.consumerLag, "3") { 1007 }
    registry.gauge(MetricCatalogue.consumerLag, "11").set(-1)
    #expect(
      registry.prometheusText() == """
        # HELP hookferry_consumer_lag_records Records in the log behind the committed offset, by \
        assigned partition.
        # TYPE hookferry_consumer_lag_records gauge
        hookferry_consumer_lag_records{partition="11"} -1
        hookferry_consumer_lag_records{partition="3"} 1007
        # HELP hookferry_consumer_oldest_unfinished_seconds How long the oldest unfinished record \
        has been here.
        # TYPE hookferry_consumer_oldest_unfinished_seconds gauge
        hookferry_consumer_oldest_unfinished_seconds 1.25
        # HELP hookferry_receiver_events_published_total Events that Kafka acknowledged.
        # TYPE hookferry_receiver_events_published_total counter
        hookferry_receiver_events_published_total{source="a\\"b\\\\c\\nd"} 1
        hookferry_receiver_events_published_total{source="crm"} 3

        """)
  }

  @Test func aHistogramCountsUpToItsBounds() {
    let registry = MetricRegistry()
    let histogram = registry.histogram(MetricCatalogue.consumerFetchSeconds)
    for microseconds in [-5, 0, 1000, 1001, 2500, 60_000_000, 60_000_001] {
      histogram.observe(microseconds: microseconds)
    }
    let lines = registry.prometheusText().split(separator: "\n").map {
      $0.replacing("hookferry_consumer_fetch_seconds", with: "")
    }
    #expect(lines[2] == "_bucket{le=\"0.001\"} 3")
    #expect(lines[3] == "_bucket{le=\"0.0025\"} 5")
    #expect(lines[15] == "_bucket{le=\"30\"} 5")
    #expect(lines[16] == "_bucket{le=\"60\"} 6")
    #expect(lines[17] == "_bucket{le=\"+Inf\"} 7")
    #expect(lines[18] == "_sum 120.004502")
    #expect(lines[19] == "_count 7")
    #expect(lines.count == 20)
  }

  @Test func aHandleIsTheSameEachTime() {
    let registry = MetricRegistry()
    let first = registry.counter(MetricCatalogue.consumerRebalances)
    #expect(first === registry.counter(MetricCatalogue.consumerRebalances))
    #expect(first !== MetricRegistry().counter(MetricCatalogue.consumerRebalances))
  }

  @Test func aTableHasEveryCaseFromTheStart() {
    let registry = MetricRegistry()
    let retries = registry.counters(MetricCatalogue.consumerRetries, by: FailureClass.self)
    retries[.throttled].add(2)
    let text = registry.prometheusText()
    for failureClass in FailureClass.allCases {
      let count = failureClass == .throttled ? 2 : 0
      #expect(text.contains("_total{class=\"\(failureClass.rawValue)\"} \(count)\n"))
    }
    let requests = registry.counters(
      MetricCatalogue.receiverRequests, "crm", by: Rejection.self)
    requests[.kafkaTimeout].add()
    #expect(
      registry.prometheusText().contains("{source=\"crm\",reason=\"kafka_timeout\"} 1\n"))
  }

  @Test func aRemovedSeriesIsNotShown() {
    let registry = MetricRegistry()
    let gauge = registry.gauge(MetricCatalogue.consumerLag, "0")
    registry.remove(MetricCatalogue.consumerLag, "0")
    gauge.set(1)
    #expect(!registry.prometheusText().contains("partition"))
  }

  @Test func thereIsALimitOfSeries() {
    let registry = MetricRegistry()
    for partition in 0...MetricRegistry.seriesMax {
      registry.gauge(MetricCatalogue.consumerLag, String(partition)).set(1)
    }
    let lines = registry.prometheusText().split(separator: "\n")
    #expect(lines.count == MetricRegistry.seriesMax + 2)
  }

  @Test func countersAddUpAcrossThreads() async {
    let counter = Counter()
    let histogram = Histogram()
    await withTaskGroup { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<10_000 {
            counter.add()
            histogram.observe(microseconds: 2)
          }
        }
      }
    }
    #expect(counter.value == 80_000)
    #expect(histogram.counts[0] == 80_000)
    #expect(histogram.sumMicroseconds == 160_000)
  }

  @Test func anUnknownLabelStopsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      _ = MetricRegistry().counter(MetricCatalogue.receiverRequests, "crm", "made_up")
    }
    await #expect(processExitsWith: .failure) {
      _ = MetricRegistry().counter(MetricCatalogue.receiverRequests, "crm")
    }
    await #expect(processExitsWith: .failure) {
      _ = MetricRegistry().counter(
        Metric<Counter>("hookferry_forgotten_total", "Not in the list.", action: "None."))
    }
  }

  @Test(arguments: [
    (0, 3, "0"), (1, 3, "0.001"), (-1500, 3, "-1.5"), (120, 0, "120"), (2_500_000, 6, "2.5"),
  ])
  func decimalsAreExact(value: Int, places: Int, text: String) {
    #expect(MetricRegistry.decimal(value, places) == text)
  }

  @Test func theCatalogueKeepsItsRules() {
    #expect(MetricCatalogue.names.count == MetricCatalogue.all.count)
    for metric in MetricCatalogue.all {
      let name = metric.name
      #expect(name.hasPrefix("hookferry_"))
      #expect(name.allSatisfy { $0.isLowercase || $0 == "_" }, "\(name)")
      #expect((metric.kind == .counter) == name.hasSuffix("_total"), "\(name)")
      #expect((metric.unit == .seconds) == name.hasSuffix("_seconds"), "\(name)")
      #expect((metric.unit == .bytes) == name.hasSuffix("_bytes"), "\(name)")
      #expect(metric.kind != .histogram || metric.unit == .seconds, "\(name)")
      #expect(metric.meaning.hasSuffix(".") && metric.action.hasSuffix("."), "\(name)")
      #expect(Set(metric.labels.map(\.name)).count == metric.labels.count, "\(name)")
    }
  }

  @Test func fetchStatusesAreFew() {
    let statuses = [200, 204, 404, 410, 429, 401, 403, 400, 418, 500, 503, 302, nil]
    #expect(
      statuses.map { FetchStatus(httpStatus: $0).rawValue } == [
        "2xx", "2xx", "404", "404", "429", "401_403", "401_403", "4xx", "4xx", "5xx", "5xx",
        "none", "none",
      ])
  }

  @Test func theReferenceIsUpToDate() throws {
    let repository = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let file = repository.appending(path: "docs/METRICS.md")
    if ProcessInfo.processInfo.environment["HOOKFERRY_WRITE_DOCS"] != nil {
      try Data(MetricReference.markdown.utf8).write(to: file)
    }
    #expect(
      try String(contentsOf: file, encoding: .utf8) == MetricReference.markdown, "run make docs")
  }
}
