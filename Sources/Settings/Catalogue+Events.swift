// The words about events that a provider's definition may use.

extension Catalogue {
  static let providerEvent: [Entry<ProviderEventSettings>] =
    [
      .texts(
        "split", \.split, .splitPath,
        "Paths to the events, `*` for each element of an array, e.g. `/entry/*/changes/*`; "
          + "`xml:/` and element names for XML. Without one a body is one event."),
      .texts(
        "repeat", \.repeats, .pointer,
        "Arrays in an event, e.g. `/ids`: there is one event for each value of the first that is "
          + "there, all with the same bytes."),
      .optionalText(
        "form_json", \.formJSON, .any, "The form field that is JSON, where a body is a form."),
    ] + identity + [
      .textMap("aliases", \.aliases, "Other names, for `| alias`."),
      .texts(
        "headers", \.headers, .carriedHeader,
        "Request headers that become record headers, under their names in lower case."),
      .texts(
        "redact", \.redact, .any,
        "Names of members, elements or form fields that are secrets: their values are replaced by "
          + "as many `*`."),
    ]

  private static let identity: [Entry<ProviderEventSettings>] = [
    .texts(
      "id", \.id, .locator,
      "The dedup key: these values joined by commas. Where one of them is missing: a hash of the "
        + "event."),
    .texts(
      "optional_id", \.optionalId, .locator, "Joined too, but only where the event has them."),
    .optionalText("type", \.type, .locator, "The event's type."),
    .optionalText("object", \.object, .locator, "The record's type."),
    .optionalText("record_id", \.recordId, .locator, "The record's id."),
    .optionalText("tenant", \.tenant, .locator, "The account."),
    .optionalText("time", \.time, .locator, "When it happened, in any of the usual forms."),
    .optionalText(
      "record_version", \.recordVersion, .locator,
      "The record's version: a number or a time, but the same for all events of a record."),
  ]

  static let sample: [Entry<SampleSettings>] = [
    .text(
      "content_type", \.contentType, default: "application/json", .any, "Its Content-Type."),
    .textMap("headers", \.headers, "The provider's other headers, but for the signature's."),
    .text("query", \.query, default: "", .any, "What stands behind the URL's question mark."),
    .text("body", \.body, default: "", .any, "The body."),
  ]
}
