// The fake CRM as a server: its state behind a lock, its endpoints over HTTP, its webhooks.

internal import HTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// Why a sandbox cannot do what it was told.
package struct SandboxError: Error, Sendable, CustomStringConvertible {
  package let description: String
  /// What a person can do about it.
  package let remedy: String
}

/// A fake CRM. Safe to use from any task; `start` once, `stop` when done.
package final class SandboxServer: Sendable {
  private let options: SandboxOptions
  private let state: Mutex<SandboxState>
  private let sender: WebhookSender?
  private let running = Mutex<Running?>(nil)

  private struct Running {
    let group: MultiThreadedEventLoopGroup
    let port: Int
    /// Nil while the API is away.
    var listener: (any Channel)?
    var connections: [ObjectIdentifier: any Channel] = [:]
  }

  package init(_ options: SandboxOptions = SandboxOptions()) throws(SandboxError) {
    self.options = options
    var state = SandboxState(options)
    state.setFaults(options.faults, nowMs: WebhookSender.wallClockMs())
    self.state = Mutex(state)
    do throws(HTTPError) {
      sender = if let webhooks = options.webhooks { try WebhookSender(webhooks) } else { nil }
    } catch {
      throw SandboxError(description: error.description, remedy: error.remedy)
    }
  }

  /// Listens, starts to send webhooks, and returns the port.
  package func start() async throws(SandboxError) -> Int {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      let channel = try await listen(group, port: options.port)
      let port = channel.localAddress?.port ?? options.port
      running.withLock { $0 = Running(group: group, port: port, listener: channel) }
      sender?.start()
      return port
    } catch {
      try? await group.shutdownGracefully()
      throw SandboxError(
        description: "cannot listen on \(options.listenAddress):\(options.port): \(error)",
        remedy: "choose another port, or stop the program that has it")
    }
  }

  private func listen(
    _ group: MultiThreadedEventLoopGroup, port: Int
  ) async throws -> any Channel {
    let bodyBytesMax = options.bodyBytesMax
    return try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        self.note(channel)
        return channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.configureHTTPServerPipeline()
          try pipeline.addHandler(
            SandboxHTTPHandler(bodyBytesMax: bodyBytesMax) { self.answer($0) })
        }
      }
      .bind(host: options.listenAddress, port: port).get()
  }

  private func note(_ connection: any Channel) {
    let id = ObjectIdentifier(connection)
    running.withLock { $0?.connections[id] = connection }
    connection.closeFuture.whenComplete { _ in
      self.running.withLock { _ = $0?.connections.removeValue(forKey: id) }
    }
  }

  /// Takes the API away: connections are reset, new ones refused, until `comeBack`. Control
  /// endpoints are gone as well; use it from the same process.
  package func goAway() async {
    let taken = running.withLock { running -> [any Channel] in
      guard let listener = running?.listener else { return [] }
      running?.listener = nil
      return [listener] + (running.map { Array($0.connections.values) } ?? [])
    }
    for channel in taken { try? await channel.close() }
  }

  /// Listens again, on the same port.
  package func comeBack() async throws(SandboxError) {
    guard
      let (group, port) = running.withLock({ running in
        running.flatMap { $0.listener == nil ? ($0.group, $0.port) : nil }
      })
    else { return }
    do {
      let listener = try await listen(group, port: port)
      running.withLock { $0?.listener = listener }
    } catch {
      throw SandboxError(
        description: "cannot listen on port \(port) again: \(error)",
        remedy: "stop the program that took it meanwhile")
    }
  }

  /// Closes every connection and gives up undelivered webhooks. Idempotent.
  package func stop() async {
    await sender?.stop()
    let running = running.withLock { running in
      defer { running = nil }
      return running
    }
    guard let running else { return }
    try? await running.listener?.close()
    try? await running.group.shutdownGracefully()
  }

  // MARK: Control from the same process

  /// Creates a record or merges into it; an empty value clears a property. The id must be a
  /// positive number, as HubSpot's are; nil picks the next free one. Returns the id.
  @discardableResult
  package func put(
    _ type: String, _ id: String? = nil, _ properties: [String: String]
  ) -> String {
    let (newId, events) = state.withLock { state in
      let newId = id ?? state.objects.newId()
      let events = state.objects.put(
        SandboxRecord.canonicalType(type), newId, properties, nowMs: WebhookSender.wallClockMs())
      return (newId, events)
    }
    sender?.add(events)
    return newId
  }

  /// False when there is no such record.
  @discardableResult
  package func delete(_ type: String, _ id: String) -> Bool {
    let events = state.withLock {
      $0.objects.delete(
        SandboxRecord.canonicalType(type), id, nowMs: WebhookSender.wallClockMs())
    }
    sender?.add(events ?? [])
    return events != nil
  }

  /// Sends so many bodies that are signed rightly and make no event.
  package func sendPoison(_ count: Int) { sender?.addPoison(count) }

  /// Storms and bursts begin now.
  package func setFaults(_ faults: SandboxFaults) {
    state.withLock { $0.setFaults(faults, nowMs: WebhookSender.wallClockMs()) }
  }

  /// Storms and bursts with what is left of them.
  package var faults: SandboxFaults {
    state.withLock { $0.plan.faults(nowMs: WebhookSender.wallClockMs()) }
  }

  package var reads: SandboxReads { state.withLock { $0.plan.reads } }

  /// A record as it stands; a deleted one says so.
  package func record(_ type: String, _ id: String) -> SandboxRecord? {
    state.withLock { $0.objects.record(SandboxRecord.canonicalType(type), id) }
  }

  /// Deleted ones included, in the order of type and number.
  package func allRecords() -> [SandboxRecord] { state.withLock { $0.objects.all } }

  /// What the API would answer for a record now, without faults, as JSON; nil means 404. Empty
  /// `properties` ask for the default set.
  package func apiObject(_ type: String, _ id: String, properties: [String]) -> [UInt8]? {
    let record = state.withLock { $0.objects.record(SandboxRecord.canonicalType(type), id) }
    guard let record, !record.isDeleted else { return nil }
    return JSONBody.encode(record.object(properties: properties))
  }

  package var requestCounts: [SandboxRequestCount] { state.withLock { $0.requestCounts } }

  // MARK: Webhooks

  package var progress: SandboxProgress { sender?.progress ?? SandboxProgress() }

  /// The progress now and at each change; ends with `stop`. A slow reader misses steps, never the
  /// last one.
  package func progressUpdates() -> AsyncStream<SandboxProgress> {
    sender?.updates() ?? AsyncStream { $0.finish() }
  }

  /// Returns once every event so far is accepted, refused or lost on purpose, or after `stop`.
  package func waitUntilDelivered() async {
    for await progress in progressUpdates() where progress.isIdle { return }
  }

  /// From now on webhooks go there. Does nothing without `SandboxOptions.webhooks`, which sign.
  package func setWebhookTarget(url: String, publicURL: String? = nil) {
    sender?.setTarget(url: url, publicURL: publicURL)
  }

  private func answer(_ request: SandboxRequest) -> SandboxReply {
    let progress = progress
    let reply = state.withLock {
      $0.handle(request, progress: progress, nowMs: WebhookSender.wallClockMs())
    }
    switch reply.effect {
    case .none: break
    case .deliver(let events): sender?.add(events)
    case .poison(let count):
      guard let sender else { return Self.noWebhooks }
      sender.addPoison(count)
    case .target(let url, let publicURL):
      guard let sender else { return Self.noWebhooks }
      sender.setTarget(url: url, publicURL: publicURL)
    }
    return reply
  }

  private static var noWebhooks: SandboxReply {
    .error(409, "this sandbox was started without webhooks", "SANDBOX")
  }
}
