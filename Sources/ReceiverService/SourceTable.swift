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
      let provider = try Self.naming(settings.name) { try Self.provider(settings) }
      guard configuration.receiver.requestDeadlineMs < provider.deadlineMs else {
        throw ReceiverError(
          message: "source \(settings.name): \(provider.name) waits \(provider.deadlineMs) ms "
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
    var byName: [String: Source] = [:]
    for entry in entries {
      let name = entry.settings.name
      byName[name] = try Self.naming(name) {
        Source(
          name: name,
          verifiers: try entry.provider.schemes.map { scheme in
            try Verifier(
              scheme, secrets: entry.settings.secrets.map { $0.reveal() },
              publicURL: entry.settings.publicURL)
          },
          splitter: try Splitter(entry.provider, source: name, tenant: entry.settings.tenant),
          metrics: entry.metrics)
      }
    }
    return byName
  }

  /// Says of which source an error is.
  private static func naming<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      throw ReceiverError(
        message: "source \(name): \(error)", remedy: "mend sources.\(name) in the configuration")
    }
  }

  private static func provider(_ settings: SourceSettings) throws -> Provider {
    var base = Provider.named(settings.provider)
    if let signature = settings.signature {
      let scheme = try Scheme.generic(
        header: signature.header, prefix: signature.prefix,
        hash: signature.hash, encoding: signature.encoding, key: signature.key,
        signed: signature.signed, timestampHeader: signature.timestampHeader,
        timestampUnit: signature.timestampUnit, toleranceS: signature.toleranceS)
      base?.schemes = [scheme]
      if base == nil { base = try Provider.generic(name: settings.provider, schemes: [scheme]) }
    }
    guard let base else {
      throw ReceiverError(
        message: "source \(settings.name): provider \(settings.provider) is unknown, or needs "
          + "signature: spelled out",
        remedy: "use one of \(Provider.names.joined(separator: ", "))")
    }
    guard let event = settings.event else { return base }
    return try Provider.generic(
      name: base.name, schemes: base.schemes, base: base, id: event.id, type: event.type,
      object: event.object, recordId: event.recordId, tenant: event.tenant, time: event.time)
  }
}
