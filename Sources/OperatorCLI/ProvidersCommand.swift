// The providers that are built in, and what they are made of.
import ArgumentParser
import Settings

struct ProvidersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "providers",
    abstract: "List the built-in providers, or print one's definition.",
    discussion: """
      A definition can be copied to providers.NAME in hookferry.yaml, under a name of your own, \
      and changed there.
      """)

  @OptionGroup var output: OutputOption

  @Argument(help: "A built-in provider.")
  var name: String?

  func run() throws {
    if let name { return try show(name) }
    let summaries = try ProviderSummary.all()
    if output.json { return Loaded.printJSON(summaries) }
    var table = TextTable("PROVIDER", "SCHEMES", "EVENTS", "DEADLINE", "HANDSHAKE")
    for summary in summaries {
      table.add(
        summary.name, summary.schemes.joined(separator: " "), summary.events,
        "\(summary.deadline_ms) ms", summary.has_handshake ? "yes" : "-")
    }
    for line in table.lines { Terminal.current.line(line) }
  }

  private func show(_ name: String) throws {
    guard let text = ProviderSettings.builtInText(name) else {
      throw CommandError(
        "no built-in provider is named \(name)",
        remedy: "known are \(ProviderSettings.builtInNames.joined(separator: ", "))")
    }
    if output.json { return Loaded.printJSON(ProviderSummary(try settings(name))) }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    Terminal.current.line("providers:\n  my-\(name):")
    for line in lines.dropLast(text.hasSuffix("\n") ? 1 : 0) {
      Terminal.current.line(line.isEmpty ? "" : "    " + line)
    }
  }

  private func settings(_ name: String) throws -> ProviderSettings {
    guard let settings = try ProviderSettings.builtIn(name) else {
      throw CommandError("no built-in provider is named \(name)", remedy: "leave the name out")
    }
    return settings
  }
}
