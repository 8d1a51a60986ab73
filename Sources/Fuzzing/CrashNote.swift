// Says which input it was when the process is killed by a signal of its own making.

import Glibc
import Synchronization

/// The input under way, where a signal handler can read it.
enum CrashNote {
  /// Begun so far; the watchdog looks whether it moves.
  static let inputs = Atomic<Int>(0)
  private static let seed = Atomic<UInt64>(0)
  private static let number = Atomic<UInt64>(0)
  /// Up to eight letters.
  private static let target = Atomic<UInt64>(0)

  static func begin(target name: String, seed: UInt64, number: Int) {
    inputs.wrappingAdd(1, ordering: .relaxed)
    target.store(name.utf8.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }, ordering: .relaxed)
    self.seed.store(seed, ordering: .relaxed)
    self.number.store(UInt64(number), ordering: .relaxed)
  }

  static func install() {
    begin(target: "corpus", seed: 0, number: 0)
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT] {
      signal(number) { number in
        CrashNote.write("\nfuzz: ended by a signal; replay: hookferry-fuzz --target ")
        CrashNote.writeTarget()
        CrashNote.write(" --seed ")
        CrashNote.write(CrashNote.seed.load(ordering: .relaxed))
        CrashNote.write(" --number ")
        CrashNote.write(CrashNote.number.load(ordering: .relaxed))
        CrashNote.write("\n")
        signal(number, SIG_DFL)
        raise(number)
      }
    }
  }

  // No allocation from here on.

  private static func write(_ text: StaticString) {
    _ = Glibc.write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }

  private static func writeTarget() {
    let name = target.load(ordering: .relaxed)
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
      var letter = UInt8(truncatingIfNeeded: name >> shift)
      if letter != 0 { _ = Glibc.write(STDERR_FILENO, &letter, 1) }
    }
  }

  private static func write(_ value: UInt64) {
    var divisor: UInt64 = 1
    while value / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      var digit = UInt8(ascii: "0") + UInt8(value / divisor % 10)
      _ = Glibc.write(STDERR_FILENO, &digit, 1)
      divisor /= 10
    }
  }
}
