// What went wrong, as librdkafka tells it, with what a person or a program can do about it.

import CRdKafka

/// A failure of the Kafka client or of the cluster. One word and one reference wide; an error that
/// librdkafka explains by its code alone allocates nothing.
package struct KafkaError: Error, Sendable, Equatable, CustomStringConvertible {
  package let code: Code
  /// The client instance is of no further use; close it and make a new one.
  package let isFatal: Bool
  /// The same request may succeed later without anybody changing anything.
  package let isRetriable: Bool
  private let detail: Detail?

  /// Text that the code alone does not tell, on the heap so that the error stays small.
  private final class Detail: Sendable, Equatable {
    let text: String
    init(_ text: String) { self.text = text }
    static func == (left: Detail, right: Detail) -> Bool { left.text == right.text }
  }

  /// `message` nil: librdkafka's own sentence for the code. `isRetriable` nil: by the code.
  package init(
    _ code: Code, message: String? = nil, isFatal: Bool = false, isRetriable: Bool? = nil
  ) {
    self.code = code
    self.isFatal = isFatal
    self.isRetriable = !isFatal && (isRetriable ?? code.isRetriable)
    detail = message.map(Detail.init)
  }

  /// librdkafka's name of the code, e.g. `_QUEUE_FULL` or `NOT_LEADER_FOR_PARTITION`.
  package var name: String { code.name }

  /// One sentence, without payload.
  package var message: String { detail?.text ?? code.sentence }

  package var description: String { "\(message) (\(name))" }
}

extension KafkaError {
  /// No error gives nil.
  init?(_ code: rd_kafka_resp_err_t, message: String? = nil) {
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    self.init(Code(code), message: message)
  }

  /// Takes ownership of `error` and destroys it.
  init(consuming error: OpaquePointer) {
    self.init(borrowing: error)
    rd_kafka_error_destroy(error)
  }

  init(borrowing error: OpaquePointer) {
    let code = Code(rd_kafka_error_code(error))
    // The queue being full is the one error that comes in floods: no text for it.
    let message =
      code == .queueFull ? nil : rd_kafka_error_string(error).map { String(cString: $0) }
    self.init(
      code, message: message, isFatal: rd_kafka_error_is_fatal(error) != 0,
      isRetriable: rd_kafka_error_is_retriable(error) != 0 ? true : nil)
  }
}
