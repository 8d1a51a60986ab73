// Requests whose reports are late: their senders are told to come back, whenever that is found out.

import Model
import NIOCore
import NIOEmbedded
import Testing

@testable import ReceiverService

@Suite struct DeadlineTests {
  @Test func aReportThatIsLateChangesNothingAnyMore() throws {
    let publisher = FakePublisher()
    publisher.holdReports()
    let receiver = try BareReceiver(
      Harness.configuration(kafka: "127.0.0.1:1", []), publisher: publisher)
    let channel = EmbeddedChannel()
    #expect(try receiver.serve(channel.pipeline.syncOperations))
    try channel.writeInbound(ByteBuffer(string: Harness.request(Bodies.events(1...1))))
    let taken = try #require(publisher.published.first)
    #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)

    receiver.elapse()
    let answer = try #require(try channel.readOutbound(as: ByteBuffer.self))
    #expect(String(buffer: answer).hasPrefix("HTTP/1.1 503"))
    #expect(receiver.requestsInFlight == 1, "its event is still under way")

    receiver.deliver([PublishReport(ticket: taken.ticket, rejection: nil)])
    #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
    #expect(receiver.requestsInFlight == 0 && receiver.bytesInFlight == 0)
    #expect(!channel.isActive, "answered, and idle for longer than is allowed")
  }
}
