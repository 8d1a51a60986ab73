// One table from code to metric label, to retry, to remedy.

extension KafkaError {
  /// Families of codes that call for the same answer; closed, so that metric labels stay few.
  package enum Kind: String, Sendable, CaseIterable {
    case unreachable
    case timeout
    case queueFull = "queue_full"
    case purged
    case replicas
    case leadership
    case coordinator
    case membership
    case tooLarge = "too_large"
    case unknownTopic = "unknown_topic"
    case offset
    case authorization
    case exists
    case configuration
    case storage
    case closed
    case other

    var isRetriable: Bool {
      switch self {
      case .unreachable, .timeout, .queueFull, .purged, .replicas, .leadership, .coordinator,
        .membership, .storage:
        true
      case .tooLarge, .unknownTopic, .offset, .authorization, .exists, .configuration, .closed,
        .other:
        false
      }
    }

    /// What a person can do about it.
    package var remedy: String {
      switch self {
      case .unreachable: "check kafka.bootstrap_servers, the network and that the brokers run"
      case .timeout: "the cluster is slow or away: look at its load, then try again"
      case .queueFull: "records come in faster than Kafka takes them: slow down or add brokers"
      case .purged: "the record was given up at shutdown: have its sender send it again"
      case .replicas: "too few replicas are in sync: bring the missing brokers back"
      case .leadership: "wait for the cluster to elect a leader"
      case .coordinator: "wait for the cluster to move the group's coordinator"
      case .membership: "the group is rebalancing: the partition's new owner goes on"
      case .tooLarge: "raise the topic's max.message.bytes, or make the record smaller"
      case .unknownTopic: "create the topic (hookferry topics create) or mend its name"
      case .offset: "the wanted offset is gone: choose one that exists, or the log's begin or end"
      case .authorization: "mend the credentials, or grant this client its rights on the cluster"
      case .exists: "nothing to do: it is there already"
      case .configuration: "mend the property that the message names"
      case .storage: "look at the broker's log and disk"
      case .closed: "the client was closed: nothing to do during a shutdown"
      case .other: "look the code up in Kafka's protocol errors"
      }
    }
  }

  package var kind: Kind { code.kind }
  /// A bounded word for metric labels.
  package var label: String { code.kind.rawValue }
  /// What a person can do about it.
  package var remedy: String { code.kind.remedy }
}

extension KafkaError.Code {
  private static let kinds: [Self: KafkaError.Kind] = [
    .transport: .unreachable, .resolve: .unreachable, .allBrokersDown: .unreachable,
    .timedOut: .timeout, .messageTimedOut: .timeout, .timedOutInQueue: .timeout,
    .requestTimedOut: .timeout,
    .queueFull: .queueFull,
    .purgedInQueue: .purged, .purgedInFlight: .purged,
    .notEnoughReplicas: .replicas, .notEnoughReplicasAfterAppend: .replicas,
    .leaderNotAvailable: .leadership, .notLeader: .leadership,
    .waitCoordinator: .coordinator, .coordinatorLoading: .coordinator,
    .coordinatorNotAvailable: .coordinator, .notCoordinator: .coordinator,
    .illegalGeneration: .membership, .unknownMember: .membership,
    .rebalanceInProgress: .membership, .assignmentLost: .membership,
    .maxPollExceeded: .membership, .nonEmptyGroup: .membership, .fencedInstance: .membership,
    .messageTooLarge: .tooLarge, .recordListTooLarge: .tooLarge,
    .offsetMetadataTooLarge: .tooLarge,
    .unknownTopic: .unknownTopic, .unknownTopicOrPartition: .unknownTopic,
    .unknownPartition: .unknownTopic, .invalidTopic: .unknownTopic,
    .offsetOutOfRange: .offset, .autoOffsetReset: .offset, .noOffset: .offset,
    .authentication: .authorization, .topicAuthorization: .authorization,
    .groupAuthorization: .authorization, .clusterAuthorization: .authorization,
    .topicAlreadyExists: .exists,
    .invalidArgument: .configuration,
    .storageError: .storage,
    .closed: .closed,
  ]

  var kind: KafkaError.Kind { Self.kinds[self] ?? .other }
}
