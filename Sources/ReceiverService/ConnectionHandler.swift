// One connection: reads requests one after the other and writes their answers in that order. The
// next request is looked at only when the last one is answered.

import Settings
import Telemetry
import Model
import NIOCore
import Signatures

/// HTTP/1.1 for webhooks and nothing else. Confined to its event loop.
final class ConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// How long a sender may take to notice the end.
  private static let lingerMs: Int64 = 1000

  private let shard: Shard
  private var index = 0
  private var context: ChannelHandlerContext?
  private var phase = ConnectionPhase.head
  /// Bytes that came and are not done with; nil is the same as empty.
  private var inbound: ByteBuffer?
  /// One more than the parser has searched of a head; 0 before the head has begun.
  private var searched = 0
  private var fields: [RequestView.Field] = []
  private var request: RequestUnderWay?
  private var deadlineMs: Int64
  /// When the whole request must have come.
  private var requestEndMs: Int64 = 0
  /// From then on the connection ends with its next answer.
  private let oldMs: Int64
  /// Nothing is read until the sender's haste is over.
  private var isReadHeld = false
  private var peer: ConnectionPeer

  /// `tls`: of the handler in front of this one, if there is one. `counted`: given back at the end.
  init(_ shard: Shard, tls: TLSIdentity? = nil, counted: IPAddress? = nil) {
    self.shard = shard
    peer = ConnectionPeer(tls, counted: counted)
    // A handshake is as much of a request as there is so far.
    let limitMs = tls == nil ? shard.settings.idleTimeoutMs : shard.settings.edge.headerTimeoutMs
    deadlineMs = shard.coarseMs + Int64(limitMs)
    oldMs = ConnectionPeer.oldMs(shard.settings, nowMs: shard.coarseMs)
  }

  // MARK: Channel events

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    index = shard.add(self)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    var place: Int?
    if case .waiting(let waiting) = phase {
      place = waiting
    } else if let request {
      shard.admission.end(request)
    }
    if peer.isHandshaking { shard.metrics.edge.handshakesFailed.add() }
    phase = .closed
    request = nil
    inbound = nil
    self.context = nil
    shard.remove(connection: index, place: place, address: peer.counted)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    switch phase {
    case .lingering, .closed: return
    case .head, .body, .waiting: break
    }
    if inbound == nil {
      inbound = bytes
    } else {
      inbound?.writeBuffer(&bytes)
    }
    advance()
    // A sender that sends on without waiting for answers is read no further for now.
    if case .waiting = phase, (inbound?.readableBytes ?? 0) > shard.settings.headerBytesMax {
      holdReads(true)
    }
  }

  /// Nobody behind this handler wants to know.
  func channelReadComplete(context: ChannelHandlerContext) {}

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if peer.noteEvent(event, context) {
      deadlineMs = shard.coarseMs + Int64(shard.settings.idleTimeoutMs)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  // MARK: From the shard

  /// The answer of the request that waits.
  func answer(_ answer: RequestProgress.Answer) {
    guard case .waiting = phase, let request else { return }
    switch answer {
    case .accepted: finish(request)
    case .rejected(let rejection): finish(request, rejection)
    }
    advance()
    holdReads(false)
  }

  func elapsed(nowMs: Int64) {
    guard nowMs >= deadlineMs else { return }
    switch phase {
    case .waiting, .closed: return
    case .head where inbound == nil: close()
    case .lingering: close()
    case .head, .body: refuse(.requestTimeout)
    }
  }

  /// Ends the connection if it has nothing to do; else it ends with its answer.
  func drain() {
    if case .head = phase, inbound == nil { close() }
  }

  func close() { context?.close(promise: nil) }

  // MARK: Reading

  private func holdReads(_ isHeld: Bool) {
    guard isHeld != isReadHeld else { return }
    isReadHeld = isHeld
    // It fails on a channel that is closed, which is not read any more.
    try? context?.channel.syncOptions?.setOption(.autoRead, value: !isHeld)
  }

  private func advance() {
    while true {
      switch phase {
      case .head: guard readHead() else { return }
      case .body: guard readBody() else { return }
      case .waiting, .lingering, .closed: return
      }
    }
  }

  /// True when there is more to do at once.
  private func readHead() -> Bool {
    guard let inbound, inbound.readableBytes > 0 else {
      self.inbound = nil
      return false
    }
    if searched == 0 {
      requestEndMs = shard.coarseMs + Int64(shard.settings.requestReadTimeoutMs)
      deadlineMs = min(requestEndMs, shard.coarseMs + Int64(shard.settings.edge.headerTimeoutMs))
    }
    let outcome = inbound.withUnsafeReadableBytes {
      shard.parser.parse($0, searched: max(0, searched - 1), into: &fields)
    }
    switch outcome {
    case .incomplete(let searched):
      self.searched = searched + 1
      return false
    case .failed(let rejection):
      refuse(rejection)
      return false
    case .complete(let head):
      searched = 0
      return begin(head, inbound)
    }
  }

  /// Route, method, length, address: nothing of the body is looked at before these.
  private func begin(_ head: RequestHead, _ bytes: ByteBuffer) -> Bool {
    let (source, isTaken, isHead) = bytes.withUnsafeReadableBytes { bytes in
      let source = shard.source(UnsafeRawBufferPointer(rebasing: bytes[head.target]))
      if head.isPost(in: bytes) { return (source, true, false) }
      let method = UnsafeRawBufferPointer(rebasing: bytes[head.method])
      return (source, source?.takes(method: method) == true, method.elementsEqual("HEAD".utf8))
    }
    guard let source else { return refuse(.unknownSource, hasBody: !isHead) }
    guard isTaken else { return refuse(.methodNotAllowed, source, hasBody: !isHead) }
    var length = 0
    if case .length(let announced) = head.body { length = announced }
    guard length <= shard.settings.bodyBytesMax else { return refuse(.bodyTooLarge, source) }
    let origin = peer.origin(of: bytes, fields, for: source, shard.trustedProxies, context)
    guard source.allows(origin) else {
      return refuse(.addressNotAllowed, source, origin: origin)
    }
    guard head.coding != .unsupported else { return refuse(.unsupportedEncoding, source) }
    // A source with a way around Kafka is answered in any case.
    guard !shard.isKafkaSlow || source.publisher != nil else { return refuse(.kafkaSlow, source) }
    // Only what has come counts: who announces much and sends little takes nobody's place.
    let arrived = min(length, bytes.readableBytes - head.length)
    let isWhole = arrived == length && head.body != .chunked
    guard !shard.admission.isFull, shard.admission.admitBytes(arrived, andRequest: isWhole) else {
      return refuse(.overloaded, source)
    }
    request = RequestUnderWay(
      head: head, source: source, admittedBytes: arrived, isAdmitted: isWhole, origin: origin)
    if head.body == .chunked, let headBytes = inbound?.readSlice(length: head.length) {
      request?.chunked = (headBytes, ChunkedDecoder(bodyBytesMax: shard.settings.bodyBytesMax))
    } else if arrived < length {
      inbound?.reserveCapacity(minimumWritableBytes: min(length - arrived, 65_536))
    }
    phase = .body
    return true
  }

  private func readBody() -> Bool {
    guard let current = request else { return false }
    if current.chunked != nil { return readChunks() }
    var length = current.head.length
    if case .length(let announced) = current.head.body { length += announced }
    let arrived = min(inbound?.readableBytes ?? 0, length) - current.head.length
    if arrived > current.admittedBytes {
      guard shard.admission.admitBytes(arrived - current.admittedBytes) else {
        return refuse(.overloaded)
      }
      current.admittedBytes = arrived
    }
    guard let inbound, inbound.readableBytes >= length else {
      awaitMore()
      return false
    }
    let acceptance = inbound.withUnsafeReadableBytes { bytes in
      let body = UnsafeRawBufferPointer(rebasing: bytes[current.head.length..<length])
      return accept(current, head: bytes, body: body)
    }
    self.inbound?.moveReaderIndex(forwardBy: length)
    return settle(acceptance, current)
  }

  private func readChunks() -> Bool {
    guard let bytes = inbound, bytes.readableBytes > 0 else {
      awaitMore()
      return false
    }
    let before = request?.chunked?.decoder.body.count ?? 0
    let outcome =
      bytes.withUnsafeReadableBytes { request?.chunked?.decoder.feed($0) } ?? .failed(.badRequest)
    let grown = (request?.chunked?.decoder.body.count ?? 0) - before
    guard shard.admission.admitBytes(grown) else {
      refuse(.overloaded)
      return false
    }
    request?.admittedBytes += grown
    switch outcome {
    case .failed(let rejection):
      refuse(rejection)
      return false
    case .incomplete:
      inbound = nil
      awaitMore()
      return false
    case .complete(let taken):
      inbound?.moveReaderIndex(forwardBy: taken)
      guard let current = request, let (head, decoder) = current.chunked else { return false }
      let acceptance = head.withUnsafeReadableBytes { head in
        decoder.body.withUnsafeBytes { accept(current, head: head, body: $0) }
      }
      return settle(acceptance, current)
    }
  }

  private func accept(
    _ request: RequestUnderWay, head: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer
  ) -> Shard.Acceptance {
    guard request.isAdmitted || shard.admission.admitRequest() else {
      return .rejected(.overloaded)
    }
    request.isAdmitted = true
    guard request.head.coding == .identity else { return acceptCoded(request, head, body) }
    return fields.withUnsafeBufferPointer { fields in
      let view = RequestView(head, request.head, fields, body: body)
      return shard.accept(
        view, request.source, origin: request.origin, bytes: request.admittedBytes, for: index)
    }
  }

  private func acceptCoded(
    _ request: RequestUnderWay, _ head: UnsafeRawBufferPointer, _ wire: UnsafeRawBufferPointer
  ) -> Shard.Acceptance {
    let (result, admitted) = BodyCoding.inflate(wire, request.head.coding, shard)
    let bytes = request.admittedBytes + admitted
    self.request?.admittedBytes = bytes
    let body: [UInt8]
    switch result {
    case .success(let inflated): body = inflated
    case .failure(let rejection): return .rejected(rejection)
    }
    return fields.withUnsafeBufferPointer { fields in
      body.withUnsafeBytes { body in
        let signed = request.source.signsWire ? wire : body
        return shard.accept(
          RequestView(head, request.head, fields, body: body),
          signed: RequestView(head, request.head, fields, body: signed), request.source,
          origin: request.origin, bytes: bytes, for: index)
      }
    }
  }

  private func settle(_ acceptance: Shard.Acceptance, _ request: RequestUnderWay) -> Bool {
    if inbound?.readableBytes == 0 { inbound = nil }
    switch acceptance {
    case .waiting(let place, let refusal):
      phase = .waiting(place: place)
      // This answers, and goes on with what else has come.
      if let refusal { shard.answerRefused(place: place, refusal) }
    case .accepted:
      shard.admission.end(request)
      request.source.metrics.accepted.add()
      finish(request)
    case .answered(let answer):
      shard.admission.requestEnded(bytes: request.admittedBytes)
      request.source.metrics.handshakes.add()
      finish(request, answer)
    case .rejected(let rejection):
      shard.admission.end(request)
      request.source.metrics.rejected[rejection].add()
      finish(request, rejection)
    }
    return true
  }

  private func awaitMore() {
    deadlineMs = min(requestEndMs, shard.coarseMs + Int64(shard.settings.edge.bodyIdleTimeoutMs))
    guard let current = request, current.head.expectsContinue, !current.isContinueSent else {
      return
    }
    request?.isContinueSent = true
    context?.writeAndFlush(wrapOutboundOut(Answers.continue), promise: nil)
  }

  // MARK: Answering

  private func finish(_ request: RequestUnderWay, _ answer: HandshakeAnswer? = nil) {
    let closes = closes(request)
    write(shard.accepted(request.source, answer, closes: closes), closes)
  }

  private func closes(_ request: RequestUnderWay) -> Bool {
    !request.head.keepsAlive || shard.isDraining || shard.coarseMs >= oldMs
  }

  /// The whole request was read, so the connection may go on.
  private func finish(_ request: RequestUnderWay, _ rejection: Rejection) {
    let closes = closes(request)
    shard.rejections.note(
      rejection, source: request.source.name, origin: request.origin, nowMs: shard.coarseMs)
    write(shard.rejected(rejection, request.source, closes: closes), closes)
  }

  /// Refuses a request of which not all was read: the connection cannot go on.
  @discardableResult
  private func refuse(
    _ rejection: Rejection, _ source: SourceGuard? = nil, hasBody: Bool = true,
    origin: RequestOrigin? = nil
  ) -> Bool {
    let source = source ?? request?.source
    if let source {
      source.metrics.rejected[rejection].add()
    } else {
      shard.metrics.unrouted[rejection].add()
    }
    shard.rejections.note(
      rejection, source: source?.name, origin: origin ?? request?.origin, nowMs: shard.coarseMs)
    if let request { shard.admission.end(request) }
    write(
      shard.rejected(rejection, source, closes: true, hasBody: hasBody), true, isWhole: false)
    return false
  }

  private func write(_ bytes: ByteBuffer, _ closes: Bool, isWhole: Bool = true) {
    request = nil
    guard let context else { return }
    guard closes else {
      phase = .head
      deadlineMs = shard.coarseMs + Int64(shard.settings.idleTimeoutMs)
      context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
      return
    }
    // A whole request with nothing behind it leaves no bytes that could be lost.
    let mode: CloseMode = isWhole && inbound == nil ? .all : .output
    phase = .lingering
    inbound = nil
    deadlineMs = shard.coarseMs + Self.lingerMs
    let written = context.eventLoop.makePromise(of: Void.self)
    // `output`: the sender sees the end of our side; its own bytes are dropped until it ends too.
    written.futureResult.assumeIsolated().whenComplete { [weak self] _ in
      self?.context?.close(mode: mode, promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(bytes), promise: written)
  }
}
