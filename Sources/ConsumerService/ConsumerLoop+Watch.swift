// What walks everything, and so is done once a second.
import Kafka
import Lanes
import Telemetry

extension ConsumerLoop {
  func walk(nowMs: Int64) {
    retryScanEnds()
    var oldestMs: Int64?
    table.forEachHead { place in
      guard let receivedMs = works[place]?.receivedMs else { return }
      oldestMs = min(oldestMs ?? receivedMs, receivedMs)
    }
    gauges.set(oldestUnfinishedMs: oldestMs.map { nowMs - $0 } ?? 0)
    for number in table.ownedPartitions {
      let partition = partitions.name(number)
      guard !isRetry(partition), let end = consumer.knownEnd(partition),
        let done = table.frontier(number)
      else { continue }
      gauges.set(lag: max(0, end - done), partition: partition.partition)
    }
  }
}
