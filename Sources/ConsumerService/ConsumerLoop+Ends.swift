// Records that cannot be done now, or ever: to the retry topic, and to the dead letters.
import Kafka
import Lanes
import Logging
import Model
import Settings
import Telemetry

/// Records of one run on their way into a topic.
struct ProduceUnderWay {
  enum Kind { case burial(Failure), parking }

  let kind: Kind
  /// Reports still to come.
  var pending: Int
  var error: KafkaError?
  /// Of the last record stored.
  var offset: Int64 = PartitionOffset.none
}

extension ConsumerLoop {
  // MARK: Parking

  func park(_ ticket: Ticket, _ place: Int, _ parking: LaneTable.Parking) {
    guard let retryTopic, let work = works[place] else {
      preconditionFailure("ConsumerLoop.park: nowhere to park")
    }
    let record = work.record
    produces[ticket.rawValue] = ProduceUnderWay(kind: .parking, pending: 1)
    do {
      // The number of the partition is the record's own: both are read by one consumer.
      try producer.produce(
        to: retryTopic, key: record.key, value: record.isTombstone ? nil : record.value,
        headers: ParkedRecord.headers(
          record.headers, parking, partitions.name(work.partition), record.offset),
        timestampMs: record.timestampMs < 0 ? nil : record.timestampMs, ticket: ticket.rawValue,
        partition: partitions.name(work.partition).partition)
      var fields = self.place(of: record, work.partition)
      fields[.attempt] = parking.attempts
      if let failure = parking.failure {
        fields[.failureClass] = failure.failureClass.rawValue
        fields[.error] = failure.message
      }
      log.write(
        parking.failure == nil ? .debug : .info, "to the retry topic, to be tried again later",
        fields)
    } catch {
      noteReport(ticket, offset: PartitionOffset.none, error, nowMs: SystemClock.monotonicMs)
    }
  }

  // MARK: Dead letters

  func bury(_ ticket: Ticket, _ burial: LaneTable.Burial, nowMs: Int64) {
    let places = table.places(of: ticket)
    for place in places where works[place]?.mayBeBuried == false {
      switch flood.bury(nowMs: nowMs) {
      case .pass: works[place]?.mayBeBuried = true
      case .pause(let untilMs):
        gauges.flooded(true)
        log.write(
          .error,
          "too many dead letters for the successes: the rest waits. Mend the cause (see the last "
            + "dead letters), or raise consumer.dead_letters_allowance",
          [.failureClass: burial.failure.failureClass.rawValue, .error: burial.failure.message])
        return table.postponeBurial(ticket, untilMs: untilMs)
      }
    }
    gauges.flooded(false)
    produces[ticket.rawValue] = ProduceUnderWay(
      kind: .burial(burial.failure), pending: places.count)
    for place in places {
      guard let work = works[place] else { continue }
      do {
        try bury(work, ticket, burial, nowMs: nowMs)
      } catch {
        noteReport(ticket, offset: PartitionOffset.none, error, nowMs: nowMs)
      }
    }
  }

  private func bury(
    _ work: Work, _ ticket: Ticket, _ burial: LaneTable.Burial, nowMs: Int64
  ) throws(KafkaError) {
    let record = work.record
    let headers = record.headers
    let origin = ParkedRecord.origin(headers, partitions.name(work.partition), record.offset)
    let letter = DeadLetter(
      topic: origin.partition.topic, partition: origin.partition.partition,
      offset: origin.offset, groupId: settings.groupId, failure: burial.failure,
      attempts: burial.attempts,
      firstFailedAtMs: SystemClock.wallMs - max(0, nowMs - burial.firstFailedAtMs),
      failedAtMs: SystemClock.wallMs,
      pipeline: headers.text("ce_source").flatMap { pipelines[$0]?.name })
    try producer.produce(
      to: deadLettersTopic, key: record.key, value: record.isTombstone ? nil : record.value,
      headers: letter.headers(over: ParkedRecord.original(headers)),
      timestampMs: record.timestampMs < 0 ? nil : record.timestampMs, ticket: ticket.rawValue)
    var fields = place(of: record, work.partition)
    fields[.failureClass] = burial.failure.failureClass.rawValue
    fields[.error] = burial.failure.message
    fields[.attempt] = burial.attempts
    if let trace = headers.text("traceparent") { fields[.trace] = trace }
    log.write(
      .warning, "to the dead-letter topic: \(burial.failure.failureClass.remedy)", fields)
  }

  // MARK: Reports

  func serveDeliveries(nowMs: Int64) {
    for delivery in ports.deliveries.takeAll() {
      noteReport(
        Ticket(rawValue: delivery.ticket), offset: delivery.offset, delivery.error, nowMs: nowMs)
    }
  }

  private func noteReport(
    _ ticket: Ticket, offset: Int64, _ error: KafkaError?, nowMs: Int64
  ) {
    guard var produce = produces[ticket.rawValue] else { return }
    produce.pending -= 1
    produce.error = produce.error ?? error
    produce.offset = offset
    produces[ticket.rawValue] = produce.pending > 0 ? produce : nil
    guard produce.pending == 0 else { return }
    let places = table.places(of: ticket)
    let verdict: LaneTable.Verdict
    switch produce.kind {
    case .burial:
      verdict = table.buried(ticket, isAcknowledged: produce.error == nil, nowMs: nowMs)
    case .parking:
      verdict = table.parked(
        ticket, retryOffset: produce.error == nil ? produce.offset : nil, nowMs: nowMs)
    }
    if let error = produce.error {
      log.write(
        .error, "not stored; its offset stays open: \(error.remedy)", [.error: error])
    }
    guard verdict == .done else { return }
    for place in places { works[place] = nil }
    switch produce.kind {
    case .burial(let failure):
      totals.deadLettered += places.count
      for _ in places {
        gauges.deadLettered(failure.failureClass)
        observe(.deadLettered(failure: failure))
      }
    case .parking:
      totals.parked += 1
      gauges.parked()
      observe(.parked)
    }
  }
}
