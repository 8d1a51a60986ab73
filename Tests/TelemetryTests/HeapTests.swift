// The allocator that the programs are linked with.

import Telemetry
import Testing

@Suite struct HeapTests {
  @Test func mimallocServesMalloc() {
    #expect(Heap.isMimalloc, "is libmimalloc linked, and in front of the C library?")
  }
}
