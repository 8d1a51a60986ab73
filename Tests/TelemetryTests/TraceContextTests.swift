// W3C Trace Context: what is read, what is ignored, what is written.

import Testing

@testable import Telemetry

@Suite struct TraceContextTests {
  private let sample = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

  @Test func aHeaderIsReadAndWrittenBack() throws {
    let trace = try #require(TraceContext(traceparent: sample))
    #expect(trace.traceId == "0af7651916cd43dd8448eb211c80319c")
    #expect(trace.parentId == 0xB7AD_6B71_6920_3331)
    #expect(trace.flags == 1)
    #expect(trace.traceparent == sample)
  }

  @Test(arguments: [
    "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
    "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
    "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
  ])
  func malformedHeadersAreIgnored(text: String) {
    #expect(TraceContext(traceparent: text) == nil)
  }

  @Test func laterVersionsAreReadAsFarAsKnown() {
    let later = "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"
    #expect(TraceContext(traceparent: later)?.traceparent == sample)
  }

  @Test func newTracesDifferAndChildrenStayInTheirs() {
    var generator = SystemRandomNumberGenerator()
    let first = TraceContext(using: &generator)
    let second = TraceContext(using: &generator)
    #expect(first.traceId != second.traceId)
    #expect(TraceContext(traceparent: first.traceparent) == first)
    let child = first.child(using: &generator)
    #expect(child.traceId == first.traceId)
    #expect(child.parentId != first.parentId)
  }
}
