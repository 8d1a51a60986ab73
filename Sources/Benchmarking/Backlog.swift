// Events that wait in the topic before a consumer starts.

internal import Glibc
import Kafka
import Model

/// Fills the events topic: keys with skewed popularity, as records of a CRM have.
package struct Backlog {
  package var servers: String
  package var count: Int
  /// 0: each event has a key of its own.
  package var keys: Int
  /// Of Zipf's law; 0 makes all keys equal.
  package var exponent: Double
  package var valueBytes = 300
  package var seed: UInt64 = 1

  static let topic = "hookferry.events"
  static let source = "crm"
  private static let flushMsMax: Int32 = 120_000

  package init(servers: String, count: Int, keys: Int, exponent: Double) {
    self.servers = servers
    self.count = count
    self.keys = max(keys, 0)
    self.exponent = exponent
  }

  /// Blocks until all of them are stored.
  package func fill() throws {
    // The mock broker keeps 5 MB a partition: large batches compress well.
    let producer = try Producer(
      ProducerOptions(
        bootstrapServers: servers, clientId: "hookferry-bench", lingerMs: 50,
        extra: [
          "compression.type": "zstd", "batch.num.messages": "10000",
          "queue.buffering.max.messages": "500000",
        ]))
    let topic = try producer.topic(Self.topic)
    var random = SplitMix64(seed: seed)
    let popularity = Zipf(count: max(keys, 1), exponent: exponent)
    let value = [UInt8](repeating: UInt8(ascii: "x"), count: valueBytes)
    for number in 0..<count {
      let key = RecordKey(
        tenant: "62515", object: "contact",
        recordId: String(keys > 0 ? 1 + popularity.draw(&random) : 1_000_000 + number))
      let event = Event(
        id: "e-\(number)", source: Self.source, type: "contact.propertyChange", key: key,
        timeMs: 1_800_000_000_000, origin: .webhook, receivedAtMs: 1_800_000_000_000,
        envelope: Envelope(id: "r-\(number)", index: 0, count: 1), verifiedBy: "hubspot-v3#0")
      try send(event, value, producer, topic)
    }
    guard producer.flush(timeoutMs: Self.flushMsMax) else {
      throw BenchmarkError(description: "not all events were stored within two minutes")
    }
    _ = producer.close(timeoutMs: 5000)
  }

  /// A full queue is waited for, a tenth of a second at a time.
  private func send(
    _ event: Event, _ value: [UInt8], _ producer: Producer, _ topic: ProducerTopic
  ) throws {
    for _ in 0..<600 {
      do throws(KafkaError) {
        return try producer.produce(
          to: topic, key: event.key?.encoded, value: value, headers: event.headers, ticket: 0)
      } catch {
        guard error.kind == .queueFull else { throw error }
        _ = producer.flush(timeoutMs: 100)
      }
    }
    throw BenchmarkError(description: "the broker takes no more events")
  }
}

/// Draws 0..<count, 0 most often.
struct Zipf {
  private let sums: [Double]

  init(count: Int, exponent: Double) {
    var sums: [Double] = []
    sums.reserveCapacity(count)
    var sum = 0.0
    for rank in 1...count {
      sum += pow(Double(rank), -exponent)
      sums.append(sum)
    }
    self.sums = sums
  }

  func draw(_ random: inout SplitMix64) -> Int {
    let at = Double.random(in: 0..<sums[sums.count - 1], using: &random)
    var (low, high) = (0, sums.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if sums[middle] > at { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
