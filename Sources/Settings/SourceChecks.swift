// What a source must say, given its provider's schemes.

enum SourceChecks {
  static func run(
    _ source: SourceSettings, _ configuration: Configuration, _ reader: inout SettingReader
  ) {
    let own = configuration.providers
    let takesAnyURL = !configuration.receiver.edge.trustedProxies.isEmpty
    let path = SettingPath(["sources", source.name])
    let known = ProviderSettings.builtInNames + own.keys + ["hmac"]
    CrossChecks.named(source.provider, "provider", known, path + "provider", &reader)
    guard !reader.hasFailed(path + "provider") else { return }
    signature(source, path, &reader)
    guard !reader.hasFailed(path + "signature"),
      let provided = schemes(source, own: own), !reader.hasFailed(path + "schemes")
    else { return }
    let chosen = choose(source, provided, path, &reader)
    for scheme in chosen { check(scheme, of: source, takesAnyURL: takesAnyURL, path, &reader) }
  }

  private static func signature(
    _ source: SourceSettings, _ path: SettingPath, _ reader: inout SettingReader
  ) {
    let signature = path + "signature"
    switch (source.provider, source.signature) {
    case ("hmac", nil) where !reader.hasFailed(signature):
      reader.report(signature, "is missing: provider hmac needs to be told the scheme")
    case ("hmac", let scheme?): check(scheme, signature, &reader)
    case (_, .some):
      reader.report(signature, "is only for provider hmac; \(source.provider) has its own")
    default: break
    }
  }

  /// Nil when the provider's own text is at fault, which the programs' start reports.
  private static func schemes(
    _ source: SourceSettings, own: [String: ProviderSettings]
  ) -> [SchemeSettings]? {
    if source.provider == "hmac" { return source.signature.map { [$0] } ?? [] }
    if let provider = own[source.provider] { return provider.schemes }
    return (try? ProviderSettings.builtIn(source.provider))??.schemes
  }

  private static func choose(
    _ source: SourceSettings, _ schemes: [SchemeSettings], _ path: SettingPath,
    _ reader: inout SettingReader
  ) -> [SchemeSettings] {
    for name in source.schemes {
      CrossChecks.named(name, "scheme", schemes.map(\.name), path + "schemes", &reader)
    }
    return source.schemes.isEmpty
      ? schemes.filter { !$0.isOptional } : schemes.filter { source.schemes.contains($0.name) }
  }

  /// What the scheme needs of the source.
  private static func check(
    _ scheme: SchemeSettings, of source: SourceSettings, takesAnyURL: Bool, _ path: SettingPath,
    _ reader: inout SettingReader
  ) {
    func isUnreported(_ name: String) -> Bool { !reader.hasFailed(within: path + name) }
    let parts = TextRule.templateParts(in: scheme.signed) ?? []
    let needsSecret =
      scheme.algorithm == "certificate" ? parts.contains("secret") : scheme.algorithm != "none"
    if needsSecret, source.secrets.isEmpty, isUnreported("secrets") {
      reader.report(
        path + "secrets", "needs at least one secret: env:NAME, file:PATH or text:VALUE")
    }
    if parts.contains("url"), source.publicURL == nil, !takesAnyURL, isUnreported("public_url") {
      reader.report(
        path + "public_url",
        source.provider == "hmac"
          ? "is missing: {url} is part of what is signed"
          : "is missing: provider \(source.provider) signs the URL as registered with it")
    }
    if let place = scheme.allowedBy, source.allowed.isEmpty, isUnreported("allowed") {
      reader.report(
        path + "allowed",
        "is missing: anybody can get a signature of \(scheme.name); say which \(place) may send")
    }
  }

  /// Of a scheme spelled out by the user.
  private static func check(
    _ scheme: SchemeSettings, _ path: SettingPath, _ reader: inout SettingReader
  ) {
    guard !reader.hasFailed(path + "signed"), !reader.hasFailed(path + "timestamp") else { return }
    let parts = TextRule.templateParts(in: scheme.signed) ?? []
    let isSigned = !["secret", "none"].contains(scheme.algorithm)
    if isSigned, !TextRule.templateCoversBody(scheme.signed), scheme.bodyHash == nil {
      reader.report(path + "signed", "must contain {body}: else any body would be accepted")
    }
    if scheme.header.isEmpty, scheme.at == nil, scheme.algorithm != "none",
      !reader.hasFailed(path + "header")
    {
      reader.report(path + "header", "is missing and has no default")
    }
    if scheme.timestamp == nil {
      if parts.contains("timestamp") {
        reader.report(path + "timestamp", "is missing: {timestamp} is part of what is signed")
      } else if scheme.toleranceS != nil {
        reader.report(path + "tolerance_s", "needs timestamp, which tells the time")
      }
    } else if !parts.contains("timestamp"), scheme.timestamp?.hasPrefix("json:") != true {
      reader.report(
        path + "timestamp",
        "is not signed: put {timestamp} into signed, or anybody could refresh an old request")
    }
  }
}
