// The settings of the consumer's engine, and of the pace of an API's calls.

extension Catalogue {
  static let consumerEngine: [Entry<ConsumerSettings>] = [
    .integer(
      "handles", \.engine.handles, default: 1, 1...64, .count,
      "Members of the group in this process, each with a thread and connections of its own; the "
        + "limits here hold for each."),
    .choice(
      "assignment", \.engine.assignment, default: "range", ["range", "cooperative-sticky"],
      "How the group shares partitions out, one way for all members: `range` takes all back for a "
        + "moment when somebody joins or leaves, `cooperative-sticky` only those that move."),
    .optionalText(
      "instance_id", \.engine.instanceId, .any,
      "A name that stays the same over a restart, e.g. `env` of a StatefulSet's pod: within "
        + "`session_timeout_ms` the partitions wait for it instead of moving twice."),
    .integer(
      "coalesce_records_max", \.engine.coalesceRecordsMax, default: 1000, 1...100_000, .count,
      "Queued events of one record that one fetch and one write settle; 1 works on each alone."),
    .integer(
      "burst_wait_ms", \.engine.burstWaitMs, default: 250, 0...60_000, .milliseconds,
      "How long a backlog is taken in before work on it starts, so that events of one record "
        + "meet; nothing waits while there is no backlog."),
    .flag(
      "parking", \.engine.isParking, default: true,
      "Whether a record that keeps failing goes to `kafka.topics.retry`, later ones of its key "
        + "behind it, so that offsets move on; without it it is tried again in its place."),
    .integer(
      "lane_attempts_max", \.engine.laneAttemptsMax, default: 5, 1...1000, .count,
      "Attempts in the events topic before a record is parked."),
    .integer(
      "dead_letters_allowance", \.engine.deadLettersAllowance, default: 100, 1...1_000_000, .count,
      "Dead letters that pass before successes have earned them; beyond it one a minute passes "
        + "and the rest waits, so that a mistake does not drain the topic."),
  ]

  static let fetchPace: [Entry<FetchSettings>] = [
    .integer(
      "batch_ids_max", \.pace.batchIdsMax, default: 100, 1...2000, .count,
      "Records that one call asks for, where the API has such a call; at most what it allows. 1 "
        + "asks for each record alone."),
    .flag(
      "adaptive", \.pace.isAdaptive, default: true,
      "Whether the calls under way, at most `connections_max`, adapt themselves to how long the "
        + "API takes."),
    .optionalInteger(
      "calls_per_second_max", \.pace.callsPerSecondMax, 1...1_000_000, .count,
      "Calls a second of one process; the API's own headers and 429 slow it further."),
    .optionalInteger(
      "calls_per_day_max", \.pace.callsPerDayMax, 1...1_000_000_000, .count,
      "Calls a day of one process."),
    .integer(
      "breaker_failures_max", \.pace.breakerFailuresMax, default: 20, 1...100_000, .count,
      "Failures in a row after which the API is left alone and then probed by one call at a time; "
        + "meanwhile records wait and use no attempt up."),
    .integer(
      "breaker_open_ms", \.pace.breakerOpenMs, default: 1000, 10...3_600_000, .milliseconds,
      "How long it is left alone at first; each probe that fails doubles it."),
    .integer(
      "breaker_open_max_ms", \.pace.breakerOpenMaxMs, default: 30_000, 10...3_600_000,
      .milliseconds, "The longest time between two probes."),
    .integer(
      "stale_wait_ms", \.pace.staleWaitMs, default: 5000, 0...600_000, .milliseconds,
      "So long after an event an answer from before it, by a replica that lags, is asked for "
        + "again; then it is taken as it is. 0 never asks again."),
    .flag(
      "compare_event_time", \.pace.comparesEventTime, default: false,
      "Whether events that carry no version are as new as the time that they happened at. Right "
        + "only where the API's modified time is never before it."),
  ]
}
