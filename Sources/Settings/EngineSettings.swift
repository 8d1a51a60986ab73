// How the consumer shares work out: between processes, lanes, calls and the retry topic.

/// Settings of `consumer:` about the engine.
package struct EngineSettings: Sendable {
  /// Consumers in this process, each with a thread of its own.
  package var handles = 1
  /// `range` or `cooperative-sticky`; one for all members of a group.
  package var assignment = "range"
  /// A name that stays over a restart: static membership.
  package var instanceId: String?
  /// Events of one record that one fetch and one write settle, at most.
  package var coalesceRecordsMax = 0
  /// How long a backlog is taken in before work on it starts.
  package var burstWaitMs = 0
  /// Whether records that fail go to the retry topic.
  package var isParking = false
  package var laneAttemptsMax = 0
  /// Dead letters that pass without a success beforehand.
  package var deadLettersAllowance = 0
}

/// Settings of `fetch:` about how fast an API may be asked.
package struct PaceSettings: Sendable {
  /// Records that one call may ask for; 1 asks for each alone.
  package var batchIdsMax = 0
  /// Whether calls at a time adapt themselves to how the API answers.
  package var isAdaptive = false
  /// Of one process; nil leaves it to the API.
  package var callsPerSecondMax: Int?
  package var callsPerDayMax: Int?
  package var breakerFailuresMax = 0
  package var breakerOpenMs = 0
  package var breakerOpenMaxMs = 0
  /// So long after an event an older answer is asked for again; 0 takes it as it is.
  package var staleWaitMs = 0
  /// Whether an event without a version is as new as its time says.
  package var comparesEventTime = false
}
