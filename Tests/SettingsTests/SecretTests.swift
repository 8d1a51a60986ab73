// Secrets are found, or the program does not start; and they are never shown.

import Foundation
import Testing

@testable import Settings

@Suite struct SecretTests {
  private func source(_ secret: String) -> String {
    Samples.minimal(source: "  two:\n    provider: standard-webhooks\n    secrets: [\"\(secret)\"]")
  }

  private func temporaryFile(_ text: String) throws -> String {
    let url = FileManager.default.temporaryDirectory.appending(path: "hookferry-\(UUID())")
    try Data(text.utf8).write(to: url)
    return url.path()
  }

  @Test func aSecretFromAFileLosesItsLastNewlines() throws {
    let path = try temporaryFile(" key with spaces \r\n\n")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let read = try parse(source("file:\(path)"))
    #expect(read.sources["two"]?.secrets.map { $0.reveal() } == [" key with spaces "])
  }

  @Test func missingSecretsRefuseToStart() throws {
    #expect(
      problems(source("env:NOPE")) == [
        "h.yaml:11:15: sources.two.secrets[0]: the variable NOPE is not set: set NOPE or give "
          + "the secret as file:PATH"
      ])
    #expect(problems(source("env:NOPE"), ["NOPE": ""])[0].contains("NOPE is empty: set NOPE"))
    #expect(
      problems(source("file:/nowhere/x"))[0].contains(
        "cannot read /nowhere/x: No such file or directory: put the secret there"))
    let path = try temporaryFile("\n")
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(problems(source("file:\(path)"))[0].contains("is empty"))
    #expect(problems(source("text:"))[0].contains("is empty"))
    let none = Samples.minimal(source: "  two:\n    provider: standard-webhooks\n    secrets: []")
    #expect(problems(none)[0].contains("sources.two.secrets: needs at least one"))
  }

  @Test func aPlainSecretIsRefusedWithoutShowingIt() {
    let found = problems(source("hunter2"))
    #expect(found.count == 1)
    #expect(!found[0].contains("hunter2"))
  }

  @Test func onlyTheSecretsOfTheProgramAreLookedUp() throws {
    let consumer = try parse(
      Samples.full, ["HUBSPOT_TOKEN": "t", "KAFKA_PASSWORD": "p"], scope: .consumer)
    #expect(consumer.pipelines[1].fetch?.token?.reveal() == "t")
    let receiver = try parse(
      Samples.full, ["HUBSPOT_CLIENT_SECRET": "s", "KAFKA_PASSWORD": "p"], scope: .receiver)
    #expect(receiver.sources["crm"]?.secrets.first?.reveal() == "s")
    let broker = try parse(Samples.full, ["KAFKA_PASSWORD": "p"], scope: .broker)
    #expect(broker.kafka.properties["sasl.password"]?.reveal() == "p")
    _ = try parse(Samples.full, [:], scope: [])
    #expect(problems(Samples.full, [:], scope: .consumer).count == 2)
  }

  @Test func usingASecretThatWasNotLookedUpStopsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      _ = Secret(unresolved: "env:X").reveal()
    }
  }

  @Test func noDescriptionShowsASecret() throws {
    let read = try parse(Samples.full, Samples.fullEnvironment)
    var dumped = ""
    dump(read, to: &dumped)
    let shown = dumped + "\(read)" + String(reflecting: read) + read.printed
    for secret in ["s3cret", "t0ken", "\"old\"", "\"pw\"", "text:old"] {
      #expect(!shown.contains(secret))
    }
  }

  @Test func thePrintedConfigurationParsesToTheSame() throws {
    let read = try parse(Samples.full, Samples.fullEnvironment)
    let printed = read.printed
    #expect(printed.contains("secrets: [\"env:HUBSPOT_CLIENT_SECRET\", \"<redacted>\"]"))
    #expect(printed.contains("sasl.password: \"env:KAFKA_PASSWORD\""))
    #expect(printed.contains("security.protocol: \"<redacted>\""))
    let again = try parse(
      printed.replacing("<redacted>", with: "text:x"), Samples.fullEnvironment)
    #expect(
      again.printed.replacing("\"<redacted>\"", with: "")
        == printed.replacing("\"<redacted>\"", with: ""))
    #expect(again.receiver.bodyBytesMax == 2048)
    #expect(again.sources["shop"]?.signature?.toleranceS == 300)
  }

  @Test func oddTextsSurvivePrinting() throws {
    let odd = "a \"b\" \\ # : é\t{}\n\u{1}"
    let scheme = "provider: hmac\n    secrets: text:a\n    signature: {header: X}"
    var read = try parse(Samples.minimal(source: "  plain:\n    \(scheme)"))
    #expect(read.sources["plain"]?.signature?.prefix == "")
    read.sources["crm"]?.tenant = odd
    let again = try parse(read.printed.replacing("<redacted>", with: "text:x"))
    #expect(again.sources["crm"]?.tenant == odd)
  }
}
