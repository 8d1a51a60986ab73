// Settings that were built into running parts: a reload leaves them as they are and says so.

import Settings

enum RestartSettings {
  private struct Row: Sendable {
    let name: String
    /// True when the two differ.
    let differs: @Sendable (Configuration, Configuration) -> Bool
    let copy: @Sendable (Configuration, inout Configuration) -> Void

    init<Value: Equatable & Sendable>(
      _ name: String, _ path: any WritableKeyPath<Configuration, Value> & Sendable
    ) {
      self.name = name
      differs = { $0[keyPath: path] != $1[keyPath: path] }
      copy = { $1[keyPath: path] = $0[keyPath: path] }
    }
  }

  private static let rows: [Row] = [
    Row("kafka.bootstrap_servers", \.kafka.bootstrapServers),
    Row("kafka.topics.events", \.kafka.eventsTopic),
    Row("kafka.properties", \.kafka.properties),
    Row("kafka.topics.rejects", \.kafka.rejectsTopic),
    Row("receiver.listen_address", \.receiver.listenAddress),
    Row("receiver.port", \.receiver.port),
    Row("receiver.admin_port", \.receiver.adminPort),
    Row("receiver.threads", \.receiver.threads),
    Row("receiver.connections_max", \.receiver.connectionsMax),
    Row("receiver.connections_per_address_max", \.receiver.edge.connectionsPerAddressMax),
    Row("receiver.in_flight_requests_max", \.receiver.inFlightRequestsMax),
    Row("receiver.in_flight_bytes_max", \.receiver.inFlightBytesMax),
    Row("receiver.message_timeout_ms", \.receiver.messageTimeoutMs),
    Row("receiver.socket_timeout_ms", \.receiver.socketTimeoutMs),
    Row("receiver.linger_ms", \.receiver.lingerMs),
    Row("receiver.produce_requests_max", \.receiver.produceRequestsMax),
    Row("receiver.drain_grace_ms", \.receiver.drainGraceMs),
    Row("receiver.drain_timeout_ms", \.receiver.drainTimeoutMs),
    Row("receiver.spool", \.receiver.spool),
    Row("receiver.rejects.per_minute_max", \.receiver.rejectsPerMinuteMax),
    Row("receiver.rejects.body_bytes_max", \.receiver.rejectsBodyBytesMax),
  ]

  /// `new` as far as it can come into force now, and the names of what differs and cannot.
  /// `spooling`: the sources that have a place in the spool.
  static func keep(
    _ old: Configuration, in new: Configuration, spooling: [String]
  ) -> (Configuration, [String]) {
    var effective = new
    let fixed = rows.filter { $0.differs(old, new) }
    for row in fixed { row.copy(old, &effective) }
    var names = fixed.map(\.name)
    for (name, source) in new.sources.sorted(by: { $0.key < $1.key }) {
      let spool = spooling.contains(name) ? "sqlite" : "none"
      guard source.spool != spool else { continue }
      effective.sources[name]?.spool = spool
      names.append("sources.\(name).spool")
    }
    return (effective, names)
  }
}
