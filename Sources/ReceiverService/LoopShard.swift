// Everything of the receiver that one event loop owns: open exchanges, connections, sources.
// Delivery reports reach it in batches, one wake-up a batch.
import Kafka
import Model
import NIOCore
import NIOHTTP1
import Signatures

/// One event loop's share. Only `take` is called from another thread.
final class LoopShard {
  /// An open exchange and whom to answer.
  struct Slot {
    var exchange = Exchange()
    var handler: HookHandler?
    var sequence: UInt64 = 0
    var bytes = 0
    var eventCount = 0
    var startNs: Int64 = 0
    var source: Source?
    /// Rises with every use, so that a deadline entry of an earlier use is recognised.
    var generation: UInt32 = 0
  }

  private struct Deadline {
    let slot: Int
    let generation: UInt32
    let atMs: Int64
  }

  let eventLoop: any EventLoop
  let shared: ReceiverShared
  let sources: [String: Source]
  let index: Int
  var answers: Answers
  private let scratch = RequestScratch()
  private var slots: [Slot] = []
  private var freeSlots: [Int] = []
  /// In order of time: every request has the same deadline.
  private var deadlines = CircularBuffer<Deadline>()
  private var connections: [ObjectIdentifier: HookHandler] = [:]
  private var sweep: RepeatedTask?

  init(eventLoop: any EventLoop, index: Int, shared: ReceiverShared, sources: [String: Source]) {
    self.eventLoop = eventLoop
    self.index = index
    self.shared = shared
    self.sources = sources
    answers = Answers(allocator: ByteBufferAllocator())
  }

  /// Starts the periodic look at deadlines and silent connections.
  func start() {
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    sweep = eventLoop.scheduleRepeatedTask(
      initialDelay: .milliseconds(100), delay: .milliseconds(100)
    ) { _ in
      bound.value.lookAround(nowMs: ReceiverClock.monotonicMs)
    }
  }

  func stop() { sweep?.cancel() }

  private func lookAround(nowMs: Int64) {
    passDeadlines(nowMs: nowMs)
    for handler in connections.values { handler.checkSilence(nowMs: nowMs) }
  }

  // MARK: Connections

  func opened(_ handler: HookHandler) { connections[ObjectIdentifier(handler)] = handler }
  func closed(_ handler: HookHandler) { connections[ObjectIdentifier(handler)] = nil }

  /// Closes what is idle and lets the rest end with its answer.
  func drainConnections() { for handler in connections.values { handler.drain() } }

  // MARK: Exchanges

  /// Verifies a request, publishes its events, and answers when Kafka has reported on all of them.
  func handle(
    _ head: HTTPRequestHead, _ body: ByteBuffer, from source: Source, handler: HookHandler,
    sequence: UInt64
  ) {
    let nowMs = ReceiverClock.wallMs
    scratch.withView(head, body) { view in
      switch source.verify(view, nowMs: nowMs) {
      case .failure(let rejection):
        shared.admission.leave(bytes: body.readableBytes)
        handler.answer(sequence, rejection, source: source)
      case .success(let verified):
        let index = open(source, handler, sequence, bytes: body.readableBytes)
        publish(view, by: verified.label, in: index, source, nowMs: nowMs)
      }
    }
  }

  private func open(
    _ source: Source, _ handler: HookHandler, _ sequence: UInt64, bytes: Int
  ) -> Int {
    let index = freeSlots.popLast() ?? addSlot()
    slots[index].exchange = Exchange()
    slots[index].handler = handler
    slots[index].sequence = sequence
    slots[index].bytes = bytes
    slots[index].eventCount = 0
    slots[index].startNs = ReceiverClock.monotonicNs
    slots[index].source = source
    return index
  }

  private func publish(
    _ view: RequestView, by label: String, in index: Int, _ source: Source, nowMs: Int64
  ) {
    let ticket = UInt64(self.index) << 32 | UInt64(index)
    do throws(Rejection) {
      try source.split(
        view, verifiedBy: label, envelopeId: shared.envelopeIds.make(), nowMs: nowMs
      ) { (event, value) throws(Rejection) in
        if let rejection = shared.publisher.publish(event, value: value, ticket: ticket) {
          throw rejection
        }
        slots[index].exchange.produced()
        slots[index].eventCount += 1
      }
      act(slots[index].exchange.allProduced(), index)
      deadlines.append(
        Deadline(
          slot: index, generation: slots[index].generation,
          atMs: ReceiverClock.monotonicMs + shared.requestDeadlineMs))
    } catch {
      // Events already handed over may still be stored: their ids make the repeat harmless.
      act(slots[index].exchange.refused(error), index)
    }
    releaseIfOver(index)
  }

  /// Takes this loop's share of a batch of delivery reports. On the event loop.
  func delivered(_ reports: [DeliveryRouter.Report]) {
    for report in reports {
      let index = Int(report.slot)
      act(slots[index].exchange.delivered(report.rejection), index)
      releaseIfOver(index)
    }
  }

  private func passDeadlines(nowMs: Int64) {
    while let first = deadlines.first {
      let isStale = slots[first.slot].generation != first.generation
      guard isStale || first.atMs <= nowMs else { return }
      deadlines.removeFirst()
      guard !isStale else { continue }
      act(slots[first.slot].exchange.deadlinePassed(), first.slot)
      releaseIfOver(first.slot)
    }
  }

  private func act(_ action: Exchange.Action, _ index: Int) {
    guard action != .none, let handler = slots[index].handler, let source = slots[index].source
    else { return }
    shared.admission.leave(bytes: slots[index].bytes)
    slots[index].handler = nil
    source.metrics.acknowledged(nanoseconds: ReceiverClock.monotonicNs - slots[index].startNs)
    switch action {
    case .none: break
    case .accept:
      source.metrics.published(slots[index].eventCount)
      handler.answer(slots[index].sequence, nil, source: source)
    case .reject(let rejection): handler.answer(slots[index].sequence, rejection, source: source)
    }
  }

  private func releaseIfOver(_ index: Int) {
    guard slots[index].exchange.isOver else { return }
    slots[index].source = nil
    slots[index].generation &+= 1
    freeSlots.append(index)
  }

  private func addSlot() -> Int {
    slots.append(Slot())
    return slots.count - 1
  }
}
