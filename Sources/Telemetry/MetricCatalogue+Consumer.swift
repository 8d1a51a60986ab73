// What the consumer tells of itself.

import Model

/// How a record was finished with; the label `outcome`.
package enum RecordOutcome: String, Sendable, CaseIterable {
  case written, superseded, duplicate, gone, skipped
  case deadLettered = "dead_lettered"
}

/// What an API answered, in few words; the label `status`.
package enum FetchStatus: String, Sendable, CaseIterable {
  case success = "2xx"
  case notFound = "404"
  case throttled = "429"
  case unauthorized = "401_403"
  case clientError = "4xx"
  case serverError = "5xx"
  /// No answer: refused, cut off, timed out, too long.
  case noAnswer = "none"

  /// Nil stands for no answer.
  package init(httpStatus: Int?) {
    switch httpStatus {
    case .some(200..<300): self = .success
    case 404, 410: self = .notFound
    case 429: self = .throttled
    case 401, 403: self = .unauthorized
    case .some(400..<500): self = .clientError
    case .some(500..<600): self = .serverError
    default: self = .noAnswer
    }
  }
}

extension MetricCatalogue {
  package static let consumerRecords = Metric<Counter>(
    "hookferry_consumer_records_total", labels: [MetricLabel("outcome", RecordOutcome.self)],
    "Records finished with, by outcome.",
    action: "Many superseded or duplicate: normal after a replay. Flat with lag: see oldest.")
  package static let consumerRetries = Metric<Counter>(
    "hookferry_consumer_retries_total", labels: [failureClass],
    "Attempts that failed and will be repeated.",
    action: "throttled: lower in_flight_max. auth: mend the token. transient: look at the API.")
  package static let consumerDeadLetters = Metric<Counter>(
    "hookferry_consumer_dead_letters_total", labels: [failureClass],
    "Records sent to the dead-letter topic and acknowledged there.",
    action: "Read their headers: class and stage say what to mend; then replay.")
  package static let consumerFetches = Metric<Counter>(
    "hookferry_consumer_fetch_total", labels: [MetricLabel("status", FetchStatus.self)],
    "API calls, by what came back.", action: "429: the quota is used up. none: the API is away.")
  package static let consumerFetchSeconds = Metric<Histogram>(
    "hookferry_consumer_fetch_seconds", unit: .seconds, "How long an API call took.",
    action: "in_flight_max divided by this is the most records a second.")
  package static let consumerWriteSeconds = Metric<Histogram>(
    "hookferry_consumer_write_seconds", unit: .seconds, "How long a write to a sink took.",
    action: "Rising: the database is busy, or another process holds its lock.")
  package static let consumerInFlight = Metric<Gauge>(
    "hookferry_consumer_in_flight", "Fetches and writes under way.",
    action: "At consumer.in_flight_max with lag: raise it if the API's quota allows.")
  package static let consumerLanes = Metric<Gauge>(
    "hookferry_consumer_lanes", "Record keys with work queued or under way.",
    action: "Few lanes and much lag: a few records have most of the events.")
  package static let consumerWindowRecords = Metric<Gauge>(
    "hookferry_consumer_window_records", "Records received and not yet done.",
    action: "At consumer.window_records_max polling stops until work is done.")
  package static let consumerWindowBytes = Metric<Gauge>(
    "hookferry_consumer_window_bytes", unit: .bytes, "The same in bytes.",
    action: "At consumer.window_bytes_max polling stops until work is done.")
  package static let consumerLag = Metric<Gauge>(
    "hookferry_consumer_lag_records", labels: [partition],
    "Records in the log behind the committed offset, by assigned partition.",
    action: "Rising: add consumers up to the partitions, or raise in_flight_max.")
  package static let consumerCommittedOffset = Metric<Gauge>(
    "hookferry_consumer_committed_offset", labels: [partition],
    "The committed offset, by assigned partition.",
    action: "Flat while records are done: one record holds it, see oldest.")
  package static let consumerRebalances = Metric<Counter>(
    "hookferry_consumer_rebalances_total", "Assignments that changed.",
    action: "More than restarts explain: look for processes that die or poll too rarely.")
  package static let consumerOldestUnfinished = Metric<Gauge>(
    "hookferry_consumer_oldest_unfinished_seconds", unit: .seconds,
    "How long the oldest unfinished record has been here.",
    action: "Rising without end: its retries fail, see retries by class.")
  package static let consumerCommitFailures = Metric<Counter>(
    "hookferry_consumer_commit_failures_total", "Commits that Kafka refused.",
    action: "A few in a rebalance are normal; otherwise look at the group's coordinator.")

  package static let consumerCoalesced = Metric<Counter>(
    "hookferry_consumer_coalesced_total",
    "Events settled by the fetch and write of a later one of the same record.",
    action: "Each is a call saved. None with lag on few records: see coalesce_records_max.")
  package static let consumerRecordsAsked = Metric<Counter>(
    "hookferry_consumer_records_asked_total", "Records asked of APIs, however many a call.",
    action: "Divided by hookferry_consumer_fetch_total: records a call.")
  package static let consumerParked = Metric<Counter>(
    "hookferry_consumer_parked_total", "Records sent to the retry topic.",
    action: "Some: their API or their record fails for a while; see retries by class.")
  package static let consumerFlooded = Metric<Gauge>(
    "hookferry_consumer_dead_letters_paused", "1 while dead letters are held back.",
    action: "1: far more fails than succeeds. Read the last dead letters and mend their cause.")
  package static let consumerBreakersOpen = Metric<Gauge>(
    "hookferry_consumer_breakers_open", "APIs that are left alone because they fail.",
    action: "Above 0: look after the API; records wait and nothing is lost.")

  static let consumer: [MetricDeclaration] = [
    consumerRecords.declaration, consumerRetries.declaration, consumerDeadLetters.declaration,
    consumerFetches.declaration, consumerFetchSeconds.declaration,
    consumerWriteSeconds.declaration, consumerInFlight.declaration, consumerLanes.declaration,
    consumerWindowRecords.declaration, consumerWindowBytes.declaration, consumerLag.declaration,
    consumerCommittedOffset.declaration, consumerRebalances.declaration,
    consumerOldestUnfinished.declaration, consumerCommitFailures.declaration,
    consumerCoalesced.declaration, consumerRecordsAsked.declaration, consumerParked.declaration,
    consumerFlooded.declaration, consumerBreakersOpen.declaration,
  ]
}
