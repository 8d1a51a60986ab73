// The long form: millions of inputs, with a watch on time and memory.

import Dispatch
import Glibc
import Synchronization

/// What `hookferry-fuzz` does.
package struct FuzzProgram: Sendable {
  /// All targets together.
  package var inputs: Int
  package var seed: UInt64
  /// Nil: all of them.
  package var target: String?
  /// With findings of earlier runs; empty: none.
  package var corpus: String

  package init(inputs: Int, seed: UInt64, target: String?, corpus: String) {
    self.inputs = inputs
    self.seed = seed
    self.target = target
    self.corpus = corpus
  }

  /// How an input's time is watched: none takes a millisecond in earnest.
  private static let inputSecondsMax = 5
  /// What the allocator and caches may take more at the end than at a fifth of the way.
  private static let growthKbytesMax = 8192

  /// Returns the exit code. Blocks.
  package func run() throws -> Int32 {
    let targets = try FuzzRun.targets().filter { target == nil || type(of: $0).name == target }
    guard !targets.isEmpty else {
      Self.line("no target \(target ?? ""): request, splitter, verifier or headers")
      return 64
    }
    Self.line("seed \(seed)")
    CrashNote.install()
    let watchdog = Self.watchdog()
    defer { watchdog.cancel() }
    let runs = targets.map {
      FuzzRun($0, files: FuzzCorpus.files(corpus, type(of: $0).name))
    }
    for run in runs {
      if let finding = run.checkCorpus() { return Self.fail(finding) }
    }
    // In turns, so that growth of any of them shows over the whole length.
    var seconds = [Double](repeating: 0, count: runs.count)
    let rounds = 20
    let share = max(1, inputs / runs.count / rounds)
    var early = 0
    for round in 0..<rounds {
      for (index, run) in runs.enumerated() {
        let start = Self.now()
        let numbers = (round * share)..<((round + 1) * share)
        let finding = run.run(seed: seed, numbers: numbers) {
          CrashNote.begin(target: run.name, seed: seed, number: $0)
        }
        seconds[index] += Self.now() - start
        if let finding { return Self.fail(finding) }
      }
      if round == rounds / 5 - 1 { early = Self.residentKbytes() }
    }
    for (run, seconds) in zip(runs, seconds) {
      Self.line("\(run.name) \(share * rounds) inputs, \(Int(Double(share * rounds) / seconds))/s")
    }
    let late = Self.residentKbytes()
    Self.line("resident \(early) KB at 20 %, \(late) KB at the end")
    guard late - early <= Self.growthKbytesMax else {
      Self.line("fuzz: memory grew")
      return 1
    }
    Self.line("fuzz ok \(share * rounds * runs.count) inputs")
    return 0
  }

  /// One input, by number or by its bytes in hex. Returns the exit code.
  package func replay(number: Int?, hex: String?) throws -> Int32 {
    for target in try FuzzRun.targets() where type(of: target).name == self.target {
      let run = FuzzRun(target, files: FuzzCorpus.files(corpus, type(of: target).name))
      let input = number.map { run.input(seed: seed, number: $0) } ?? hex.flatMap(Bytes.unhex)
      guard let input else { break }
      Self.line("input \(Bytes.hex(input))")
      if let finding = run.check(input) { return Self.fail(finding) }
      Self.line("as it should be")
      return 0
    }
    Self.line("name a target, and an input by --number or --hex")
    return 64
  }

  private static func fail(_ finding: FuzzRun.Finding) -> Int32 {
    line("\(finding)")
    return 1
  }

  private static func watchdog() -> any DispatchSourceTimer {
    let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "fuzz.watchdog"))
    let last = Mutex(-1)
    timer.schedule(
      deadline: .now() + .seconds(inputSecondsMax), repeating: .seconds(inputSecondsMax))
    timer.setEventHandler {
      let done = CrashNote.inputs.load(ordering: .relaxed)
      let isStuck = last.withLock { last in
        defer { last = done }
        return last == done
      }
      // The signal's note says which input it is.
      if isStuck { kill(getpid(), SIGABRT) }
    }
    timer.resume()
    return timer
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func residentKbytes() -> Int {
    let text = String(decoding: FuzzCorpus.read("/proc/self/status") ?? [], as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
  }

  private static func line(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      sent += count
    }
  }
}
