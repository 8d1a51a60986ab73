// What the brokers do wrong at some point of a plan.

package import Kafka

/// One change of the mock cluster's behaviour.
/// The coordinator stays where it is: the mock aborts when a member asks a second coordinator while
/// it waits for the first.
package enum BrokerFault: Sendable, Equatable {
  /// The next requests of this type fail so, whoever sends them.
  case errors(MockCluster.Request, [KafkaError.Code])
  /// Refuses connections and drops those it has.
  case down(broker: Int32)
  case up(broker: Int32)
  /// Answers are held back by so much; 0 ends it.
  case roundTrip(broker: Int32, ms: Int32)
  /// A partition of the events topic moves there.
  case leader(partition: Int32, broker: Int32)

  /// The errors that pass by themselves, by the request that they are drawn for.
  static let passing: [(request: MockCluster.Request, codes: [KafkaError.Code])] = [
    (.produce, [.notLeader, .requestTimedOut, .notEnoughReplicas]),
    (.fetch, [.notLeader, .leaderNotAvailable]),
    (
      .offsetCommit,
      [.coordinatorNotAvailable, .notCoordinator, .coordinatorLoading, .rebalanceInProgress]
    ),
    (.offsetFetch, [.coordinatorLoading, .notCoordinator]),
    (
      .heartbeat, [.coordinatorNotAvailable, .notCoordinator, .rebalanceInProgress, .unknownMember]
    ),
    (.joinGroup, [.coordinatorLoading, .notCoordinator]),
    (.syncGroup, [.rebalanceInProgress, .notCoordinator]),
    (.findCoordinator, [.coordinatorNotAvailable]),
  ]

  /// For a plan's summary.
  var name: String {
    switch self {
    case .errors(let request, let codes): "\(request)-errors(\(codes.count))"
    case .down(let broker): "broker-\(broker)-down"
    case .up(let broker): "broker-\(broker)-up"
    case .roundTrip(let broker, let ms): "broker-\(broker)-rtt(\(ms)ms)"
    case .leader(let partition, let broker): "leader-of-\(partition)-to-\(broker)"
    }
  }
}
