// Making and ending a librdkafka client instance, for every kind of client here.

import CRdKafka
import Dispatch

/// A librdkafka object that several threads may use.
// SAFETY: librdkafka's manual: "librdkafka is completely thread-safe ... Any API, unless otherwise
// noted, may be called from any of the application's threads at any time." What may not be done is
// using a handle after its destruction; each owner says how it rules that out.
struct SharedPointer: @unchecked Sendable {
  let raw: OpaquePointer
}

/// The libc-like names of the two kinds of client.
enum Client {
  /// A new instance. Its log goes to its main queue as events, never to stderr.
  static func make(
    _ type: rd_kafka_type_t, _ properties: [String: String], events: Int32
  ) throws(KafkaError) -> OpaquePointer {
    guard let configuration = rd_kafka_conf_new() else {
      throw KafkaError(.unknown, message: "no memory for a client's configuration")
    }
    var reason = [CChar](repeating: 0, count: 512)
    // Sorted, so that of several bad properties always the same one is named.
    for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
      let result = rd_kafka_conf_set(configuration, name, value, &reason, reason.count)
      guard result == RD_KAFKA_CONF_OK else {
        rd_kafka_conf_destroy(configuration)
        throw KafkaError(.invalidArgument, message: text(reason))
      }
    }
    rd_kafka_conf_set_events(configuration, events)
    // rd_kafka_new takes the configuration, unless it fails.
    guard let client = rd_kafka_new(type, configuration, &reason, reason.count) else {
      let code = KafkaError.Code(rd_kafka_last_error())
      rd_kafka_conf_destroy(configuration)
      throw KafkaError(code, message: text(reason))
    }
    LiveHandles.opened()
    if events & RD_KAFKA_EVENT_LOG != 0 { _ = rd_kafka_set_log_queue(client, nil) }
    return client
  }

  /// Ends an instance whose queues, topics and lists are given back. Blocks until librdkafka's
  /// threads have ended.
  static func destroy(_ client: OpaquePointer) {
    rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
    LiveHandles.closed()
  }

  /// The same, but waits for at most `waitMs`: after a group request that the broker does not know,
  /// librdkafka 2.0.2 can hang for ever in its destroy. Such a client is left behind. False then.
  static func destroy(_ client: SharedPointer, waitMs: Int) -> Bool {
    within(waitMs: waitMs) { destroy(client.raw) }
  }

  /// Runs a call of librdkafka that may never return; false when it has not after `waitMs`. It then
  /// goes on, so what it uses must be left to it.
  static func within(waitMs: Int, _ call: @escaping @Sendable () -> Void) -> Bool {
    let ended = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      call()
      ended.signal()
    }
    return ended.wait(timeout: .now() + .milliseconds(waitMs)) == .success
  }

  /// The events that any client may bring; nil for every other type.
  static func event(_ event: OpaquePointer) -> ClientEvent? {
    switch rd_kafka_event_type(event) {
    case RD_KAFKA_EVENT_ERROR:
      return .failure(error(event))
    case RD_KAFKA_EVENT_STATS:
      return rd_kafka_event_stats(event).map { .statistics(String(cString: $0)) }
    case RD_KAFKA_EVENT_LOG:
      var facility: UnsafePointer<CChar>?
      var line: UnsafePointer<CChar>?
      var level: Int32 = 0
      guard rd_kafka_event_log(event, &facility, &line, &level) == 0, let facility, let line
      else { return nil }
      return .log(
        level: Int(level), facility: String(cString: facility), message: String(cString: line))
    default:
      return nil
    }
  }

  /// The error that an event carries; of use only where it carries one.
  static func error(_ event: OpaquePointer) -> KafkaError {
    KafkaError(
      KafkaError.Code(rd_kafka_event_error(event)),
      message: rd_kafka_event_error_string(event).map { String(cString: $0) },
      isFatal: rd_kafka_event_error_is_fatal(event) != 0)
  }

  private static func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
