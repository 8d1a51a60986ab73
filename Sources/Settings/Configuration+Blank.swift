// Values to begin reading with. Every field is overwritten by its declaration, which alone knows
// the default.

extension Configuration {
  static let blank = Configuration(
    kafka: .blank, receiver: .blank, sources: [:], providers: [:], consumer: .blank, pipelines: [],
    sinks: [:])
}

extension KafkaSettings {
  static let blank = KafkaSettings(
    bootstrapServers: "", eventsTopic: "", deadLettersTopic: "", retryTopic: "", rejectsTopic: "",
    properties: [:])
}

extension ReceiverSettings {
  static let blank = ReceiverSettings(
    listenAddress: "", port: 0, adminPort: 0, threads: 0, bodyBytesMax: 0, headerBytesMax: 0,
    connectionsMax: 0, inFlightRequestsMax: 0, inFlightBytesMax: 0, requestReadTimeoutMs: 0,
    idleTimeoutMs: 0, requestDeadlineMs: 0, messageTimeoutMs: 0, socketTimeoutMs: 0, lingerMs: 0,
    produceRequestsMax: 0, drainGraceMs: 0, drainTimeoutMs: 0, rejectsPerMinuteMax: 0,
    rejectsBodyBytesMax: 0,
    repeatCacheEntriesMax: 0, repeatCacheTtlMs: 0)

  /// What the receiver uses when the file says nothing.
  package static let defaults: ReceiverSettings = Catalogue.receiver.defaults(from: blank)
}

extension SpoolSettings {
  static let blank = SpoolSettings(path: "", bytesMax: 0, rowsMax: 0, afterMs: 0)
}

extension SourceSettings {
  static let blank = SourceSettings(
    name: "", provider: "", secrets: [], dropsRepeats: false, spool: "none")
}

extension ShadowSettings {
  static let blank = ShadowSettings(schemes: [], secrets: [])
}

extension EventSettings {
  static let blank = EventSettings()
}

extension ConsumerSettings {
  static let blank = ConsumerSettings(
    groupId: "", adminPort: 0, listenAddress: "", inFlightMax: 0, windowRecordsMax: 0,
    windowBytesMax: 0, commitIntervalMs: 0, retryAttemptsMax: 0, retryBaseMs: 0, retryMaxMs: 0,
    sessionTimeoutMs: 0, maxPollIntervalMs: 0, drainTimeoutMs: 0)

  /// What the consumer uses when the file says nothing.
  package static let defaults: ConsumerSettings = Catalogue.consumer.defaults(from: blank)
}

extension PipelineSettings {
  static let blank = PipelineSettings(name: "", from: "", to: "")
}

extension FetchSettings {
  static let blank = FetchSettings(
    provider: "", baseURL: "", properties: [], connectTimeoutMs: 0, totalTimeoutMs: 0,
    connectionsMax: 0, responseBytesMax: 0)
}

extension SinkSettings {
  static let blank = SinkSettings(
    name: "", connectTimeoutMs: 0, statementTimeoutMs: 0, inboxKeepMs: 0, writeLogKeepMs: 0,
    claimsKeepMs: 0)
}

extension Array {
  fileprivate func defaults<Target>(from blank: Target) -> Target
  where Element == Entry<Target> {
    var reader = SettingReader(file: "", environment: [:], scope: [])
    var target = blank
    reader.members(self, nil, SettingPath(), &target)
    return target
  }
}
