// Parked keys by hand, and against a naive list of every record in the retry topic.
import Model
import Testing

@testable import Lanes

@Suite struct ParkedKeysTests {
  @Test func parkedUntilTheLastRecordIsDone() {
    var keys = ParkedKeys()
    #expect(!keys.isParked(7))
    keys.park(7)
    #expect(keys.isParked(7) && !keys.isParked(8))
    keys.stored(7, retryOffset: 100)
    keys.park(7)
    keys.done(7, retryOffset: 100)
    #expect(keys.isParked(7), "the second is on its way")
    keys.stored(7, retryOffset: 105)
    #expect(keys.isParked(7))
    keys.done(7, retryOffset: 105)
    #expect(!keys.isParked(7))
    #expect(keys.count == 0)
  }

  @Test func aRecordThatWasNotStoredParksNothing() {
    var keys = ParkedKeys()
    keys.park(7)
    keys.failed(7)
    #expect(!keys.isParked(7))
    keys.park(7)
    keys.stored(7, retryOffset: 3)
    keys.park(7)
    keys.failed(7)
    #expect(keys.isParked(7), "the one before is there still")
  }

  @Test func doneBeforeTheReportOfStorage() {
    var keys = ParkedKeys()
    keys.park(7)
    keys.done(7, retryOffset: 4)
    #expect(keys.isParked(7))
    keys.stored(7, retryOffset: 4)
    #expect(!keys.isParked(7))
  }

  @Test func reportsOutOfOrder() {
    var keys = ParkedKeys()
    keys.park(7)
    keys.park(7)
    keys.stored(7, retryOffset: 9)
    keys.stored(7, retryOffset: 8)
    keys.done(7, retryOffset: 8)
    #expect(keys.isParked(7))
    keys.done(7, retryOffset: 9)
    #expect(!keys.isParked(7))
  }

  @Test func whatARestartFinds() {
    var keys = ParkedKeys()
    keys.scanned(7, retryOffset: 10)
    keys.scanned(8, retryOffset: 11)
    keys.scanned(7, retryOffset: 12)
    keys.done(7, retryOffset: 10)
    keys.done(8, retryOffset: 11)
    keys.done(9, retryOffset: 13)
    #expect(keys.isParked(7) && !keys.isParked(8) && !keys.isParked(9))
    keys.done(7, retryOffset: 12)
    #expect(keys.count == 0)
  }

  @Test func reportsNeedARecordThatWasParked() async {
    await #expect(processExitsWith: .failure) {
      var keys = ParkedKeys()
      keys.stored(1, retryOffset: 1)
    }
    await #expect(processExitsWith: .failure) {
      var keys = ParkedKeys()
      keys.scanned(1, retryOffset: 1)
      keys.failed(1)
    }
  }

  @Test func agreesWithNaiveModel() {
    for seed in 0..<1000 {
      var life = RetryTopicLife(seed: seed)
      life.run()
    }
  }
}

/// A retry partition with the machine under test and, beside it, every record.
private struct RetryTopicLife {
  private struct Record {
    var key: UInt64
    var isReported: Bool
    var isDone = false
  }

  private let seed: Int
  private var random: SplitMix64
  private var keys = ParkedKeys()
  /// Records on their way, by key.
  private var sent: [UInt64: Int] = [:]
  /// The partition: the index is the offset.
  private var log: [Record] = []

  init(seed: Int) {
    self.seed = seed
    random = SplitMix64(seed: UInt64(seed))
  }

  mutating func run() {
    for _ in 0..<150 {
      step()
      for key in UInt64(0)..<5 {
        let isParked =
          sent[key, default: 0] > 0
          || log.contains { $0.key == key && (!$0.isDone || !$0.isReported) }
        if keys.isParked(key) != isParked { Issue.record("seed \(seed): key \(key)") }
      }
    }
  }

  private mutating func step() {
    let key = UInt64.random(in: 0..<5, using: &random)
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<25:
      keys.park(key)
      sent[key, default: 0] += 1
    case 25..<45 where sent[key, default: 0] > 0:
      sent[key, default: 0] -= 1
      if random.chance(0.2) {
        keys.failed(key)
      } else {
        log.append(Record(key: key, isReported: false))
      }
    case 45..<65:
      // Reports come in any order.
      guard let offset = log.indices.filter({ !log[$0].isReported }).randomElement(using: &random)
      else { return }
      log[offset].isReported = true
      keys.stored(log[offset].key, retryOffset: Int64(offset))
    case 65..<97:
      // Records of one key finish in order.
      guard let offset = log.indices.first(where: { log[$0].key == key && !log[$0].isDone })
      else { return }
      log[offset].isDone = true
      keys.done(key, retryOffset: Int64(offset))
    default:
      restart()
    }
  }

  /// Another owner: nothing is on its way, and what is not done is found by reading.
  private mutating func restart() {
    keys = ParkedKeys()
    sent = [:]
    for offset in log.indices {
      log[offset].isReported = true
      if !log[offset].isDone { keys.scanned(log[offset].key, retryOffset: Int64(offset)) }
    }
  }
}
