// One event loop's part of the receiver: its requests under way, its connections, its clockwork.
// Nothing here is shared with another loop but the publisher, the admission and the metrics.

import Telemetry
import Model
import NIOCore
import Providers
import Settings
import Signatures

/// Confined to one event loop.
final class Shard {
  private(set) var settings: ReceiverSettings
  let answers = Answers()
  private(set) var parser: HeadParser
  private(set) var trustedProxies: [IPNetwork]
  let admission: Admission
  let metrics: ReceiverMetrics
  let rejections: RejectionLog
  /// Nil: it never refuses.
  var watch: KafkaWatch?
  var isKafkaSlow: Bool { watch?.isRefusing == true }
  private let rejects: RejectKeeper?
  /// Milliseconds, monotonic, at most one sweep old: good enough for time-outs.
  private(set) var coarseMs = SystemClock.monotonicMs
  /// Since the Unix epoch, as old: good enough for an answer's date.
  private(set) var coarseWallMs = SystemClock.wallMs
  private(set) var isDraining = false

  private let index: Int
  private let publisher: any EventPublisher
  /// Nil where no source needs anything fetched.
  let certificates: CertificateStore?
  private var sources: NameIndex<SourceGuard>
  private var requestIds = RequestIds()
  private var places: [Place] = []
  private var freePlaces: [Int] = []
  private var connections: [ConnectionHandler?] = []
  private var freeConnections: [Int] = []

  /// One request under way.
  private struct Place {
    var progress: RequestProgress
    /// Its place in `connections`; nil once it was answered or its connection ended.
    var connection: Int?
    let source: SourceGuard
    /// Its events are remembered once they are stored.
    let isRemembered: Bool
    /// The sender heard 503 although events may be stored yet.
    var isUndecided = false
    let startedMicroseconds: Int64
    let bytes: Int
    var names: EventNames
  }

  init(
    index: Int, settings: ReceiverSettings, sources: [String: SourceGuard],
    publisher: any EventPublisher, admission: Admission, metrics: ReceiverMetrics,
    rejections: RejectionLog, rejects: RejectKeeper? = nil,
    certificates: CertificateStore? = nil
  ) {
    self.certificates = certificates
    self.index = index
    self.settings = settings
    self.sources = NameIndex(sources)
    self.publisher = publisher
    self.admission = admission
    self.metrics = metrics
    self.rejections = rejections
    self.rejects = rejects
    parser = HeadParser(settings)
    trustedProxies = IPNetwork.list(settings.edge.trustedProxies)
  }

  /// Requests that begin from now on meet these; those under way keep what they began with.
  func adopt(_ settings: ReceiverSettings, _ sources: [String: SourceGuard]) {
    self.settings = settings
    self.sources = NameIndex(sources)
    parser = HeadParser(settings)
    trustedProxies = IPNetwork.list(settings.edge.trustedProxies)
  }

  // MARK: Requests

