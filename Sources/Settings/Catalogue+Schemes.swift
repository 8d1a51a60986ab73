// The vocabulary of signatures and handshakes: of the built-in providers, of a user's own, and of
// `sources.NAME.signature`.

extension Catalogue {
  static let scheme: [Entry<SchemeSettings>] =
    schemePlace + schemeKey + schemeSigned + schemeChecks + schemeCertificate

  private static let schemePlace: [Entry<SchemeSettings>] = [
    .choice(
      "algorithm", \.algorithm, default: "hmac",
      ["hmac", "digest", "ed25519", "ecdsa", "certificate", "secret", "none"],
      "`digest` is a hash without a key: `signed` must name `{secret}`. `certificate` takes the "
        + "key from a certificate that the request names. `secret`: nothing is signed, the secret "
        + "itself is repeated. `none`: anybody may send."),
    .text(
      "header", \.header, default: "", .header,
      "The header with the signature; for layout `numbered`, what its names begin with."),
    .optionalText(
      "at", \.at, .place,
      "Where signature or secret lies when it is no header's value: `query:NAME`, `form:NAME`, "
        + "`json:/pointer`, `xml:NAME`, `path` (behind `/hooks/NAME/`), `basic`, `bearer`, "
        + "`tls_subject`, or `headers` and `queries`, for which a secret is a JSON object of names "
        + "and values."),
    .optionalText(
      "items", \.items, .any,
      "A JSON pointer to an array: every element of it must prove itself, and `json:` leads into "
        + "the element."),
    .choice(
      "layout", \.layout, default: "whole", ["whole", "pairs", "list", "numbered"],
      "How signatures lie in the header: one; `t=1,v1=aa`; `v1,aa v1,bb`; one a header."),
    .text("separator", \.separator, default: ",", .any, "Between pairs, or a list's items."),
    .text(
      "tag", \.tag, default: "", .any,
      "The key of the pairs, or what the items begin with, that are signatures."),
    .text(
      "prefix", \.prefix, default: "", .any, "Stands before a signature, e.g. `sha256=`."),
  ]

  private static let schemeKey: [Entry<SchemeSettings>] = [
    .choice("hash", \.hash, default: "sha256", ["sha1", "sha256", "sha512"], "The hash."),
    .optionalText(
      "hash_by", \.hashBy, .place, "Where the request says which of `hashes` was used."),
    .textMap("hashes", \.hashes, "The words for hashes there; any other word is refused."),
    .choice(
      "encoding", \.encoding, default: "hex", ["hex", "base64"], "How a signature is written."),
    .choice(
      "key", \.key, default: "text", ["text", "html", "hex", "base64"],
      "How a secret becomes the key; `html` undoes the escapes of HTML."),
    .text(
      "key_prefix", \.keyPrefix, default: "", .any, "Taken off a secret that is base64."),
    .choice(
      "compare", \.compare, default: "exact", ["exact", "salesforce_id"],
      "How a repeated secret is compared; `salesforce_id` takes 15 characters for 18."),
  ]

  private static let schemeSigned: [Entry<SchemeSettings>] = [
    .text(
      "signed", \.signed, default: "{body}", .signedTemplate,
      "What is signed. Parts: `{method} {url} {path} {query} {timestamp} {id} {body} {secret} "
        + "{header:NAME} {json:/pointer} {form}` (sorted fields) `{crc32}` `{lines:A,B}` (members "
        + "with their names)."),
    .optionalText(
      "timestamp", \.timestamp, .any,
      "The time of signing: `header:NAME`, `pair:KEY` of the signature's header, "
        + "`json:/pointer`."),
    .choice(
      "timestamp_unit", \.timestampUnit, default: "s", ["s", "ms", "datetime", "any"],
      "The unit of that time; `any` is never read, only signed."),
    .optionalInteger(
      "tolerance_s", \.toleranceS, 1...86_400, .seconds,
      "How old the time of signing may be; without it any age is accepted."),
    .choice(
      "tolerance_sides", \.toleranceSides, default: "both", ["both", "past"],
      "Whether times from the future are held against the tolerance too."),
    .optionalText("id_header", \.idHeader, .header, "The header that `{id}` stands for."),
    .text(
      "id_forbids", \.idForbids, default: "", .any, "Characters that an id must not have."),
    .text(
      "url_unescapes", \.urlUnescapes, default: "", .any,
      "Characters whose percent escapes are undone in `{url}` before it is signed."),
    .flag(
      "url_port_loose", \.urlPortLoose, default: false,
      "Whether `{url}` counts without its port, and with the standard one, too."),
  ]

