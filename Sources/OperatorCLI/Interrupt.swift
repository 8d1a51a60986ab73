// Waiting for Ctrl-C or SIGTERM, for commands that run until told to stop.
import Dispatch
import Glibc

enum Interrupt {
  /// Returns at the first SIGINT or SIGTERM.
  static func wait() async {
    signal(SIGINT, SIG_IGN)
    signal(SIGTERM, SIG_IGN)
    let (signals, sink) = AsyncStream.makeStream(of: Void.self)
    let sources = [SIGINT, SIGTERM].map { number in
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { sink.yield() }
      source.resume()
      return source
    }
    for await _ in signals { break }
    for source in sources { source.cancel() }
  }
}
