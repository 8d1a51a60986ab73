// Several consumers of one group, their log lines in one stream.
import Foundation
import Testing

/// Consumers that share a group.
struct Fleet {
  let consumers: [Program]
  /// Every line of all of them, each consumer's own in order.
  let lines: AsyncStream<String>

  init(_ rig: Rig, count: Int, configPath: String) throws {
    let consumers = try (0..<count).map { _ in try rig.startConsumer(configPath) }
    let (lines, sink) = AsyncStream.makeStream(of: String.self)
    Task {
      await withTaskGroup(of: Void.self) { group in
        for (index, consumer) in consumers.enumerated() {
          group.addTask {
            for await line in consumer.lines { sink.yield(Self.tag(line, index)) }
          }
        }
      }
      sink.finish()
    }
    self.consumers = consumers
    self.lines = lines
  }

  /// Puts the consumer's number into the JSON line.
  private static func tag(_ line: String, _ index: Int) -> String {
    line.hasPrefix("{") ? "{\"member\":\(index)," + line.dropFirst() : line
  }

  /// Waits until every member has partitions and together they have all of them.
  func awaitShares(partitions: Int) async throws {
    var shares: [Int64: Set<Int>] = [:]
    for await text in lines {
      guard let line = LogLine(text), let member = line.integer("member") else { continue }
      switch line.message {
      case "partitions assigned": shares[member] = Self.numbers(line)
      case "partitions revoked", "partitions lost": shares[member] = []
      default: continue
      }
      let all = shares.values.reduce(into: Set<Int>()) { $0.formUnion($1) }
      let isDisjoint = shares.values.reduce(0) { $0 + $1.count } == all.count
      if shares.count == consumers.count, shares.values.allSatisfy({ !$0.isEmpty }), isDisjoint,
        all.count == partitions
      {
        return
      }
    }
    Issue.record("the partitions were never shared: \(shares)")
  }

  /// Waits until this member has all partitions: the rebalance after the others left is over.
  func awaitAll(member: Int, partitions: Int) async throws {
    for await text in lines {
      guard let line = LogLine(text), line.message == "partitions assigned",
        line.integer("member") == Int64(member), Self.numbers(line).count == partitions
      else { continue }
      return
    }
    Issue.record("member \(member) never had all partitions")
  }

  /// `[0, 2, 4]` as it stands in the log.
  private static func numbers(_ line: LogLine) -> Set<Int> {
    let text = line.fields["partition"] as? String ?? ""
    return Set(text.split { !$0.isNumber }.compactMap { Int($0) })
  }
}
