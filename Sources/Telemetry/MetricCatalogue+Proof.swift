// What the receiver tells of signatures.

extension MetricCatalogue {
  private static let scheme = MetricLabel("scheme", .configured)
  private static let secretIndex = MetricLabel("secret_index", .configured)
  private static let shadowResult = MetricLabel(
    "result", .closed(["match", "mismatch", "only_shadow", "neither"]))

  package static let receiverVerified = Metric<Counter>(
    "hookferry_receiver_verified_total", labels: [source, scheme, secretIndex],
    "Genuine requests, by the scheme that held and the place of the secret in `secrets`, from 0.",
    action: "A rotated secret that no longer counts up can be taken out of the configuration.")
  package static let receiverShadow = Metric<Counter>(
    "hookferry_receiver_shadow_total", labels: [source, shadowResult],
    "What `sources.NAME.shadow` would have said: match and mismatch of requests that were taken, "
      + "only_shadow and neither of refused ones.",
    action: "match alone moves: the shadow may take over. mismatch: it would refuse good requests.")

  static let receiverProof: [MetricDeclaration] = [
    receiverVerified.declaration, receiverShadow.declaration,
  ]
}
