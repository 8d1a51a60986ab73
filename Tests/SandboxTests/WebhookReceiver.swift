// Takes webhooks on loopback and answers as the test says.

import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Listens from `start` to `stop`.
final class WebhookReceiver: Sendable {
  struct Incoming: Sendable {
    var uri = ""
    var headers: [String: String] = [:]
    var body: [UInt8] = []

    /// The events of the body; empty when it is not such an array.
    var events: [Event] { (try? JSONDecoder().decode([Event].self, from: Data(body))) ?? [] }
  }

  struct Event: Decodable, Equatable, Sendable {
    var eventId: Int64
    var subscriptionType: String
    var portalId: Int64?
    var objectId: Int64?
    var occurredAt: Int64?
    var attemptNumber: Int?
    var propertyName: String?
    var propertyValue: String?
  }

  struct Answer: Sendable {
    var status = 204
    var headers: [(String, String)] = []
  }

  private let requests = Mutex<[Incoming]>([])
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let answer: @Sendable (_ number: Int, Incoming) -> Answer

  /// `answer` gets the number of the request, from 0.
  init(_ answer: @escaping @Sendable (Int, Incoming) -> Answer = { _, _ in Answer() }) {
    self.answer = answer
  }

  func start() async throws -> Int {
    let channel = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler(owner: self))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return channel.localAddress?.port ?? 0
  }

  func stop() async { try? await group.shutdownGracefully() }

  var seen: [Incoming] { requests.withLock { $0 } }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private let owner: WebhookReceiver
    private var incoming = Incoming()

    init(owner: WebhookReceiver) { self.owner = owner }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        incoming = Incoming(uri: head.uri)
        for header in head.headers { incoming.headers[header.name.lowercased()] = header.value }
      case .body(let buffer): incoming.body += Array(buffer.readableBytesView)
      case .end:
        let incoming = incoming
        let number = owner.requests.withLock {
          $0.append(incoming)
          return $0.count - 1
        }
        let answer = owner.answer(number, incoming)
        let head = HTTPResponseHead(
          version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status),
          headers: HTTPHeaders(
            answer.headers + (answer.status == 204 ? [] : [("Content-Length", "0")])))
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }
  }
}
