// Partitions by small numbers.
import Kafka

/// TopicPartition to the small number that LaneTable knows it by, and back.
struct PartitionIndex {
  private var numbers: [TopicPartition: Int] = [:]
  private var names: [TopicPartition] = []

  mutating func number(_ partition: TopicPartition) -> Int {
    if let number = numbers[partition] { return number }
    names.append(partition)
    numbers[partition] = names.count - 1
    return names.count - 1
  }

  func name(_ number: Int) -> TopicPartition { names[number] }
}
