// One connection: requests in, answers out, in order. Nothing that touches the payload happens
// before the signature is verified.
import Model
import NIOCore
import NIOHTTP1
import Settings

/// The last handler of a connection's pipeline. Lives on one event loop.
final class HookHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = ByteBuffer

  /// What the connection is reading.
  enum Reading {
    /// Between requests.
    case idle(sinceMs: Int64)
    /// A request whose body is being collected.
    case body(Incoming)
    /// The rest of a request that was refused early: read and thrown away, then closed.
    case discarding(bytesLeft: Int, sinceMs: Int64)
    /// Nothing more is read; the connection ends with its last answer.
    case closing
  }

  /// A request as it arrives.
  struct Incoming {
    let head: HTTPRequestHead
    let source: Source
    var body = ByteBuffer()
    let sinceMs: Int64
  }

  /// An answer that waits for its turn.
  private enum Answer {
    case pending
    case ready(ByteBuffer)
  }

  /// Requests of one connection that may wait for their answers at one time.
  private static let pipelinedMax = 32
  private static let discardBytesMax = 1 << 20
  private static let discardMs: Int64 = 2000

  let shard: LoopShard
  var reading = Reading.idle(sinceMs: ReceiverClock.monotonicMs)
  private var context: ChannelHandlerContext?
  /// Answers owed, oldest first; `firstSequence` is the oldest one's.
  private var answers = CircularBuffer<Answer>()
  private var firstSequence: UInt64 = 0
  private var lastURI = ""
  private var lastSource: Source?

  init(shard: LoopShard) { self.shard = shard }

  // MARK: Connection

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func channelActive(context: ChannelHandlerContext) {
    shard.opened(self)
    guard shard.shared.connectionOpened() else {
      shard.shared.metrics.refused(.overloaded, source: nil)
      return refuse(.overloaded, isClosing: true)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    shard.closed(self)
    shard.shared.connectionClosed()
    self.context = nil
    reading = .closing
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case HTTPParserError.headerOverflow: rejectRequest(.headersTooLarge, source: nil)
    case is HTTPParserError: rejectRequest(.badRequest, source: nil)
    // A reset or a broken pipe: nobody is left to answer.
    default: context.close(promise: nil)
    }
  }

  /// Ends connections that send nothing, or too slowly. Called a few times a second.
  func checkSilence(nowMs: Int64) {
    let settings = shard.shared.settings
    switch reading {
    case .idle(let sinceMs) where answers.isEmpty && nowMs - sinceMs > Int64(settings.idleTimeoutMs):
      context?.close(promise: nil)
    case .body(let incoming)
    where nowMs - incoming.sinceMs > Int64(settings.requestReadTimeoutMs):
      rejectRequest(.requestTimeout, source: incoming.source)
    case .discarding(_, let sinceMs) where nowMs - sinceMs > Self.discardMs:
      context?.close(promise: nil)
    case .idle, .body, .discarding, .closing: break
    }
  }

  /// The receiver is going down: an idle connection closes now, a busy one with its answer.
  func drain() {
    if case .idle = reading, answers.isEmpty { context?.close(promise: nil) }
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): begin(head)
    case .body(let part): collect(part)
    case .end: end()
    }
  }

  private func begin(_ head: HTTPRequestHead) {
    guard case .idle = reading else { return }
    guard answers.count < Self.pipelinedMax else { return rejectRequest(.overloaded, source: nil) }
    if let rejection = HeadCheck.rejection(head, settings: shard.shared.settings) {
      return rejectRequest(rejection, source: nil)
    }
    guard let source = source(of: head.uri) else {
      return rejectRequest(.unknownSource, source: nil)
    }
    if head.method != .POST { return rejectRequest(.methodNotAllowed, source: source) }
    if let rejection = HeadCheck.bodyRejection(head, settings: shard.shared.settings) {
      return rejectRequest(rejection, source: source)
    }
    if shard.shared.isDraining { return rejectRequest(.shuttingDown, source: source) }
    reading = .body(
      Incoming(head: head, source: source, sinceMs: ReceiverClock.monotonicMs))
    if HeadCheck.expectsContinue(head) { send(Answers.continueBytes) }
  }

  /// The same sender posts to the same path again and again: remember the last one.
  private func source(of uri: String) -> Source? {
    if uri == lastURI { return lastSource }
    let source = HeadCheck.sourceName(uri).flatMap { shard.sources[String($0)] }
    if source != nil {
      lastURI = uri
      lastSource = source
    }
    return source
  }

  private func collect(_ part: ByteBuffer) {
    switch reading {
    case .idle, .closing: return
    case .discarding(let bytesLeft, let sinceMs):
      guard bytesLeft > part.readableBytes else {
        context?.close(promise: nil)
        return
      }
      reading = .discarding(bytesLeft: bytesLeft - part.readableBytes, sinceMs: sinceMs)
    case .body(var incoming):
      // Give the state's reference up, so that appending does not copy.
      reading = .closing
      guard
        incoming.body.readableBytes + part.readableBytes <= shard.shared.settings.bodyBytesMax
      else { return rejectRequest(.bodyTooLarge, source: incoming.source) }
      if incoming.body.readableBytes == 0 {
        incoming.body = part
      } else {
        var part = part
        incoming.body.writeBuffer(&part)
      }
      reading = .body(incoming)
    }
  }

  private func end() {
    switch reading {
    case .idle, .closing: return
    case .discarding:
      reading = .closing
      closeIfDone()
    case .body(let incoming):
      reading = .idle(sinceMs: ReceiverClock.monotonicMs)
      process(incoming)
    }
  }

  private func process(_ incoming: Incoming) {
    let source = incoming.source
    let sequence = firstSequence + UInt64(answers.count)
    answers.append(.pending)
    let bytes = incoming.body.readableBytes
    guard shard.shared.admission.enter(bytes: bytes) else {
      return answer(sequence, .overloaded, source: source)
    }
    shard.handle(
      incoming.head, incoming.body, from: source, handler: self, sequence: sequence)
  }

  // MARK: Answers

  /// Gives a request's answer; it goes out when all before it are out.
  func answer(_ sequence: UInt64, _ rejection: Rejection?, source: Source) {
    source.metrics.answered(rejection)
    guard context != nil, sequence >= firstSequence else { return }
    let wallMs = ReceiverClock.wallMs
    let isClosing = shard.shared.isDraining && answers.count == 1
    let bytes: ByteBuffer
    if let rejection {
      bytes = shard.answers.reject(
        rejection, isClosing: isClosing, retryAfterS: ReceiverShared.retryAfterS(),
        wallMs: wallMs)
    } else {
      bytes =
        isClosing
        ? shard.answers.acceptAndClose(wallMs: wallMs) : shard.answers.accept(wallMs: wallMs)
    }
    if isClosing { reading = .closing }
    give(bytes, at: sequence)
  }

  /// Refuses before the request is complete, or could be read at all: says so, throws the rest
  /// away and closes.
  private func rejectRequest(_ rejection: Rejection, source: Source?) {
    shard.shared.metrics.refused(rejection, source: source?.metrics)
    refuse(rejection, isClosing: true)
  }

  private func refuse(_ rejection: Rejection, isClosing: Bool) {
    if case .closing = reading, context == nil { return }
    reading = .discarding(
      bytesLeft: Self.discardBytesMax, sinceMs: ReceiverClock.monotonicMs)
    let sequence = firstSequence + UInt64(answers.count)
    answers.append(.pending)
    give(
      shard.answers.reject(
        rejection, isClosing: isClosing, retryAfterS: ReceiverShared.retryAfterS(),
        wallMs: ReceiverClock.wallMs),
      at: sequence)
  }

  private func give(_ bytes: ByteBuffer, at sequence: UInt64) {
    if answers.count == 1 {
      answers.removeFirst()
      firstSequence += 1
      send(bytes)
    } else {
      let index = answers.index(answers.startIndex, offsetBy: Int(sequence - firstSequence))
      answers[index] = .ready(bytes)
      while case .ready(let bytes)? = answers.first {
        answers.removeFirst()
        firstSequence += 1
        send(bytes)
      }
    }
    closeIfDone()
  }

  private func send(_ bytes: ByteBuffer) {
    context?.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
  }

  private func closeIfDone() {
    guard case .closing = reading, answers.isEmpty else { return }
    context?.close(promise: nil)
  }
}
