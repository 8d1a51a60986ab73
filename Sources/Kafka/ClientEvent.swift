// What a client tells besides its records.

/// News of a client instance. Which thread brings it is said by who hands it over.
package enum ClientEvent: Sendable {
  /// Mostly informational: librdkafka goes on by itself unless `isFatal`.
  case failure(KafkaError)
  /// librdkafka's statistics as JSON, every `statisticsIntervalMs`.
  case statistics(String)
  /// A line of librdkafka's log; level as in syslog, 0 to 7. Never holds a payload.
  case log(level: Int, facility: String, message: String)
}
