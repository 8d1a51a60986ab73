// Why was this request refused, and what would have been taken?
import ArgumentParser
import Glibc
import Model
import Providers
import ReceiverService
import Settings
import Signatures

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Find out why something does not work.",
    subcommands: [Request.self])

  struct Request: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Judge a captured request, and say what would have matched.",
      discussion: """
        The file holds the request as it went over the wire (POST /path HTTP/1.1, headers, an empty
        line, the body's exact bytes), or JSON with method, url, headers and body or body_base64.
        With --source it is judged by that source's settings; without, every built-in provider is
        tried with the given --secret. Secrets are never shown. Exits 0 when the request would be
        taken, 1 when not.
        """)

    @OptionGroup var file: ConfigOption
    @OptionGroup var output: OutputOption

    @Argument(help: "The file, or - for standard input.")
    var path: String

    @Option(help: "The source that refused it.")
    var source: String?

    @Option(help: "A secret to try, as env:NAME or file:PATH; may be repeated.")
    var secret: [String] = []

    @Option(help: "The URL as registered with the provider, where no source says it.")
    var url: String?

    @Option(help: "When it arrived: an RFC 3339 time, or how long ago: 90s, 30m, 6h, 2d.")
    var at: String?

    func run() async throws {
      let request = try CapturedRequest.parse(try read())
      var nowMs = TimeArgument.nowMs
      if let at {
        guard let ms = TimeArgument.ms(at, nowMs: nowMs) else {
          throw ValidationError("--at: write 2026-01-31T12:00:00Z, or 90s, 30m, 6h, 2d")
        }
        nowMs = ms
      }
      let report =
        try source.map { try examine(request, source: $0, nowMs: nowMs) }
        ?? tryEverything(request, nowMs: nowMs)
      if output.json { Loaded.printJSON(report) } else { report.show() }
      if !report.isTaken { throw ExitCode.failure }
    }

    private func read() throws -> [UInt8] {
      let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw CommandError(
          "cannot read \(path): \(String(cString: strerror(errno)))", remedy: "name a file, or -")
      }
      defer { if descriptor != 0 { close(descriptor) } }
      var bytes: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 65_536)
      while bytes.count <= CapturedRequest.bytesMax {
        let count = Glibc.read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return bytes }
        bytes += chunk[..<count]
      }
      throw CommandError(
        "\(path) is longer than \(CapturedRequest.bytesMax) bytes", remedy: "name a smaller one")
    }

    private func examine(
      _ request: Diagnosis.Request, source name: String, nowMs: Int64
    ) throws -> DoctorReport {
      let configuration = try Loaded.configuration(file.config, scope: .receiver)
      guard let settings = configuration.sources[name] else {
        let known = configuration.sources.keys.sorted().joined(separator: ", ")
        throw CommandError("no source is named \(name)", remedy: "known are: \(known)")
      }
      do throws(SchemeError) {
        let examination = try SourceExamination(settings, configuration)
        let ruling = examination.ruling(request, nowMs: nowMs)
        return DoctorReport(
          "source \(name), provider \(settings.provider)", ruling,
          DoctorReport.needsFindings(ruling)
            ? Diagnosis.findings(request, examination.suspects, nowMs: nowMs) : [])
      } catch {
        Terminal.complain("sources.\(name): \(error)")
        throw Loaded.configurationExitCode
      }
    }

    private func tryEverything(
      _ request: Diagnosis.Request, nowMs: Int64
    ) throws -> DoctorReport {
      var secrets: [String] = []
      for text in secret {
        guard let value = Secret.at(text) else {
          throw ValidationError(
            "--secret \(text): write env:NAME or file:PATH of a secret that is there")
        }
        secrets.append(value.reveal())
      }
      guard !secrets.isEmpty else {
        throw ValidationError("name the --source that refused it, or give a --secret to try")
      }
      var seen: Set<String> = []
      var suspects: [Diagnosis.Suspect] = []
      for name in ProviderSettings.builtInNames {
        let schemes = (try? Provider.named(name))?.schemes ?? []
        for scheme in schemes where seen.insert(scheme.name).inserted {
          suspects.append(Diagnosis.Suspect(scheme, secrets: secrets, publicURL: url))
        }
      }
      return DoctorReport(
        "\(suspects.count) schemes of the built-in providers", nil,
        Diagnosis.findings(request, suspects, nowMs: nowMs))
    }
  }
}
