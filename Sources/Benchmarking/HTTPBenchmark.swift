// What a GET through TransferLoop costs, to be compared with Benchmarks/curl-floor.c.

internal import Glibc
package import HTTPClient

/// GETs of one URL, a fixed number of them under way at a time, over connections that are kept.
package struct HTTPBenchmark {
  let url: String
  let inFlight: Int
  let count: Int
  private let loop: TransferLoop

  package init(url: String, inFlight: Int, count: Int) throws(HTTPError) {
    self.url = url
    self.inFlight = max(inFlight, 1)
    self.count = max(count, 1)
    loop = try TransferLoop(
      HTTPLimits(connectionsPerHostMax: self.inFlight, connectionsMax: self.inFlight))
  }

  /// Blocks. Writes microseconds of CPU a request, and requests a second, to standard output.
  package func report() throws(HTTPError) {
    // Connections are opened outside the measurement.
    try send(2 * inFlight)
    let (cpuNs, wallNs) = (BenchmarkClock.processNs, BenchmarkClock.monotonicNs)
    try send(count)
    let us = Double(BenchmarkClock.processNs - cpuNs) / 1000 / Double(count)
    let rate = Double(count) * 1e9 / Double(BenchmarkClock.monotonicNs - wallNs)
    BenchmarkOutput.line("\(BenchmarkOutput.decimal(us)) \(Int(rate))")
  }

  private func send(_ count: Int) throws(HTTPError) {
    let request = HTTPRequest(
      url: url, headers: ["Authorization": "Bearer token", "Accept": "application/json"])
    var started = 0
    var done = 0
    while started < min(inFlight, count) {
      try loop.start(request, ticket: UInt64(started))
      started += 1
    }
    while done < count {
      var descriptor = pollfd(fd: loop.fileDescriptor, events: Int16(POLLIN), revents: 0)
      _ = poll(&descriptor, 1, loop.nextTimeoutMs ?? 1000)
      for completion in loop.run() {
        let response = try completion.result.get()
        guard response.status == 200, !response.body.isEmpty else {
          throw HTTPError(.protocolError, "not a 200 with a body")
        }
        done += 1
        if started < count {
          try loop.start(request, ticket: UInt64(started))
          started += 1
        }
      }
    }
  }
}
