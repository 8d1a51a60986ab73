// Senders that send on without waiting for answers: they are read no further than there is room.

import Model
import NIOCore
import NIOEmbedded
import Testing

@testable import ReceiverService

@Suite struct HasteTests {
  /// What the handler last asked of its channel; nil: nothing yet.
  private func readsOn(_ channel: EmbeddedChannel) -> Bool? {
    let asked = channel.options.last { $0.option is ChannelOptions.Types.AutoReadOption }
    return asked?.value as? Bool
  }

  @Test func isReadNoFurtherWhileARequestWaits() throws {
    let publisher = FakePublisher()
    publisher.holdReports()
    let receiver = try BareReceiver(
      Harness.configuration(kafka: "127.0.0.1:1", ["header_bytes_max: 2048"]),
      publisher: publisher)
    let channel = EmbeddedChannel()
    #expect(try receiver.serve(channel.pipeline.syncOperations))
    let request = try Harness.request(Bodies.events(1...1))
    func send(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    // One waits, and a little lies behind it.
    try send(request)
    try send(request)
    #expect(readsOn(channel) == nil)
    try send(String(repeating: request, count: 2048 / request.utf8.count + 1))
    #expect(readsOn(channel) == false)
    #expect(publisher.published.count == 1)

    // Each report lets one more go; with the last ones there is room again.
    var answers = 0
    while let one = publisher.published.dropFirst(answers).first, answers < 100 {
      receiver.deliver([PublishReport(ticket: one.ticket, rejection: nil)])
      answers += 1
      let answer = try channel.readOutbound(as: ByteBuffer.self)
      #expect(answer.map { String(buffer: $0).hasPrefix("HTTP/1.1 200") } == true)
    }
    #expect(answers == 2048 / request.utf8.count + 3)
    #expect(readsOn(channel) == true)
    #expect(receiver.requestsInFlight == 0)
    _ = try channel.finish()
  }

  /// Over a socket, far more than is read at once: every request has its answer, in order.
  @Test func everyRequestIsAnsweredAllTheSame() async throws {
    let publisher = FakePublisher()
    try await Harness.with(publisher: publisher, ["header_bytes_max: 2048"]) { harness in
      let sender = try await harness.connect()
      let bodies = (0..<40).map { Bodies.events(($0 * 100)...($0 * 100 + 99)) }
      let requests = try bodies.map { try Harness.request($0) }.joined()
      async let sent: Void = sender.send(requests)
      for _ in bodies { #expect(try await sender.answer().status == 200) }
      try await sent
      #expect(publisher.published.map(\.value) == (0..<4000).map { Bodies.event($0) })
    }
  }
}
