// One connection of the admin port.

import NIOCore
import NIOHTTP1

/// Answers each request when it has ended; bodies are read and dropped. On the channel's loop.
final class AdminHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// From connecting, or from the last answer, to the end of the next request.
  let requestTimeout: TimeAmount
  private let routes: AdminRoutes
  private var head: HTTPRequestHead?
  private var deadline: Scheduled<Void>?

  init(routes: AdminRoutes, requestTimeout: TimeAmount) {
    self.routes = routes
    self.requestTimeout = requestTimeout
  }

  func channelActive(context: ChannelHandlerContext) {
    restartDeadline(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body: break
    case .end:
      guard let head else { return }
      self.head = nil
      respond(to: head, context)
      restartDeadline(context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func respond(to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let answer = routes.answer(method: request.method.rawValue, target: request.uri)
    var headers = HTTPHeaders()
    headers.add(name: "content-type", value: answer.contentType)
    headers.add(name: "content-length", value: String(answer.body.utf8.count))
    headers.add(name: "cache-control", value: "no-store")
    if let allow = answer.allow { headers.add(name: "allow", value: allow) }
    if !request.isKeepAlive { headers.add(name: "connection", value: "close") }
    let head = HTTPResponseHead(
      version: request.version, status: HTTPResponseStatus(statusCode: answer.status),
      headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if request.method != .HEAD {
      let body = context.channel.allocator.buffer(string: answer.body)
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    let written = context.eventLoop.makePromise(of: Void.self)
    if !request.isKeepAlive {
      let channel = context.channel
      written.futureResult.whenComplete { _ in channel.close(promise: nil) }
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
  }

  private func restartDeadline(_ context: ChannelHandlerContext) {
    deadline?.cancel()
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: requestTimeout) { channel.close(promise: nil) }
  }
}
