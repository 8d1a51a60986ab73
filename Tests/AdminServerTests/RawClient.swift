// A client that sends bytes as they are and collects what comes until the end.

import NIOCore
import NIOPosix

struct RawConnection {
  let channel: any Channel
  let firstBytes: EventLoopFuture<Void>
  /// Everything received, when the server has closed.
  let text: EventLoopFuture<String>
}

private final class Collector: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let firstBytes: EventLoopPromise<Void>
  private let text: EventLoopPromise<String>
  private var received = ""

  init(firstBytes: EventLoopPromise<Void>, text: EventLoopPromise<String>) {
    self.firstBytes = firstBytes
    self.text = text
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += String(buffer: unwrapInboundIn(data))
    firstBytes.succeed()
  }

  func channelInactive(context: ChannelHandlerContext) {
    firstBytes.fail(ChannelError.eof)
    text.succeed(received)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}

func connect(_ port: Int) async throws -> RawConnection {
  let loop = MultiThreadedEventLoopGroup.singleton.next()
  let firstBytes = loop.makePromise(of: Void.self)
  let text = loop.makePromise(of: String.self)
  let channel = try await ClientBootstrap(group: loop)
    .channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(
          Collector(firstBytes: firstBytes, text: text))
      }
    }
    .connect(host: "127.0.0.1", port: port).get()
  return RawConnection(
    channel: channel, firstBytes: firstBytes.futureResult, text: text.futureResult)
}

/// Sends and waits for the server to close; what came, or nothing.
func exchange(_ port: Int, _ request: String) async throws -> String {
  let connection = try await connect(port)
  try? await connection.channel.writeAndFlush(ByteBuffer(string: request))
  return try await connection.text.get()
}
