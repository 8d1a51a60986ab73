// Asking the cluster about itself, and changing it: topics, groups, offsets.

import CRdKafka
import Glibc

/// Administration. Every method blocks its caller up to `timeoutMs`, so none is to be called on a
/// thread that must not stand still. Any thread; `close` only when no other call is under way.
package final class AdminClient: Sendable {
  private let client: SharedPointer
  private let main: Queue
  private let gate = Gate()

  /// Connects to nothing yet. `extra` are librdkafka's own properties.
  package init(
    bootstrapServers: String, clientId: String = "hookferry-admin", extra: [String: String] = [:]
  ) throws(KafkaError) {
    let properties = [
      "bootstrap.servers": bootstrapServers,
      "client.id": clientId,
      // A consumer without a group: the kind of client that creates no topic by asking about it.
      "allow.auto.create.topics": "false",
      "socket.timeout.ms": "10000",
      "log.queue": "true",
    ].merging(extra) { $1 }
    let client = try Client.make(
      RD_KAFKA_CONSUMER, properties, events: RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
    guard let queue = rd_kafka_queue_get_main(client) else {
      Client.destroy(client)
      throw KafkaError(.unknown, message: "a client without a queue")
    }
    self.client = SharedPointer(raw: client)
    main = Queue(queue)
  }

  deinit { close() }

  private static let closeWaitMs = 3000

  /// Takes a few seconds at most. A second call does nothing.
  package func close() {
    guard gate.shut(whileWaiting: { usleep(200) }) else { return }
    main.close()
    _ = Client.destroy(client, waitMs: Self.closeWaitMs)
  }

  /// Lends the client to one request.
  func use<Result>(
    _ body: (OpaquePointer) throws(KafkaError) -> Result
  ) throws(KafkaError) -> Result {
    guard gate.enter() else { throw KafkaError(.closed) }
    defer { gate.leave() }
    do throws(KafkaError) { return try body(client.raw) } catch { throw explained(error) }
  }

  /// Sends one admin request by `send` and lends its answer to `read`.
  func request<Result>(
    _ operation: rd_kafka_admin_op_t, timeoutMs: Int32,
    send: (OpaquePointer, _ options: OpaquePointer, _ answer: OpaquePointer) -> Void,
    read: (OpaquePointer) throws(KafkaError) -> Result
  ) throws(KafkaError) -> Result {
    try use { (client) throws(KafkaError) in
      let answer = try Queue(new: client)
      defer { answer.close() }
      guard let options = rd_kafka_AdminOptions_new(client, operation) else {
        throw KafkaError(.invalidArgument, message: "an admin request that librdkafka lacks")
      }
      LiveHandles.opened()
      var reason = [CChar](repeating: 0, count: 256)
      _ = rd_kafka_AdminOptions_set_request_timeout(options, timeoutMs, &reason, reason.count)
      send(client, options, answer.raw)
      rd_kafka_AdminOptions_destroy(options)
      LiveHandles.closed()
      var result = Swift.Result<Result, KafkaError>.failure(
        KafkaError(.timedOut, message: "no answer to an admin request"))
      // The request's own time-out comes first and says more.
      _ = answer.next(timeoutMs: timeoutMs + 500) { event in
        guard rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR else {
          result = .failure(Client.error(event))
          return
        }
        do throws(KafkaError) { result = .success(try read(event)) } catch {
          result = .failure(error)
        }
      }
      return try result.get()
    }
  }

  /// "Timed out" alone helps nobody: adds what the client last complained of.
  private func explained(_ error: KafkaError) -> KafkaError {
    guard error.kind == .timeout || error.kind == .unreachable else { return error }
    var complaint: String?
    for _ in 0..<100 {
      let came = main.next(timeoutMs: 0) { event in
        if case .failure(let news) = Client.event(event), news.code != .allBrokersDown {
          complaint = news.message
        }
      }
      guard came else { break }
    }
    guard let complaint else { return error }
    return KafkaError(error.code, message: "\(error.message): \(complaint)")
  }
}
