// What the receiver tells of Kafka's pace, of repeats, and of its spool: the local disk that
// holds events while Kafka is away.

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

  package static let receiverRepeats = Metric<Counter>(
    "hookferry_receiver_repeats_total",
    labels: [source, MetricLabel("first", .closed(["stored", "undecided"]))],
    "Events that came again and were not published: their first copy is stored, or about to be.",
    action: "Rising: the provider did not wait for our answer, or Kafka was slow.")
  package static let receiverUndecided = Metric<Counter>(
    "hookferry_receiver_undecided_events_total",
    labels: [source, MetricLabel("outcome", .closed(["undecided", "stored", "failed"]))],
    "Events whose sender heard 503 while Kafka had them, and what became of them.",
    action: "stored rising: Kafka takes longer than receiver.request_deadline_ms, look after it.")
  package static let receiverKafkaQueue = Metric<Gauge>(
    "hookferry_receiver_kafka_queue_events", "Events that Kafka has not answered for.",
    action: "Rising: the brokers are slower than the senders.")
  package static let receiverKafkaQueueBytes = Metric<Gauge>(
    "hookferry_receiver_kafka_queue_bytes", unit: .bytes,
    "Bytes in librdkafka's queue, as of its last statistics.",
    action: "At twice receiver.in_flight_bytes_max events are refused.")
  package static let receiverKafkaRoundTrip = Metric<Gauge>(
    "hookferry_receiver_kafka_rtt_seconds", unit: .seconds,
    "The slowest broker's round trip, 95th percentile.",
    action: "Above 1 s: look at that broker's disk and network.")
  package static let receiverKafkaInternalLatency = Metric<Gauge>(
    "hookferry_receiver_kafka_internal_latency_seconds", unit: .seconds,
    "How long events wait in librdkafka before they are sent, 95th percentile.",
    action: "Far above receiver.linger_ms: the brokers are the bottleneck.")
  package static let receiverKafkaThrottle = Metric<Gauge>(
    "hookferry_receiver_kafka_throttle_seconds", unit: .seconds,
    "How long brokers hold answers back because of quotas, 95th percentile.",
    action: "Above 0: raise this client's quota.")
  package static let receiverKafkaEstimate = Metric<Gauge>(
    "hookferry_receiver_kafka_wait_seconds", unit: .seconds,
    "How long an event handed to Kafka now would take, estimated.",
    action: "Above receiver.request_deadline_ms requests are refused with kafka_slow.")

  static let receiverSpool: [MetricDeclaration] = [
    receiverSpooled.declaration, receiverSpoolDrained.declaration,
    receiverSpoolRefused.declaration, receiverSpoolRows.declaration,
    receiverSpoolBytes.declaration, receiverSpoolOldest.declaration,
    receiverRepeats.declaration, receiverUndecided.declaration, receiverKafkaQueue.declaration,
    receiverKafkaQueueBytes.declaration, receiverKafkaRoundTrip.declaration,
    receiverKafkaInternalLatency.declaration, receiverKafkaThrottle.declaration,
    receiverKafkaEstimate.declaration,
  ]
}
