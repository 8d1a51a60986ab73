// What the owner thread is put together from; made, and refused if wrong, before it starts.
import HTTPClient
import Kafka
import Logging
import Model
import Providers
import Settings
import Stores
import Telemetry

/// The parts of one consumer. `ConsumerLoop` takes them over.
struct ConsumerParts: Sendable {
  let settings: ConsumerSettings
  let kafka: KafkaSettings
  /// By source name.
  let pipelines: [String: Pipeline]
  /// Whom the pipelines ask, by the number that they know it by.
  let destinations: [(name: String, settings: FetchSettings)]
  /// By the destinations' names; those without are not in it.
  /// By destination.
  let credentials: [Credential?]
  let step: ConsumerService.Step
  let writers: [String: SinkWriter]
  /// Of dead letters and of parked records.
  let producer: Producer
  let gauges: ConsumerGauges
  let health: ConsumerHealth
  let observe: ProgressObserver
  let log: Logger
  let httpLimits: HTTPLimits
  let consumerOptions: ConsumerOptions

  init(
    _ configuration: Configuration, ports: ConsumerLoop.Ports, gauges: ConsumerGauges,
    health: ConsumerHealth, log: Logger, step: ConsumerService.Step = .whole,
    observe: @escaping ProgressObserver
  ) throws {
    settings = configuration.consumer
    kafka = configuration.kafka
    let (pipelines, destinations) = try Self.pipelines(configuration)
    self.pipelines = pipelines
    self.destinations = destinations
    credentials = try destinations.map { try Credential.of($0.settings) }
    self.step = step
    writers = try Self.writers(configuration, ports: ports)
    producer = try Producer(
      Self.producerOptions(configuration.kafka),
      onDeliveries: { ports.deliveries.push($0) },
      onEvent: { event in
        guard case .failure(let error) = event else { return }
        log.write(.warning, "dead letters and retries: \(error.remedy)", [.error: error])
        if error.isFatal { health.fail(error.name) }
      })
    self.gauges = gauges
    self.health = health
    self.observe = observe
    self.log = log
    let connections = configuration.pipelines.compactMap(\.fetch?.connectionsMax).max() ?? 1
    httpLimits = HTTPLimits(
      connectionsPerHostMax: connections, connectionsMax: max(256, connections),
      // After a revoke the old transfers run out while new ones start.
      waitingMax: 2 * max(configuration.consumer.inFlightMax, connections))
    consumerOptions = Self.consumerOptions(configuration)
  }

  private static func pipelines(
    _ configuration: Configuration
  ) throws -> ([String: Pipeline], [(name: String, settings: FetchSettings)]) {
    var bySource: [String: Pipeline] = [:]
    var destinations: [(name: String, settings: FetchSettings)] = []
    for settings in configuration.pipelines {
      guard bySource[settings.from] == nil else {
        throw ConsumerError(
          message: "pipeline \(settings.name): source \(settings.from) has a pipeline already",
          remedy: "keep one pipeline a source")
      }
      let fetch = try settings.fetch.map { fetch in
        guard let api = RecordAPI.named(fetch.provider) else {
          throw ConsumerError(
            message: "pipeline \(settings.name): \(fetch.provider) has no API to fetch from",
            remedy: "use one of \(RecordAPI.names.joined(separator: ", "))")
        }
        return FetchPlan(api: api, settings: fetch)
      }
      bySource[settings.from] = Pipeline(
        name: settings.name, sink: settings.to, fetch: fetch, destination: destinations.count,
        // Without a fetch each event brings a state of its own.
        coalesceRecordsMax: fetch == nil ? 1 : configuration.consumer.engine.coalesceRecordsMax)
      if let fetch = settings.fetch { destinations.append((settings.name, fetch)) }
    }
    return (bySource, destinations)
  }

  private static func writers(
    _ configuration: Configuration, ports: ConsumerLoop.Ports
  ) throws -> [String: SinkWriter] {
    var writers: [String: SinkWriter] = [:]
    for name in Set(configuration.pipelines.map(\.to)) {
      guard let sink = configuration.sinks[name] else {
        throw ConsumerError(message: "no sink is named \(name)", remedy: "add it under sinks:")
      }
      do throws(StoreError) {
        writers[name] = try SinkWriter(
          SinkStore.open(sink), keeping: RowsKept(sink), results: ports.writes)
      } catch {
        // What passes by itself is no fault of the configuration: let it be tried again.
        if error.isWorthWaiting { throw error }
        throw ConsumerError(message: "sink \(name): \(error)", remedy: error.remedy)
      }
    }
    return writers
  }

  private static func producerOptions(_ kafka: KafkaSettings) -> ProducerOptions {
    ProducerOptions(
      bootstrapServers: kafka.bootstrapServers, clientId: "hookferry-consumer",
      // A dead letter is its original and up to 4 KiB of provenance; brokers take 1,048,588 bytes.
      extra: ["message.max.bytes": "1040000"].merging(
        kafka.properties.mapValues { $0.reveal() }
      ) { $1 })
  }

  private static func consumerOptions(_ configuration: Configuration) -> ConsumerOptions {
    let settings = configuration.consumer
    return ConsumerOptions(
      bootstrapServers: configuration.kafka.bootstrapServers, groupId: settings.groupId,
      clientId: "hookferry-consumer", groupInstanceId: settings.engine.instanceId,
      assignmentStrategy: .init(rawValue: settings.engine.assignment) ?? .range,
      sessionTimeoutMs: settings.sessionTimeoutMs,
      heartbeatIntervalMs: max(1, min(3000, settings.sessionTimeoutMs / 3)),
      maxPollIntervalMs: settings.maxPollIntervalMs,
      // The window is what bounds memory; this is only what lies ready for it.
      queuedRecordsMin: 10_000, queuedKbytesMax: 16_384, fetchWaitMs: 100,
      // Tells where the end of a retry partition is.
      endOfPartition: settings.engine.isParking, lendsRecords: true,
      extra: configuration.kafka.properties.mapValues { $0.reveal() })
  }
}
