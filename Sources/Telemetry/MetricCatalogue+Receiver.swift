// What the receiver tells of itself.

import Model

extension MetricCatalogue {
  /// The `source` of requests whose path named no configured source.
  package static let noSource = "none"
  /// The `reason` of requests that were stored.
  package static let accepted = "accepted"

  /// The `reason` of handshakes: answered, with nothing to store.
  package static let handshake = "handshake"

  package static let receiverRequests = Metric<Counter>(
    "hookferry_receiver_requests_total",
    labels: [source, MetricLabel("reason", Rejection.self, and: [accepted, handshake])],
    "Requests answered, by source (none before it is known) and reason.",
    action: "signature_mismatch: compare the secret and public_url with the provider's. "
      + "overloaded, kafka_*: look after Kafka or add receivers; senders come back.")
  package static let receiverEventsPublished = Metric<Counter>(
    "hookferry_receiver_events_published_total", labels: [source],
    "Events that Kafka acknowledged.",
    action: "Flat while requests rise: bodies are refused, see the reasons.")
  package static let receiverAckSeconds = Metric<Histogram>(
    "hookferry_receiver_ack_seconds", unit: .seconds,
    "From handing a request's events to Kafka to the last acknowledgement, failures included.",
    action: "Above 1 s: the brokers are slow; near message_timeout_ms requests turn into 503.")
  package static let receiverInFlightRequests = Metric<Gauge>(
    "hookferry_receiver_in_flight_requests", "Requests accepted and not yet answered.",
    action: "At receiver.in_flight_requests_max the answer is 503: add receivers.")
  package static let receiverInFlightBytes = Metric<Gauge>(
    "hookferry_receiver_in_flight_bytes", unit: .bytes, "Bodies held in memory.",
    action: "At receiver.in_flight_bytes_max the answer is 503: add receivers.")
  package static let receiverConnections = Metric<Gauge>(
    "hookferry_receiver_connections", "Open connections.",
    action: "At receiver.connections_max new ones are closed: look for a client that leaks them.")
  package static let receiverConnectionsRefused = Metric<Counter>(
    "hookferry_receiver_connections_refused_total",
    "Connections closed at once because receiver.connections_max or connections_per_address_max "
      + "was reached.",
    action: "Add receivers, or raise the limit with the file descriptor limit.")

  package static let receiverRejectsKept = Metric<Counter>(
    "hookferry_receiver_rejects_kept_total",
    "Refused requests that were put into the rejects topic.",
    action: "hookferry rejects list shows them.")
  package static let receiverRejectsDropped = Metric<Counter>(
    "hookferry_receiver_rejects_dropped_total",
    "Refused requests beyond receiver.rejects.per_minute_max, or that Kafka had no room for.",
    action: "Raise the limit if you need more of them for a diagnosis.")

  static let receiver = receiverRequestPath + receiverProof + receiverEdge

  private static let receiverRequestPath: [MetricDeclaration] = [
    receiverRequests.declaration, receiverEventsPublished.declaration,
    receiverAckSeconds.declaration, receiverInFlightRequests.declaration,
    receiverInFlightBytes.declaration, receiverConnections.declaration,
    receiverConnectionsRefused.declaration, receiverRejectsKept.declaration,
    receiverRejectsDropped.declaration,
  ]
}
