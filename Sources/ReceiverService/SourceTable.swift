// Sources from the configuration: refused at boot when anything about them cannot work.
import Model
import Providers
import Settings
import Signatures

/// Makes each event loop its own set of sources. Sendable: holds settings and metrics only.
struct SourceTable: Sendable {
  private struct Entry: Sendable {
    let settings: SourceSettings
    let provider: Provider
    let metrics: SourceMetrics
  }

  private let entries: [Entry]

  /// Checks everything once, so that a mistake stops the boot and not a request.
  init(_ configuration: Configuration, metrics: ReceiverMetrics) throws {
    guard !configuration.sources.isEmpty else {
      throw ReceiverError(
        message: "no source is configured", remedy: "add one under sources: in hookferry.yaml")
    }
    entries = try configuration.sources.values.sorted { $0.name < $1.name }.map { settings in
      let provider = try Self.provider(settings)
      guard configuration.receiver.requestDeadlineMs < provider.answerWithinMs else {
        throw ReceiverError(
          message: "source \(settings.name): \(provider.name) waits \(provider.answerWithinMs) ms "
            + "for an answer, receiver.request_deadline_ms is "
            + "\(configuration.receiver.requestDeadlineMs)",
          remedy: "lower receiver.request_deadline_ms below the provider's time")
      }
      return Entry(
        settings: settings, provider: provider, metrics: metrics.source(settings.name))
    }
    _ = try sources()
  }

  /// A fresh set; call on the event loop that will use it.
  func sources() throws -> [String: Source] {
    let scratch = RequestScratch()
    var byName: [String: Source] = [:]
    for entry in entries {
      byName[entry.settings.name] = try Source(
        name: entry.settings.name, verifiers: Self.verifiers(entry), splitter: Self.splitter(entry),
        metrics: entry.metrics, scratch: scratch)
    }
    return byName
  }

  private static func verifiers(_ entry: Entry) throws -> [Verifier] {
    do {
      return try entry.provider.schemes.map { scheme in
        try Verifier(
          scheme, secrets: entry.settings.secrets.map { $0.reveal() },
          publicURL: entry.settings.publicURL)
      }
    } catch let error as SchemeError {
      throw ReceiverError(
        message: "source \(entry.settings.name): \(error)", remedy: "mend sources in the file")
    }
  }

  private static func splitter(_ entry: Entry) throws -> Splitter {
    try Splitter(
      entry.provider, source: entry.settings.name, tenant: entry.settings.tenant ?? "")
  }
}
