// When requests are refused early, as a table of what Kafka looked like.

import Testing

@testable import ReceiverService

@Suite struct KafkaPressureTests {
  typealias Sample = KafkaPressure.Sample

  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    /// One every 100 ms: (queued, acknowledged, round trip, throttle).
    let samples: [(Int, Int, Int64, Int64)]
    let refuses: Bool

    var testDescription: String { name }
  }

  static func steps(
    _ count: Int, queued: (Int) -> Int, acknowledged: (Int) -> Int, roundTripMs: Int64 = 5,
    throttleMs: Int64 = 0
  ) -> [(Int, Int, Int64, Int64)] {
    (0..<count).map { (queued($0), acknowledged($0), roundTripMs, throttleMs) }
  }

  static let cases = [
    Case(
      name: "idle", samples: steps(50, queued: { _ in 0 }, acknowledged: { _ in 0 }), refuses: false
    ),
    Case(
      name: "busy and healthy",
      samples: steps(50, queued: { _ in 200 }, acknowledged: { $0 * 1000 }), refuses: false),
    Case(
      name: "a burst after a long silence is no evidence",
      samples: steps(50, queued: { _ in 0 }, acknowledged: { _ in 10 })
        + steps(4, queued: { 5000 - $0 * 100 }, acknowledged: { 10 + $0 * 100 }),
      refuses: false),
    Case(
      name: "one a second with a short round trip",
      samples: steps(80, queued: { $0 % 10 == 0 ? 1 : 0 }, acknowledged: { $0 / 10 }),
      refuses: false),
    Case(
      name: "the queue takes longer than the deadline",
      samples: steps(20, queued: { _ in 10_000 }, acknowledged: { $0 * 200 }), refuses: true),
    Case(
      name: "the queue takes half the deadline",
      samples: steps(20, queued: { _ in 4_000 }, acknowledged: { $0 * 200 }), refuses: false),
    Case(
      name: "the round trip alone",
      samples: steps(
        3, queued: { _ in 0 }, acknowledged: { _ in 0 }, roundTripMs: 4600), refuses: true),
    Case(
      name: "the quota alone",
      samples: steps(
        3, queued: { _ in 1 }, acknowledged: { $0 }, roundTripMs: 600, throttleMs: 4000),
      refuses: true),
    Case(
      name: "nothing comes back",
      samples: steps(50, queued: { _ in 3 }, acknowledged: { _ in 7 }), refuses: true),
    Case(
      name: "nothing has come back for a while",
      samples: steps(40, queued: { _ in 3 }, acknowledged: { _ in 7 }), refuses: false),
    Case(
      name: "it was slow and is fast now",
      samples: steps(30, queued: { _ in 10_000 }, acknowledged: { $0 * 200 })
        + steps(3, queued: { _ in 0 }, acknowledged: { 6000 + $0 }),
      refuses: false),
  ]

  @Test(arguments: cases)
  func table(_ one: Case) {
    var pressure = KafkaPressure(deadlineMs: 4500)
    var isRefusing = false
    for (index, sample) in one.samples.enumerated() {
      isRefusing = pressure.note(
        Sample(
          nowMs: Int64(index) * 100, queued: sample.0, acknowledged: sample.1,
          roundTripMs: sample.2, throttleMs: sample.3))
    }
    #expect(isRefusing == one.refuses, "estimate \(pressure.estimateMs) ms")
  }

  /// Between half the deadline and the deadline nothing changes, whichever side it came from.
  @Test func itDoesNotFlutter() {
    var pressure = KafkaPressure(deadlineMs: 1000)
    var changes = 0
    var before = false
    for (step, roundTripMs) in [100, 900, 1000, 1001, 900, 1001, 501, 1002, 500, 900, 1000]
      .enumerated()
    {
      let now = pressure.note(
        Sample(
          nowMs: Int64(step) * 100, queued: 0, acknowledged: 0, roundTripMs: Int64(roundTripMs)))
      if now != before { changes += 1 }
      before = now
    }
    #expect(changes == 2 && !before)
  }

  /// An empty queue says nothing while nobody is let in.
  @Test func withoutBrokersItStaysShut() {
    var pressure = KafkaPressure(deadlineMs: 1000)
    for step in 0..<20 {
      _ = pressure.note(Sample(nowMs: Int64(step) * 100, queued: 2, acknowledged: 0))
    }
    let empty = pressure.note(
      Sample(nowMs: 3000, queued: 0, acknowledged: 0, areBrokersUp: false))
    let back = pressure.note(Sample(nowMs: 3100, queued: 0, acknowledged: 0))
    #expect(empty && !back)
  }

  @Test func theSlowestBrokerCounts() throws {
    let text = """
      { "name": "x", "msg_cnt":37, "msg_size":8800, "msg_max":100000, "txmsgs":1200, "brokers":{ \
      "a:9092/1": { "name":"a", "int_latency": { "min":1, "p95":2500, "cnt":3 }, "outbuf_latency": \
      { "p95":999999 }, "rtt": { "min":0, "p95":1700, "p99":9999, "cnt":3 }, "throttle": { "p95":0 \
      } , "toppars":{ "t-0": { "topic":"t", "partition":0} } }, "b:9092/2": { "int_latency": { \
      "p95": 4100 }, "rtt": { "p95":900 }, "throttle": { "p95":250 } } }, "topics":{} }
      """
    let read = try #require(KafkaStatistics(text))
    #expect(read.queued == 37 && read.queuedBytes == 8800)
    #expect(read.roundTripP95Us == 1700)
    #expect(read.internalLatencyP95Us == 4100)
    #expect(read.throttleP95Ms == 250)
    #expect(KafkaStatistics("{}") == nil)
    #expect(KafkaStatistics("no JSON") == nil)
  }
}