  private static let schemeChecks: [Entry<SchemeSettings>] = [
    .texts(
      "required_headers", \.requiredHeaders, .header,
      "Headers without which a request is refused."),
    .flag(
      "refuses_empty_body", \.refusesEmptyBody, default: false,
      "Whether a signed request without a body is refused."),
    .optionalText(
      "body_hash", \.bodyHash, .place, "Where the SHA-256 of the body must stand, in hex."),
    .texts(
      "when", \.when, .condition,
      "The scheme is for requests that have all of these: `PLACE`, `PLACE=VALUE` or "
        + "`PLACE~=PART`."),
    .texts("unless", \.unless, .condition, "And for those that have none of these."),
    .optionalText(
      "allowed_by", \.allowedBy, .place,
      "The value there must be one of the source's `allowed`: for signatures that anybody can "
        + "get, such as those of Amazon SNS."),
    .flag(
      "optional", \.isOptional, default: false,
      "Whether it is in use only where a source names it under `schemes`."),
  ]

  private static let schemeCertificate: [Entry<SchemeSettings>] = [
    .optionalText(
      "certificate_url", \.certificateURL, .place,
      "Where the request says its certificate's URL. It is fetched over https, without "
        + "redirects, and only where `certificate_hosts` and `certificate_path` allow it."),
    .texts(
      "certificate_hosts", \.certificateHosts, .any,
      "`*` is one label, `{region}` a region of AWS."),
    .text(
      "certificate_path", \.certificatePath, default: "", .any, "`*` stands for any text, once."),
    .texts(
      "certificate_names", \.certificateNames, .any,
      "What the certificate's common name must be; `*.example.com` for any below."),
  ]

  static let handshake: [Entry<HandshakeSettings>] = [
    .text("method", \.method, default: "POST", .method, "The HTTP method."),
    .texts(
      "when", \.when, .condition,
      "What the request must have: `PLACE`, `PLACE=VALUE` or `PLACE~=PART`."),
    .texts("unless", \.unless, .condition, "And what it must not have."),
    .flag(
      "unsigned", \.isUnsigned, default: false,
      "Whether it is answered without a scheme having held."),
    .optionalText(
      "secret_at", \.secretAt, .place,
      "Where it repeats the source's `handshake_secret`; 403 if it does not."),
    .optionalText(
      "echo", \.echo, .place,
      "The answer is the text there, as text/plain and up to 4096 bytes."),
    .optionalText("visit", \.visit, .place, "A URL that is fetched to say yes."),
    .texts(
      "visit_hosts", \.visitHosts, .any, "Its hosts, as in `certificate_hosts`."),
    .integer("status", \.status, default: 200, 200...299, .none, "The answer's status."),
  ]

  static let providerAnswer: [Entry<ProviderAnswerSettings>] = [
    .text("body", \.body, default: "", .any, "The body of the answer when all is stored."),
    .text(
      "content_type", \.contentType, default: "text/plain; charset=utf-8", .any, "Its type."),
    .flag(
      "empty_refusals", \.emptyRefusals, default: false,
      "Whether refusals have no body either."),
  ]

  static let sourceProof: [Entry<SourceSettings>] = [
    .optionalSection(
      "signature", \.signature, blank: SchemeSettings.named("hmac"),
      "A scheme spelled out, for provider `hmac`.", scheme),
    .texts(
      "schemes", \.schemes, .any,
      "Which of the provider's schemes are in use; without it all that are not optional."),
    .optionalInteger(
      "tolerance_s", \.toleranceS, 1...86_400, .seconds,
      "How old the time of signing may be, in place of the scheme's own measure."),
    .texts(
      "allowed", \.allowed, .any,
      "Who may send, where a signature alone does not say so: the topic ARNs of Amazon SNS."),
    .optionalSecret(
      "handshake_secret", \.handshakeSecret, neededBy: .receiver,
      "The word of recognition in a handshake: Meta's verify token."),
    .optionalSection(
      "shadow", \.shadow, blank: .blank,
      "Verified beside the rest and only counted: a new scheme or secret on trial.", shadow),
  ]

  static let shadow: [Entry<ShadowSettings>] = [
    .optionalText(
      "provider", \.provider, .any, "Another provider's schemes; without it the source's own."),
    .texts("schemes", \.schemes, .any, "Which of them; without it all that are not optional."),
    .optionalSection(
      "signature", \.signature, blank: SchemeSettings.named("hmac"),
      "A scheme spelled out, for provider `hmac`.", scheme),
    .secrets(
      "secrets", \.secrets, neededBy: .receiver, "The secrets on trial; without it the source's."),
    .optionalText(
      "public_url", \.publicURL, .url, "The URL on trial; without it the source's."),
  ]
}
