// An API that knows one answer: as cheap as a server can be, so that what asks it is measured.

import Model
internal import NIOCore
internal import NIOPosix
import Telemetry

/// Answers every GET on a loopback port with one record that was changed this moment.
package struct FixedAPI {
  private let latencyMs: Int64

  package init(latencyMs: Int64) { self.latencyMs = max(latencyMs, 0) }

  /// Prints the port and serves until the process is ended.
  package func serve() async throws {
    let latency = TimeAmount.milliseconds(latencyMs)
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.backlog, value: 4096)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(FixedAPIHandler(latency: latency))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    BenchmarkOutput.line("\(channel.localAddress?.port ?? 0)")
    try await channel.closeFuture.get()
  }
}

/// Requests have no body: one ends where its blank line does.
private final class FixedAPIHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let latency: TimeAmount
  /// How much of the blank line has come.
  private var matched = 0

  private static let end: [UInt8] = Array("\r\n\r\n".utf8)

  init(latency: TimeAmount) { self.latency = latency }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    for byte in unwrapInboundIn(data).readableBytesView {
      matched = byte == Self.end[matched] ? matched + 1 : byte == Self.end[0] ? 1 : 0
      guard matched == Self.end.count else { continue }
      matched = 0
      answer(context)
    }
  }

  private func answer(_ context: ChannelHandlerContext) {
    guard latency > .zero else {
      return context.writeAndFlush(wrapOutboundOut(Self.response(context)), promise: nil)
    }
    context.eventLoop.assumeIsolated().scheduleTask(in: latency) {
      context.writeAndFlush(self.wrapOutboundOut(Self.response(context)), promise: nil)
    }
  }

  private static func response(_ context: ChannelHandlerContext) -> ByteBuffer {
    let time = Timestamp(ms: SystemClock.wallMs).text
    let body = """
      {"id":"1","properties":{"email":"a@example.com","firstname":"Ada","lastname":"Lovelace",\
      "phone":"+44 20 7946 0000","lifecyclestage":"customer"},\
      "createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"\(time)","archived":false}
      """
    var buffer = context.channel.allocator.buffer(capacity: 512)
    buffer.writeString(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n")
    buffer.writeString(body)
    return buffer
  }
}
