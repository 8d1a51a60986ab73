// The vocabulary of providers: every word that a provider's definition may use.

extension Catalogue {
  static let provider: [Entry<ProviderSettings>] = [
    .integer(
      "deadline_ms", \.deadlineMs, default: 10_000, 100...300_000, .milliseconds,
      "How long the provider waits for an answer."),
    .integer(
      "success_status", \.successStatus, default: 200, 200...299, .none,
      "The status of a request whose events are stored."),
    .integer(
      "events_max", \.eventsMax, default: 1000, 1...100_000, .count,
      "A body with more events is kept whole, as one event without a key."),
    .named(
      "schemes", "SCHEME", blank: .blank, nameIn: \.name,
      "Ways of proving where a request comes from, tried in this order; one must hold. The name "
        + "stands in `ce_verifiedby`.", scheme,
      store: { $0.schemes = $1 }, list: { $0.schemes }),
    .named(
      "handshakes", "HANDSHAKE", blank: .blank, nameIn: \.name,
      "Requests that are answered and are no events: the provider asks whether the address is "
        + "ours.", handshake, store: { $0.handshakes = $1 }, list: { $0.handshakes }),
    .section("answer", \.answer, "What the provider wants to read.", providerAnswer),
    .texts(
      "methods", \.methods, .method,
      "The HTTP methods that events come with; without it POST alone."),
    .section(
      "event", \.event, "Where events lie in a body, and what identifies them.", providerEvent),
    .named(
      "samples", "SAMPLE", blank: .blank, nameIn: \.name,
      "Requests that `hookferry send` makes. In their texts `{n}` is a number that rises, `{id}` a "
        + "record's number, `{uuid}` a UUID, `{now}` `{now_ms}` `{iso}` the time, `{secret}` the "
        + "secret that a body repeats, `{signature}` where a body holds its signature.", sample,
      store: { $0.samples = $1 }, list: { $0.samples }),
  ]
}
