// The listener and its event loops.
import Model
import NIOCore
import NIOHTTP1
import NIOPosix
import Settings

/// A bound server. `start` binds; `drain` ends it.
struct HookServer: Sendable {
  private let group: MultiThreadedEventLoopGroup
  private let listener: any Channel
  private let shards: [NIOLoopBound<LoopShard>]
  private let shared: ReceiverShared
  let port: Int

  static func start(
    _ settings: ReceiverSettings, shared: ReceiverShared, router: DeliveryRouter,
    table: SourceTable
  ) async throws -> HookServer {
    let threads = settings.threads > 0 ? settings.threads : System.coreCount
    let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
    do {
      var shards: [NIOLoopBound<LoopShard>] = []
      for (index, eventLoop) in group.makeIterator().enumerated() {
        let bound = try await eventLoop.submit {
          let shard = LoopShard(
            eventLoop: eventLoop, index: index, shared: shared, sources: try table.sources())
          shard.start()
          return NIOLoopBound(shard, eventLoop: eventLoop)
        }.get()
        router.add(bound, on: eventLoop)
        shards.append(bound)
      }
      let listener = try await bind(settings, group: group, shards: shards)
      return HookServer(
        group: group, listener: listener, shards: shards, shared: shared,
        port: listener.localAddress?.port ?? settings.port)
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
  }

  private static func bind(
    _ settings: ReceiverSettings, group: MultiThreadedEventLoopGroup,
    shards: [NIOLoopBound<LoopShard>]
  ) async throws -> any Channel {
    do {
      return try await ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: 1024)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelOption(.maxMessagesPerRead, value: 1)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            guard let shard = shards.first(where: { $0.eventLoop === channel.eventLoop }) else {
              preconditionFailure("HookServer: a channel on a loop that is not ours")
            }
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(
              ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
            try pipeline.addHandler(HookHandler(shard: shard.value))
          }
        }
        .bind(host: settings.listenAddress, port: settings.port).get()
    } catch {
      throw ReceiverError(
        message: "cannot listen on \(settings.listenAddress):\(settings.port): \(error)",
        remedy: "free the port or set receiver.port")
    }
  }

  /// Stops accepting, lets requests under way end, and closes. True when all of them ended.
  func drain(timeoutMs: Int) async -> Bool {
    shared.startDraining()
    try? await listener.close()
    let deadlineMs = ReceiverClock.monotonicMs + Int64(timeoutMs)
    var isDone = false
    while !isDone, ReceiverClock.monotonicMs < deadlineMs {
      for shard in shards {
        try? await shard.eventLoop.submit { shard.value.drainConnections() }.get()
      }
      isDone = shared.admission.requestsInFlight == 0 && shared.connectionCount == 0
      if !isDone { try? await Task.sleep(for: .milliseconds(20)) }
    }
    return shared.admission.requestsInFlight == 0
  }

  /// Ends the event loops; to be called after the publisher is closed.
  func stop() async {
    for shard in shards {
      try? await shard.eventLoop.submit { shard.value.stop() }.get()
    }
    try? await group.shutdownGracefully()
  }
}
