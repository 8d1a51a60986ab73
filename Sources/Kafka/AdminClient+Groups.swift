// Consumer groups and their committed offsets.

import CRdKafka
import Glibc

/// A group as its coordinator lists it.
package struct GroupListing: Hashable, Sendable {
  package let groupId: String
  package let state: GroupState
}

package enum GroupState: String, Sendable {
  case unknown, preparingRebalance, completingRebalance, stable, dead, empty

  init(_ state: rd_kafka_consumer_group_state_t) {
    self =
      switch state {
      case RD_KAFKA_CONSUMER_GROUP_STATE_PREPARING_REBALANCE: .preparingRebalance
      case RD_KAFKA_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE: .completingRebalance
      case RD_KAFKA_CONSUMER_GROUP_STATE_STABLE: .stable
      case RD_KAFKA_CONSUMER_GROUP_STATE_DEAD: .dead
      case RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY: .empty
      default: .unknown
      }
  }
}

/// A group with its members.
package struct GroupDescription: Sendable {
  package struct Member: Sendable {
    package let memberId: String
    package let clientId: String
    package let groupInstanceId: String?
    package let host: String
    package let assignment: [TopicPartition]
  }
  package let groupId: String
  package let state: GroupState
  package let assignor: String
  package let members: [Member]
  package let error: KafkaError?
}

extension AdminClient {
  package func listGroups(timeoutMs: Int32) throws(KafkaError) -> [GroupListing] {
    try request(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, timeoutMs: timeoutMs) {
      client, options, answer in
      rd_kafka_ListConsumerGroups(client, options, answer)
    } read: { (event) throws(KafkaError) in
      guard let result = rd_kafka_event_ListConsumerGroups_result(event) else { return [] }
      var count = 0
      // One error a broker that could not be asked: a list with holes would mislead.
      if let errors = rd_kafka_ListConsumerGroups_result_errors(result, &count), count > 0,
        let error = errors[0]
      {
        throw KafkaError(borrowing: error)
      }
      guard let groups = rd_kafka_ListConsumerGroups_result_valid(result, &count) else { return [] }
      return UnsafeBufferPointer(start: groups, count: count).compactMap { group in
        guard let id = rd_kafka_ConsumerGroupListing_group_id(group) else { return nil }
        return GroupListing(
          groupId: String(cString: id),
          state: GroupState(rd_kafka_ConsumerGroupListing_state(group)))
      }
    }
  }

  /// A group nobody knows is described too, as `dead` or `empty` without members.
  package func describeGroups(
    _ groupIds: [String], timeoutMs: Int32
  ) throws(KafkaError) -> [GroupDescription] {
    try withCStrings(groupIds) { (names) throws(KafkaError) in
      try request(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, timeoutMs: timeoutMs) {
        client, options, answer in
        rd_kafka_DescribeConsumerGroups(client, &names, names.count, options, answer)
      } read: { event in
        var count = 0
        guard let result = rd_kafka_event_DescribeConsumerGroups_result(event),
          let groups = rd_kafka_DescribeConsumerGroups_result_groups(result, &count)
        else { return [] }
        return UnsafeBufferPointer(start: groups, count: count).compactMap { group in
          group.map { Self.description($0) }
        }
      }
    }
  }

