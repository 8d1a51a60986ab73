// Runs one target over many inputs. An input is told by target, seed, number and corpus.

import Glibc
import Model

/// A target with its corpus. To be used by one thread at a time.
package final class FuzzRun {
  package struct Finding: Sendable, CustomStringConvertible {
    package let target: String
    package let seed: UInt64
    /// Nil for a file of the corpus.
    package let number: Int?
    package let what: String
    package let input: [UInt8]

    /// With the input and the way to have it again.
    package var description: String {
      let place = number.map { "seed \(seed) input \($0)" } ?? "corpus"
      return "fuzz \(target) \(place): \(what)\n  input \(Bytes.hex(input))\n"
        + "  replay: hookferry-fuzz --target \(target) --hex \(Bytes.hex(input))"
    }
  }

  package let name: String
  private let target: any FuzzTarget
  private let corpus: [[UInt8]]
  private let mutator: Mutator

  /// `files`: inputs kept from earlier findings.
  package init(_ target: any FuzzTarget, files: [[UInt8]] = []) {
    self.target = target
    name = type(of: target).name
    corpus = target.seeds + files
    mutator = Mutator(words: target.words)
  }

  /// Everything that can be fuzzed.
  package static func targets() throws -> [any FuzzTarget] {
    [try RequestTarget(), VerifierTarget(), try SplitterTarget(), HeadersTarget()]
  }

  /// The good inputs as they are, which must pass too. The first finding ends it.
  package func checkCorpus() -> Finding? {
    for input in corpus {
      if let what = target.check(input) {
        return Finding(target: name, seed: 0, number: nil, what: what, input: input)
      }
    }
    return nil
  }

  package func input(seed: UInt64, number: Int) -> [UInt8] {
    var random = SplitMix64(seed: seed &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15)
    // Where bytes are decisions, any bytes will do.
    guard let base = corpus.randomElement(using: &random), !random.chance(0.1) else {
      return (0..<Int.random(in: 0...160, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
    }
    return mutator.mutated(base, others: corpus, &random)
  }

  /// Checks the inputs of these numbers; the first finding ends it.
  package func run(
    seed: UInt64, numbers: Range<Int>, before: (Int) -> Void = { _ in }
  ) -> Finding? {
    for number in numbers {
      before(number)
      let input = input(seed: seed, number: number)
      if let what = target.check(input) {
        return Finding(target: name, seed: seed, number: number, what: what, input: input)
      }
    }
    return nil
  }

  /// Judges one input.
  package func check(_ input: [UInt8]) -> Finding? {
    target.check(input).map {
      Finding(target: name, seed: 0, number: nil, what: $0, input: input)
    }
  }
}

/// Files of a corpus directory: one directory a target, one file an input.
package enum FuzzCorpus {
  package static func files(_ directory: String, _ target: String) -> [[UInt8]] {
    let path = "\(directory)/\(target)"
    guard let handle = opendir(path) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted().compactMap { read("\(path)/\($0)") }
  }

  /// Nil when there is no such file.
  package static func read(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
      bytes += buffer[..<count]
    }
    return bytes
  }
}
