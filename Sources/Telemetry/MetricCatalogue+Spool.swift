// What the receiver tells of its spool: the local disk that holds events while Kafka is away.

import Model

extension MetricCatalogue {
  package static let receiverSpooled = Metric<Counter>(
    "hookferry_receiver_spooled_total", labels: [source],
    "Events written to the spool.",
    action: "Rising: Kafka does not answer within receiver.spool.after_ms, look after it.")
  package static let receiverSpoolDrained = Metric<Counter>(
    "hookferry_receiver_spool_drained_total", labels: [source],
    "Events of the spool that Kafka acknowledged.",
    action: "Flat while rows remain and Kafka is up: an event is refused, see the log.")
  package static let receiverSpoolRefused = Metric<Counter>(
    "hookferry_receiver_spool_refused_total", labels: [source],
    "Events that found the spool full or not writable; their senders got 503.",
    action: "Raise receiver.spool.bytes_max or rows_max, or mend the disk.")
  package static let receiverSpoolRows = Metric<Gauge>(
    "hookferry_receiver_spool_rows", "Events in the spool.",
    action: "At receiver.spool.rows_max the answer is 503.")
  package static let receiverSpoolBytes = Metric<Gauge>(
    "hookferry_receiver_spool_bytes", unit: .bytes, "Bodies and headers in the spool.",
    action: "At receiver.spool.bytes_max the answer is 503.")
  package static let receiverSpoolOldest = Metric<Gauge>(
    "hookferry_receiver_spool_oldest_age_seconds", unit: .seconds,
    "Age of the spool's first event; 0 when it is empty.",
    action: "Rising while Kafka is up: an event is refused again and again, see the log.")

  static let receiverSpool: [MetricDeclaration] = [
    receiverSpooled.declaration, receiverSpoolDrained.declaration,
    receiverSpoolRefused.declaration, receiverSpoolRows.declaration,
    receiverSpoolBytes.declaration, receiverSpoolOldest.declaration,
  ]
}