  /// The source that a target names: `/hooks/{source}`, with or without a query; with a secret
  /// behind it only where the source has its secret there.
  func source(_ target: UnsafeRawBufferPointer) -> SourceGuard? {
    let root: StaticString = "/hooks/"
    let rootBytes = UnsafeBufferPointer(start: root.utf8Start, count: root.utf8CodeUnitCount)
    guard target.starts(with: rootBytes) else { return nil }
    let rest = target[rootBytes.count...]
    let name = rest.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "/") }
    let source = sources.find(UnsafeRawBufferPointer(rebasing: name))
    guard rest.count > name.count, rest[name.endIndex] == UInt8(ascii: "/") else { return source }
    return source?.takesPath == true ? source : nil
  }

  enum Acceptance {
    case rejected(Rejection)
    /// Nothing was to be stored.
    case accepted
    /// A handshake: nothing to store either, and an answer of its own.
    indirect case answered(HandshakeAnswer)
    /// The answer comes by `ConnectionHandler.answer`; the bytes are given back then too. With a
    /// refusal, which is known although reports are still to come, by `answerRefused`.
    case waiting(place: Int, refusal: Rejection?)
  }

  /// Verifies, splits and hands the events to the publisher. When it says `rejected` the request's
  /// admission is still the caller's to end. `signed`: what is verified, where it is not `view`.
  func accept(
    _ view: RequestView, signed: RequestView? = nil, _ source: SourceGuard,
    origin: RequestOrigin?, bytes: Int, for connection: Int
  ) -> Acceptance {
    let startedMicroseconds = SystemClock.monotonicUs
    // One clock is read a request; how far the other is from it is known from the last sweep.
    let wallMs = coarseWallMs + startedMicroseconds / 1000 - coarseMs
    let verified: Verifier.Verified
    switch source.judge(signed ?? view, origin: origin, nowMs: wallMs) {
    case .genuine(let verdict): verified = verdict
    case .answer(let answer): return .answered(answer)
    case .refused(let rejection):
      // To be judged again it would have to be kept as it was sent, and to be taken in inflated.
      if signed == nil || !source.signsWire {
        rejects?.note(view, rejection, source: source, nowMs: wallMs)
      }
      return .rejected(rejection)
    }
    if let rate = source.shared.rate, !rate.admit() { return .rejected(.rateLimited) }
    let repeats = source.shared.repeats
    var progress = RequestProgress(deadlineMs: coarseMs + Int64(settings.requestDeadlineMs))
    let place = freePlaces.popLast() ?? places.count
    var names = EventNames()
    // The memory that the place's last request used.
    if place < places.count { swap(&names, &places[place].names) }
    let ticket = Ticket.make(loop: index, place: place)
    let arrival = Splitter.Arrival(
      envelopeId: requestIds.next(), receivedAtMs: wallMs, verifiedBy: verified.label)
    var isRefused = false
    let publisher = source.publisher ?? self.publisher
    source.splitter.split(view, arrival) { event, value in
      guard !isRefused else { return }
      if let repeats {
        switch Self.look(event, repeats, ticket, &names) {
        case .new: break
        case .stored: return
        case .waiting: return progress.handedOver()
        case .busy:
          isRefused = true
          return progress.refused(.kafkaTimeout)
        }
      }
      let refusal = publisher.publish(event, value: value, ticket: ticket)
      if let refusal {
        isRefused = true
        progress.refused(refusal)
      } else {
        progress.handedOver()
      }
    }
    let action = progress.sealed()
    guard !action.isFinished else {
      freePlaces.append(place)
      guard case .rejected(let rejection)? = action.answer else { return .accepted }
      metrics.ack.observe(microseconds: Int(SystemClock.monotonicUs - startedMicroseconds))
      return .rejected(rejection)
    }
    let entry = Place(
      progress: progress, connection: connection, source: source,
      isRemembered: repeats?.dropsRepeats == true,
      startedMicroseconds: startedMicroseconds, bytes: bytes, names: names)
    if place == places.count { places.append(entry) } else { places[place] = entry }
    // Some events were taken and one was not: the connection hears of it once it waits.
    guard case .rejected(let refusal)? = action.answer else {
      return .waiting(place: place, refusal: nil)
    }
    return .waiting(place: place, refusal: refusal)
  }

  /// Names the event, where it is new.
  private static func look(
    _ event: EventDraft, _ repeats: Repeats, _ ticket: UInt64, _ names: inout EventNames
  ) -> RepeatMemory.Verdict {
    names.append(id: event.id, tenant: event.tenant)
    let verdict = repeats.look(names, ticket: ticket)
    if verdict != .new { names.removeLast() }
    return verdict
  }

  /// Gives the answer of a request of which only a part was taken.
  func answerRefused(place: Int, _ refusal: Rejection) {
    answer(place, .rejected(refusal), SystemClock.monotonicUs)
    remember(place)
  }

  /// Reports from the publisher. The clock is read once for all of them.
  func deliver(_ reports: [PublishReport]) {
    let nowMicroseconds = SystemClock.monotonicUs
    for report in reports {
      let place = Ticket.place(report.ticket)
      if report.rejection == nil, report.isByKafka { places[place].source.metrics.events.add() }
      run(places[place].progress.delivered(report.rejection), place, nowMicroseconds)
    }
  }

  private func run(
    _ action: RequestProgress.Action, _ place: Int, _ nowMicroseconds: Int64
  ) {
    if let answer = action.answer {
      self.answer(place, answer, nowMicroseconds)
      // The sender comes back, and what it brings may be stored by then.
      if !action.isFinished { remember(place) }
    }
    guard action.isFinished else { return }
    settle(place)
    places[place].names.removeAll()
    admission.requestEnded(bytes: places[place].bytes)
    places[place].connection = nil
    freePlaces.append(place)
  }

  private func remember(_ place: Int) {
    places[place].isUndecided = true
    places[place].source.shared.repeats?.undecided(places[place].names)
  }

  private func settle(_ place: Int) {
    guard places[place].isRemembered || places[place].isUndecided,
      let repeats = places[place].source.shared.repeats
    else { return }
    let isWhole = places[place].progress.isWhole
    if places[place].isUndecided {
      repeats.settled(places[place].names, isStored: isWhole)
    } else if isWhole {
      repeats.acknowledged(places[place].names)
    }
  }

  private func answer(
    _ place: Int, _ answer: RequestProgress.Answer, _ nowMicroseconds: Int64
  ) {
    let tookMicroseconds = nowMicroseconds - places[place].startedMicroseconds
    metrics.ack.observe(microseconds: Int(tookMicroseconds))
    switch answer {
    case .accepted: places[place].source.metrics.accepted.add()
    case .rejected(let rejection): places[place].source.metrics.rejected[rejection].add()
    }
    if let connection = places[place].connection.take() { connections[connection]?.answer(answer) }
  }

  // MARK: Connections

  func add(_ connection: ConnectionHandler) -> Int {
    if let free = freeConnections.popLast() {
      connections[free] = connection
      return free
    }
    connections.append(connection)
    return connections.count - 1
  }

  /// `place`: where its request waits, if one does; the events go their way all the same.
  /// `address`: where the connection was counted, if it was.
  func remove(connection index: Int, place: Int?, address: IPAddress?) {
    connections[index] = nil
    freeConnections.append(index)
    if let place { places[place].connection = nil }
    admission.connectionClosed(from: address)
  }

  /// The one clock of this loop: request deadlines and connection time-outs.
  func sweep() {
    coarseMs = SystemClock.monotonicMs
    coarseWallMs = SystemClock.wallMs
    elapse(nowMs: coarseMs)
  }

  func elapse(nowMs: Int64) {
    let nowMicroseconds = SystemClock.monotonicUs
    for place in places.indices where places[place].connection != nil {
      run(places[place].progress.elapsed(nowMs: nowMs), place, nowMicroseconds)
    }
    for connection in connections { connection?.elapsed(nowMs: nowMs) }
  }

  /// Ends what is idle; everything else ends with its answer.
  func drain() {
    isDraining = true
    for connection in connections { connection?.drain() }
  }

  /// Ends every connection, answered or not.
  func closeAll() {
    for connection in connections { connection?.close() }
  }
}