  /// What a group has committed: everything, or these partitions. `PartitionOffset.none` where
  /// there is none.
  package func groupOffsets(
    _ groupId: String, partitions: [TopicPartition]? = nil, timeoutMs: Int32
  ) throws(KafkaError) -> [PartitionOffset] {
    var wanted: OpaquePointer?
    if let partitions {
      wanted = PartitionList.with(partitions.map { PartitionOffset($0) }) {
        rd_kafka_ListConsumerGroupOffsets_new(groupId, $0)
      }
    } else {
      wanted = rd_kafka_ListConsumerGroupOffsets_new(groupId, nil)
    }
    LiveHandles.opened()
    defer {
      wanted.map(rd_kafka_ListConsumerGroupOffsets_destroy)
      LiveHandles.closed()
    }
    return try request(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, timeoutMs: timeoutMs) {
      client, options, answer in
      rd_kafka_ListConsumerGroupOffsets(client, &wanted, 1, options, answer)
    } read: { (event) throws(KafkaError) in
      var count = 0
      let result = rd_kafka_event_ListConsumerGroupOffsets_result(event)
      return try Self.offsets(
        rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count), count)
    }
  }

  /// Commits for a group that has no active member; with one, `nonEmptyGroup` or `unknownMember`.
  /// Metadata is replaced, by none if none is given.
  package func alterGroupOffsets(
    _ groupId: String, _ offsets: [PartitionOffset], timeoutMs: Int32
  ) throws(KafkaError) -> [PartitionOffset] {
    var wanted = PartitionList.with(offsets) {
      rd_kafka_AlterConsumerGroupOffsets_new(groupId, $0)
    }
    LiveHandles.opened()
    defer {
      wanted.map(rd_kafka_AlterConsumerGroupOffsets_destroy)
      LiveHandles.closed()
    }
    return try request(RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, timeoutMs: timeoutMs) {
      client, options, answer in
      rd_kafka_AlterConsumerGroupOffsets(client, &wanted, 1, options, answer)
    } read: { (event) throws(KafkaError) in
      var count = 0
      let result = rd_kafka_event_AlterConsumerGroupOffsets_result(event)
      return try Self.offsets(
        rd_kafka_AlterConsumerGroupOffsets_result_groups(result, &count), count)
    }
  }

  private static func offsets(
    _ groups: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int
  ) throws(KafkaError) -> [PartitionOffset] {
    guard let groups, count > 0, let group = groups[0] else { return [] }
    if let error = rd_kafka_group_result_error(group) { throw KafkaError(borrowing: error) }
    guard let list = rd_kafka_group_result_partitions(group) else { return [] }
    if let error = PartitionList.firstError(list) { throw error }
    return PartitionList.values(list)
  }

  private static func description(_ group: OpaquePointer) -> GroupDescription {
    func text(_ pointer: UnsafePointer<CChar>?) -> String {
      pointer.map { String(cString: $0) } ?? ""
    }
    let members = (0..<rd_kafka_ConsumerGroupDescription_member_count(group)).compactMap { index in
      rd_kafka_ConsumerGroupDescription_member(group, index).map { member in
        GroupDescription.Member(
          memberId: text(rd_kafka_MemberDescription_consumer_id(member)),
          clientId: text(rd_kafka_MemberDescription_client_id(member)),
          groupInstanceId: rd_kafka_MemberDescription_group_instance_id(member)
            .map { String(cString: $0) },
          host: text(rd_kafka_MemberDescription_host(member)),
          assignment: rd_kafka_MemberDescription_assignment(member)
            .flatMap { rd_kafka_MemberAssignment_partitions($0) }
            .map { PartitionList.values($0).map(\.topicPartition) } ?? [])
      }
    }
    let error = rd_kafka_ConsumerGroupDescription_error(group)
    return GroupDescription(
      groupId: text(rd_kafka_ConsumerGroupDescription_group_id(group)),
      state: GroupState(rd_kafka_ConsumerGroupDescription_state(group)),
      assignor: text(rd_kafka_ConsumerGroupDescription_partition_assignor(group)),
      members: members,
      error: error.flatMap {
        rd_kafka_error_code($0) == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(borrowing: $0)
      })
  }

  /// Lends C copies of these strings to `body`.
  private func withCStrings<Result>(
    _ strings: [String], _ body: (inout [UnsafePointer<CChar>?]) throws(KafkaError) -> Result
  ) throws(KafkaError) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    var pointers = copies.map { UnsafePointer<CChar>($0) }
    return try body(&pointers)
  }
}
