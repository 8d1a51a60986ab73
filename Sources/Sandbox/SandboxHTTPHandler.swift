// HTTP/1.1 around the sandbox's answers.

internal import NIOCore
internal import NIOHTTP1

/// Collects one request after the other, asks for its answer and writes it when it is due. Lives on
/// its channel's event loop.
final class SandboxHTTPHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let bodyBytesMax: Int
  private let answer: (SandboxRequest) -> SandboxReply
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []
  private var isTooLarge = false

  init(bodyBytesMax: Int, answer: @escaping (SandboxRequest) -> SandboxReply) {
    self.bodyBytesMax = bodyBytesMax
    self.answer = answer
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body = []
      isTooLarge = false
    case .body(let buffer):
      if buffer.readableBytes > bodyBytesMax - body.count {
        isTooLarge = true
      } else {
        body.append(contentsOf: buffer.readableBytesView)
      }
    case .end:
      guard let head else { return }
      self.head = nil
      respond(to: head, context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func respond(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let reply =
      isTooLarge
      ? .error(413, "the body exceeds \(bodyBytesMax) bytes", "VALIDATION_ERROR")
      : answer(
        SandboxRequest(
          method: head.method.rawValue, target: head.uri,
          authorization: head.headers.first(name: "Authorization"), body: body))
    body = []
    if reply.isDropped {
      context.close(promise: nil)
      return
    }
    guard reply.delayMs > 0 else {
      write(reply, keepAlive: head.isKeepAlive, context)
      return
    }
    // The pipeline reads no further request before this one is answered.
    context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(reply.delayMs)) {
      if context.channel.isActive {
        self.write(reply, keepAlive: head.isKeepAlive, context)
      }
    }
  }

  private func write(
    _ reply: SandboxReply, keepAlive: Bool, _ context: ChannelHandlerContext
  ) {
    var headers = HTTPHeaders(reply.headers)
    if reply.status != 204 {
      headers.add(name: "Content-Type", value: "application/json;charset=utf-8")
      headers.add(name: "Content-Length", value: String(reply.body.count))
    }
    if !keepAlive { headers.add(name: "Connection", value: "close") }
    let head = HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: reply.status), headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if !reply.body.isEmpty, reply.status != 204 {
      let buffer = context.channel.allocator.buffer(bytes: reply.body)
      context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    }
    let end = wrapOutboundOut(.end(nil))
    guard !keepAlive else {
      context.writeAndFlush(end, promise: nil)
      return
    }
    context.writeAndFlush(end).assumeIsolated().whenComplete { _ in context.close(promise: nil) }
  }
}
