// Names in a path, known and unknown.

@testable import ReceiverService
import Testing

@Suite struct NameIndexTests {
  private func find(_ name: String, in index: NameIndex<Int>) -> Int? {
    Array(name.utf8).withUnsafeBytes { index.find($0) }
  }

  @Test(arguments: [0, 1, 2, 3, 4, 5, 31, 32, 33, 1000]) func findsWhatIsThere(count: Int) {
    let names = (0..<count).map { "source-\($0)" }
    let index = NameIndex(Dictionary(uniqueKeysWithValues: zip(names, 0...)))
    for (place, name) in names.enumerated() { #expect(find(name, in: index) == place) }
    for name in ["", "source-", "source-\(count)", "Source-0", "source-0 ", "\u{0}"] {
      #expect(find(name, in: index) == nil)
    }
  }
}
