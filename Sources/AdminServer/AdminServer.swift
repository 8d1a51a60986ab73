// The admin port of both services: liveness, readiness and metrics over plain HTTP/1.1.

package import NIOCore
import NIOHTTP1
import NIOPosix
package import Telemetry

/// Why the admin port could not be opened.
package struct AdminServerError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String
}

/// `GET /livez`, `/readyz` and `/metrics`. Meant for probes and scrapers inside the network: it has
/// no TLS and no authentication, and says nothing secret.
package final class AdminServer: Sendable {
  /// What one server takes on.
  package struct Limits: Sendable {
    package var connectionsMax = 64
    package var headerBytesMax = 8192
    package var headersMax = 64
    /// From connecting, or from the last answer, to the end of the next request.
    package var requestTimeoutMs: Int64 = 30_000
    /// How long `close` waits for answers that are being sent.
    package var closeTimeoutMs: Int64 = 2000

    package init() {}
  }

  /// The port in use; differs from the one asked for when that was 0.
  package let port: Int
  private let listener: any Channel
  private let connections: AdminConnections
  private let limits: Limits

  private init(
    port: Int, listener: any Channel, connections: AdminConnections, limits: Limits
  ) {
    self.port = port
    self.listener = listener
    self.connections = connections
    self.limits = limits
  }

  /// Listens on `address` and `port`, 0 for any free one. `liveness` and `readiness` run on an
  /// event loop and must answer at once: read a `HealthCell`.
  package static func start(
    address: String, port: Int, registry: MetricRegistry,
    liveness: @escaping @Sendable () -> HealthState = { .ok },
    readiness: @escaping @Sendable () -> HealthState,
    limits: Limits = Limits(),
    group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
  ) async throws(AdminServerError) -> AdminServer {
    let routes = AdminRoutes(registry: registry, liveness: liveness, readiness: readiness)
    let connections = AdminConnections(connectionsMax: limits.connectionsMax)
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 64)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try configure(channel, routes, connections, limits)
        }
      }
    do {
      let listener = try await bootstrap.bind(host: address, port: port).get()
      return AdminServer(
        port: listener.localAddress?.port ?? port, listener: listener, connections: connections,
        limits: limits)
    } catch {
      throw AdminServerError(
        description: "cannot listen on \(address):\(port): \(error); choose another admin_port")
    }
  }

  /// Stops listening, lets answers under way out for at most `closeTimeoutMs`, and closes every
  /// connection. Calling it again does nothing.
  package func close() async {
    try? await listener.close().get()
    let channels = connections.beginClosing()
    let timeout = TimeAmount.milliseconds(limits.closeTimeoutMs)
    for channel in channels {
      channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
      let deadline = channel.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
      channel.closeFuture.whenComplete { _ in deadline.cancel() }
    }
    for channel in channels { try? await channel.closeFuture.get() }
  }

  private static func configure(
    _ channel: any Channel, _ routes: AdminRoutes, _ connections: AdminConnections,
    _ limits: Limits
  ) throws {
    // The bootstrap closes a channel whose set-up throws.
    guard connections.admit(channel) else { throw ChannelError.operationUnsupported }
    var decoderLimits = NIOHTTPDecoderLimitConfiguration()
    decoderLimits.maxHeaderFieldSize = limits.headerBytesMax
    decoderLimits.maxHeaderListSize = limits.headerBytesMax
    decoderLimits.maxHeaderFieldCount = limits.headersMax
    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
      withEncoderConfiguration: HTTPResponseEncoder.Configuration(),
      withDecoderLimitConfiguration: decoderLimits)
    try channel.pipeline.syncOperations.addHandler(
      AdminHandler(routes: routes, requestTimeout: .milliseconds(limits.requestTimeoutMs)))
  }
}
