// The parts of a receiver that runs, and the order of their beginning and end.

import AdminServer
import Dispatch
import Kafka
import Logging
import Model
import NIOCore
import NIOPosix
import NIOSSL
import Settings
import Signatures
import Telemetry
import UnixSignals

/// Everything that `Receiver.run` holds while it serves.
struct ReceiverRun: Sendable {
  let ports: Receiver.Ports
  private let settings: ReceiverSettings
  private let kafka: KafkaSettings
  private let logger: Logger
  private let group: MultiThreadedEventLoopGroup
  private let shards: [NIOLoopBound<Shard>]
  private let sweeps: [RepeatedTask]
  private let listener: any Channel
  private let admin: AdminServer
  private let publisher: any EventPublisher
  private let readiness: Readiness
  private let admission: Admission
  /// Without Kafka behind it a receiver has no brokers to ask for.
  private let hasBrokers: Bool
  private let reloader: Reloader

  /// The deadlines' granularity.
  private static let sweepMs: Int64 = 100

  static func start(_ receiver: Receiver) async throws -> ReceiverRun {
    let settings = receiver.configuration.receiver
    let metrics = ReceiverMetrics(receiver.registry)
    let admission = Admission(settings, metrics: metrics)
    let readiness = Readiness(admission, requestsMax: settings.inFlightRequestsMax)
    let router = ReportRouter()
    let watch = KafkaWatch(deadlineMs: settings.requestDeadlineMs, registry: receiver.registry)
    let shared = SharedSources(receiver.registry) { router.route($0) }
    let threads = settings.threads == 0 ? System.coreCount : settings.threads
    let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
    let publisher: any EventPublisher
    let spool: Spool?
    do {
      (publisher, spool) = try makePublisher(receiver, router, readiness, watch, group.any())
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    do {
      let tls = TLSInForce(receiver.identity)
      let table = SourceTable(
        registry: receiver.registry, spool: spool, spooling: receiver.spoolingSources,
        shared: shared, settings: settings,
        certificates: CertificateStore(receiver.documents ?? DocumentClient()))
      let shards = try await makeShards(receiver, group, publisher, table, admission, metrics)
      try await attach(watch, to: shards, group)
      router.open(
        zip(shards, group.makeIterator()).map { ReportMailbox($0, loop: $1) })
      let admin = try await AdminServer.start(
        address: settings.listenAddress, port: settings.adminPort, registry: receiver.registry,
        liveness: { readiness.liveness }, readiness: { readiness.state })
      let listener: any Channel
      do {
        listener = try await bind(settings, group, shards, admission, tls)
      } catch {
        await admin.close()
        throw error
      }
      let sweeps =
        try await startSweeps(group, shards) + [startWatch(watch, group, publisher, readiness)]
      return ReceiverRun(
        ports: Receiver.Ports(
          webhooks: listener.localAddress?.port ?? settings.port, admin: admin.port),
        settings: settings, kafka: receiver.configuration.kafka, logger: receiver.logger,
        group: group, shards: shards, sweeps: sweeps, listener: listener, admin: admin,
        publisher: publisher, readiness: readiness, admission: admission,
        hasBrokers: receiver.makePublisher == nil,
        reloader: Reloader(receiver, shards, group, table, tls, metrics.edge))
    } catch {
      _ = await offLoop { publisher.close(timeoutMs: 0) }
      try? await group.shutdownGracefully()
      throw error
    }
  }

  private static func makePublisher(
    _ receiver: Receiver, _ router: ReportRouter, _ readiness: Readiness, _ watch: KafkaWatch,
    _ loop: any EventLoop
  ) throws -> (any EventPublisher, Spool?) {
    guard let settings = receiver.configuration.receiver.spool else {
      return (try makeInner(receiver, readiness, watch, loop) { router.route($0) }, nil)
    }
    let isUsed = !receiver.spoolingSources.isEmpty
    let spool = try Spool(
      settings, sources: receiver.spoolingSources, registry: receiver.registry,
      logger: receiver.logger, onReports: { router.route($0) },
      onRoom: { readiness.spool(hasRoom: $0 && isUsed) },
      makeInner: { try makeInner(receiver, readiness, watch, loop, $0) })
    return (spool, spool)
  }

  private static func makeInner(
    _ receiver: Receiver, _ readiness: Readiness, _ watch: KafkaWatch,
    _ loop: any EventLoop, _ onReports: @escaping @Sendable ([PublishReport]) -> Void
  ) throws -> any EventPublisher {
    if let make = receiver.makePublisher { return try make(onReports) }
    let logger = receiver.logger
    return try KafkaPublisher(
      receiver.configuration, on: loop, onReports: onReports,
      onEvent: { event in
        readiness.note(event)
        switch event {
        case .failure(let error): logger.write(.warning, "Kafka", [.error: "\(error)"])
        case .log(let level, let facility, let message):
          logger.write(level <= 4 ? .warning : .info, "librdkafka \(facility): \(message)")
        case .statistics(let text): watch.note(statistics: text)
        }
      })
  }

  private static func makeShards(
    _ receiver: Receiver, _ group: MultiThreadedEventLoopGroup, _ publisher: any EventPublisher,
    _ table: SourceTable, _ admission: Admission, _ metrics: ReceiverMetrics
  ) async throws -> [NIOLoopBound<Shard>] {
    let settings = receiver.configuration.receiver
    let loops = Array(group.makeIterator()).count
    let (plans, registry, logger) = (receiver.plans, receiver.registry, receiver.logger)
    var shards: [NIOLoopBound<Shard>] = []
    for (index, loop) in group.makeIterator().enumerated() {
      let shard = try await loop.submit {
        let shard = Shard(
          index: index, settings: settings, sources: try table.make(plans),
          publisher: publisher,
          admission: admission, metrics: metrics, rejections: RejectionLog(logger),
          rejects: RejectKeeper(
            settings, store: (table.spool?.inner ?? publisher) as? any RejectStore, loops: loops,
            registry: registry), certificates: table.certificates)
        return NIOLoopBound(shard, eventLoop: loop)
      }.get()
      shards.append(shard)
    }
    return shards
  }

  private static func bind(
    _ settings: ReceiverSettings, _ group: MultiThreadedEventLoopGroup,
    _ shards: [NIOLoopBound<Shard>], _ admission: Admission, _ tls: TLSInForce
  ) async throws -> any Channel {
    let byLoop = Dictionary(
      uniqueKeysWithValues: zip(group.makeIterator().map { ObjectIdentifier($0) }, shards))
    do {
      return try await ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: 1024)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            // The bootstrap closes a channel whose set-up throws.
            guard let shard = byLoop[ObjectIdentifier(channel.eventLoop)],
              case .taken(let address) = admission.admitConnection(channel)
            else { throw ChannelError.operationUnsupported }
            let identity = tls.current
            if let identity {
              try channel.pipeline.syncOperations.addHandler(
                NIOSSLServerHandler(context: identity.context))
            }
            try channel.pipeline.syncOperations.addHandler(
              ConnectionHandler(shard.value, tls: identity, counted: address))
          }
        }
        .bind(host: settings.listenAddress, port: settings.port).get()
    } catch {
      throw ReceiverError(problems: [
        "cannot listen on \(settings.listenAddress):\(settings.port): \(error); choose another"
          + " receiver.port or end the program that has it"
      ])
    }
  }

  private static func startSweeps(
    _ group: MultiThreadedEventLoopGroup, _ shards: [NIOLoopBound<Shard>]
  ) async throws -> [RepeatedTask] {
    let interval = TimeAmount.milliseconds(sweepMs)
    return zip(group.makeIterator(), shards).map { loop, shard in
      loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
        shard.value.sweep()
      }
    }
  }

  /// Brings changed configurations into force until cancelled.
  func follow(_ changes: ConfigurationSource?, _ hangups: UnixSignalsSequence?) async {
    guard let changes, let hangups else { return }
    await reloader.follow(changes, hangups)
  }

  private static func attach(
    _ watch: KafkaWatch, to shards: [NIOLoopBound<Shard>], _ group: MultiThreadedEventLoopGroup
  ) async throws {
    for (loop, shard) in zip(group.makeIterator(), shards) {
      try await loop.submit { shard.value.watch = watch }.get()
    }
  }

  private static func startWatch(
    _ watch: KafkaWatch, _ group: MultiThreadedEventLoopGroup, _ publisher: any EventPublisher,
    _ readiness: Readiness
  ) -> RepeatedTask {
    let interval = TimeAmount.milliseconds(sweepMs)
    return group.next().scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
      watch.tick(
        publisher, areBrokersUp: readiness.areBrokersUp, nowMs: SystemClock.monotonicMs)
      readiness.kafka(isSlow: watch.isRefusing)
    }
  }

  /// Keeps readiness true to the brokers until cancelled; `onReady` when one answered first.
  func watchBrokers(onReady: @escaping @Sendable () -> Void) async {
    guard hasBrokers else {
      readiness.brokers(.ok)
      return onReady()
    }
    while !Task.isCancelled {
      if !readiness.areBrokersUp {
        let (kafka, readiness) = (kafka, readiness)
        let state = await Self.offLoop { Self.askBrokers(kafka) }
        readiness.brokers(state)
        if state == .ok { onReady() }
      }
      try? await Task.sleep(for: .milliseconds(readiness.areBrokersUp ? 1000 : 250))
    }
  }

  /// Blocks up to a second and a half.
  private static func askBrokers(_ kafka: KafkaSettings) -> HealthState {
    do throws(KafkaError) {
      let client = try AdminClient(
        bootstrapServers: kafka.bootstrapServers, clientId: "hookferry-receiver-probe",
        extra: kafka.properties.mapValues { $0.reveal() })
      defer { client.close() }
      _ = try client.describeCluster(timeoutMs: 1500)
      return .ok
    } catch {
      return .failing("no broker can be reached: \(error)")
    }
  }

  /// Unready, grace, no new connections, answers, flush. Returns how many events were lost to
  /// Kafka; none of them had been answered with 2xx.
  func stop(grace: Bool) async -> Int {
    readiness.shutDown()
    logger.write(.info, "draining", [.waitMs: grace ? settings.drainGraceMs : 0])
    if grace { try? await Task.sleep(for: .milliseconds(settings.drainGraceMs)) }
    try? await listener.close().get()
    await onEachLoop { $0.drain() }
    let endMs = SystemClock.monotonicMs + Int64(settings.drainTimeoutMs)
    while admission.connectionsOpen > 0 || admission.requestsInFlight > 0,
      SystemClock.monotonicMs < endMs, !Task.isCancelled
    {
      try? await Task.sleep(for: .milliseconds(10))
    }
    let (publisher, leftMs) = (publisher, max(0, Int(endMs - SystemClock.monotonicMs)))
    let undelivered = await Self.offLoop { publisher.close(timeoutMs: max(leftMs, 500)) }
    await onEachLoop { $0.closeAll() }
    for sweep in sweeps { sweep.cancel() }
    await admin.close()
    try? await group.shutdownGracefully()
    logger.write(.info, "stopped", [.pending: undelivered])
    return undelivered
  }

  private func onEachLoop(_ body: @escaping @Sendable (Shard) -> Void) async {
    for (loop, shard) in zip(group.makeIterator(), shards) {
      try? await loop.submit { body(shard.value) }.get()
    }
  }

  /// Blocking calls must not stand in the way of anything else. A queue of its own gets a thread
  /// at once; the global ones wait for others that block.
  static func offLoop<Result: Sendable>(
    _ body: @escaping @Sendable () -> Result
  ) async -> Result {
    await withCheckedContinuation { continuation in
      DispatchQueue(label: "hookferry.receiver.blocking").async {
        continuation.resume(returning: body())
      }
    }
  }
}
