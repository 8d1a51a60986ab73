// What must hold before the first request is taken.

package import Providers
package import Settings
import Signatures

/// Everything that keeps the receiver from starting, each with its remedy.
package struct ReceiverError: Error, Sendable, Equatable, CustomStringConvertible {
  package let problems: [String]

  package var description: String { problems.joined(separator: "\n") }
}

/// One source with its provider resolved; verifiers and splitters are made from it on each loop.
package struct SourcePlan: Sendable {
  package let settings: SourceSettings
  package let provider: Provider
  /// The URL that is signed may be the one that a trusted proxy tells.
  package var takesAnyURL = false
  /// Of a shadow that has another one.
  package var shadowProvider: Provider?
}

enum BootChecks {
  /// The sources and the TLS identity; throws the problems of both. Blocks on the TLS files.
  static func all(
    _ configuration: Configuration
  ) throws(ReceiverError) -> ([SourcePlan], TLSIdentity?) {
    var problems: [String] = []
    var plans: [SourcePlan] = []
    var identity: TLSIdentity?
    do throws(ReceiverError) { plans = try self.plans(configuration) } catch {
      problems += error.problems
    }
    do throws(ReceiverError) {
      if let settings = configuration.receiver.edge.tls {
        identity = try TLSIdentity.load(settings)
      }
    } catch {
      problems += error.problems
    }
    guard problems.isEmpty else { throw ReceiverError(problems: problems) }
    return (plans, identity)
  }

  /// Resolves the sources and checks the whole; throws all problems at once. Dials nobody.
  static func plans(_ configuration: Configuration) throws(ReceiverError) -> [SourcePlan] {
    var problems = deadlines(configuration)
    var plans: [SourcePlan] = []
    if configuration.sources.isEmpty {
      problems.append("sources: none is configured, so there is nothing to receive: add one")
    }
    for source in configuration.sources.values.sorted(by: { $0.name < $1.name }) {
      do throws(SchemeError) {
        var plan = SourcePlan(
          settings: source, provider: try provider(source, configuration),
          takesAnyURL: !configuration.receiver.edge.trustedProxies.isEmpty)
        plan.shadowProvider = try shadowProvider(source, configuration)
        try SourceProof.check(plan)
        plans.append(plan)
        problems += budget(plan, configuration.receiver)
      } catch {
        problems.append("sources.\(source.name): \(error)")
      }
    }
    guard problems.isEmpty else { throw ReceiverError(problems: problems) }
    return plans
  }

  static func provider(
    _ source: SourceSettings, _ configuration: Configuration
  ) throws(SchemeError) -> Provider {
    let event = source.event
    let base: Provider?
    var schemes: [Scheme] = []
    if source.provider == "hmac" {
      guard let signature = source.signature else {
        throw .missingSetting(setting: "signature", neededBy: "provider hmac")
      }
      base = nil
      schemes = [try Scheme(signature)]
    } else {
      base = try Provider.named(source.provider, own: configuration.providers)
    }
    return try Provider.generic(
      name: source.provider, schemes: schemes, base: base, id: event?.id, type: event?.type,
      object: event?.object, recordId: event?.recordId, tenant: event?.tenant, time: event?.time)
  }

  /// Nil where the shadow is of the source's own provider.
  private static func shadowProvider(
    _ source: SourceSettings, _ configuration: Configuration
  ) throws(SchemeError) -> Provider? {
    guard let shadow = source.shadow else { return nil }
    if let signature = shadow.signature {
      return try Provider.generic(name: "hmac", schemes: [try Scheme(signature)])
    }
    guard let name = shadow.provider else { return nil }
    return try Provider.named(name, own: configuration.providers)
  }

  private static func budget(_ plan: SourcePlan, _ receiver: ReceiverSettings) -> [String] {
    guard plan.provider.deadlineMs <= receiver.requestDeadlineMs else { return [] }
    return [
      "receiver.request_deadline_ms is \(receiver.requestDeadlineMs), but \(plan.provider.name)"
        + " (source \(plan.settings.name)) waits only \(plan.provider.deadlineMs): lower it"
    ]
  }

  /// A user's librdkafka properties win over ours, so they are what is checked.
  private static func deadlines(_ configuration: Configuration) -> [String] {
    let receiver = configuration.receiver
    var problems: [String] = []
    func effective(_ ours: Int, _ names: String...) -> Int {
      for name in names {
        guard let text = configuration.kafka.properties[name]?.reveal() else { continue }
        if let value = Int(text) { return value }
        // librdkafka reads more spellings than can be compared here.
        problems.append("kafka.properties: \(name) must be a whole number, as 4000")
      }
      return ours
    }
    let messageMs = effective(
      receiver.messageTimeoutMs, "message.timeout.ms", "delivery.timeout.ms")
    let socketMs = effective(receiver.socketTimeoutMs, "socket.timeout.ms")
    if receiver.requestDeadlineMs < messageMs {
      problems.append(
        "receiver.request_deadline_ms is \(receiver.requestDeadlineMs), below message_timeout_ms"
          + " (\(messageMs)): a 503 could be followed by the event being stored; raise it or lower"
          + " message_timeout_ms")
    }
    if messageMs <= socketMs {
      problems.append(
        "receiver.message_timeout_ms is \(messageMs), not above socket_timeout_ms (\(socketMs)):"
          + " one slow broker would use up the whole time; lower socket_timeout_ms")
    }
    return problems
  }
}
