// The codes that our programs tell apart, and what each calls for. Any other code keeps its number.

import CRdKafka

extension KafkaError {
  /// librdkafka's code: negative ones are the client's own, positive ones the broker's.
  package struct Code: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
    init(_ code: rd_kafka_resp_err_t) { rawValue = Int32(code.rawValue) }

    var name: String {
      rd_kafka_err2name(rd_kafka_resp_err_t(rawValue)).map { String(cString: $0) } ?? "\(rawValue)"
    }

    var sentence: String {
      rd_kafka_err2str(rd_kafka_resp_err_t(rawValue)).map { String(cString: $0) } ?? "\(rawValue)"
    }
  }
}

extension KafkaError.Code {
  package static let closed = Self(RD_KAFKA_RESP_ERR__DESTROY)
  package static let transport = Self(RD_KAFKA_RESP_ERR__TRANSPORT)
  package static let resolve = Self(RD_KAFKA_RESP_ERR__RESOLVE)
  package static let allBrokersDown = Self(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
  package static let authentication = Self(RD_KAFKA_RESP_ERR__AUTHENTICATION)
  package static let invalidArgument = Self(RD_KAFKA_RESP_ERR__INVALID_ARG)
  package static let messageTimedOut = Self(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)
  package static let timedOut = Self(RD_KAFKA_RESP_ERR__TIMED_OUT)
  package static let timedOutInQueue = Self(RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE)
  package static let queueFull = Self(RD_KAFKA_RESP_ERR__QUEUE_FULL)
  package static let purgedInQueue = Self(RD_KAFKA_RESP_ERR__PURGE_QUEUE)
  package static let purgedInFlight = Self(RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
  package static let maxPollExceeded = Self(RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED)
  package static let waitCoordinator = Self(RD_KAFKA_RESP_ERR__WAIT_COORD)
  package static let noOffset = Self(RD_KAFKA_RESP_ERR__NO_OFFSET)
  package static let autoOffsetReset = Self(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
  package static let unknownPartition = Self(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
  package static let unknownTopic = Self(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
  package static let fatal = Self(RD_KAFKA_RESP_ERR__FATAL)
  package static let assignmentLost = Self(RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST)
  package static let wrongState = Self(RD_KAFKA_RESP_ERR__STATE)

  package static let unknown = Self(RD_KAFKA_RESP_ERR_UNKNOWN)
  package static let offsetOutOfRange = Self(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
  package static let unknownTopicOrPartition = Self(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
  package static let leaderNotAvailable = Self(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
  package static let notLeader = Self(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION)
  package static let requestTimedOut = Self(RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT)
  package static let messageTooLarge = Self(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
  package static let offsetMetadataTooLarge = Self(RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE)
  package static let coordinatorLoading = Self(RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS)
  package static let coordinatorNotAvailable = Self(RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE)
  package static let notCoordinator = Self(RD_KAFKA_RESP_ERR_NOT_COORDINATOR)
  package static let recordListTooLarge = Self(RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE)
  package static let notEnoughReplicas = Self(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS)
  package static let notEnoughReplicasAfterAppend = Self(
    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND)
  package static let illegalGeneration = Self(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION)
  package static let unknownMember = Self(RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID)
  package static let rebalanceInProgress = Self(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS)
  package static let topicAuthorization = Self(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
  package static let groupAuthorization = Self(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
  package static let clusterAuthorization = Self(RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
  package static let topicAlreadyExists = Self(RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
  package static let invalidTopic = Self(RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)
  package static let storageError = Self(RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR)
  package static let nonEmptyGroup = Self(RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP)
  package static let groupNotFound = Self(RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
  package static let fencedInstance = Self(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)

  /// The codes that pass by themselves. The broker's verdict on a record (too large, not
  /// authorised) does not.
  package var isRetriable: Bool { kind.isRetriable }
}
