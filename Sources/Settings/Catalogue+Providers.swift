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
    .section(
      "event", \.event, "Where events lie in a body, and what identifies them.", providerEvent),
    .named(
      "samples", "SAMPLE", blank: .blank, nameIn: \.name,
      "Requests that `hookferry send` makes. In their texts `{n}` is a number that rises, `{id}` a "
        + "record's number, `{uuid}` a UUID, `{now}` `{now_ms}` `{iso}` the time.", sample,
      store: { $0.samples = $1 }, list: { $0.samples }),
  ]

  static let scheme: [Entry<SchemeSettings>] = [
    .text(
      "header", \.header, .header,
      "The header with the signature; for layout `numbered`, what its names begin with."),
    .choice(
      "layout", \.layout, default: "whole", ["whole", "pairs", "list", "numbered"],
      "How signatures lie in the header: one; `t=1,v1=aa`; `v1,aa v1,bb`; one a header."),
    .text("separator", \.separator, default: ",", .any, "Between pairs, or a list's items."),
    .text(
      "tag", \.tag, default: "", .any,
      "The key of the pairs, or what the items begin with, that are signatures."),
    .text(
      "prefix", \.prefix, default: "", .any, "Stands before a signature, e.g. `sha256=`."),
    .choice(
      "algorithm", \.algorithm, default: "hmac", ["hmac", "digest"],
      "`digest` is a hash without a key: `signed` must name `{secret}`."),
    .choice("hash", \.hash, default: "sha256", ["sha1", "sha256", "sha512"], "The hash."),
    .choice(
      "encoding", \.encoding, default: "hex", ["hex", "base64"], "How a signature is written."),
    .choice(
      "key", \.key, default: "text", ["text", "hex", "base64"], "How a secret becomes the key."),
    .text(
      "key_prefix", \.keyPrefix, default: "", .any, "Taken off a secret that is base64."),
    .text(
      "signed", \.signed, default: "{body}", .any,
      "What is signed. Parts: `{method} {url} {path} {query} {timestamp} {id} {body} {secret} "
        + "{header:NAME}`."),
    .optionalText(
      "timestamp", \.timestamp, .any,
      "The time of signing: `header:NAME`, or `pair:KEY` of the signature's header."),
    .choice(
      "timestamp_unit", \.timestampUnit, default: "s", ["s", "ms"], "The unit of that time."),
    .optionalInteger(
      "tolerance_s", \.toleranceS, 1...86_400, .seconds,
      "How old the time of signing may be; without it any age is accepted."),
    .choice(
      "tolerance_sides", \.toleranceSides, default: "both", ["both", "past"],
      "Whether times from the future are held against the tolerance too."),
    .optionalText("id_header", \.idHeader, .header, "The header that `{id}` stands for."),
    .text(
      "id_forbids", \.idForbids, default: "", .any, "Characters that an id must not have."),
    .texts(
      "required_headers", \.requiredHeaders, .header,
      "Headers without which a request is refused."),
    .flag(
      "refuses_empty_body", \.refusesEmptyBody, default: false,
      "Whether a signed request without a body is refused."),
    .text(
      "url_unescapes", \.urlUnescapes, default: "", .any,
      "Characters whose percent escapes are undone in `{url}` before it is signed."),
  ]
}
