// The pretend CRM as a program of its own: for compose, and for trying things out.
import ArgumentParser
import Sandbox

struct SandboxCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sandbox",
    abstract: "Run the pretend CRM until interrupted.",
    discussion: """
      GET /crm/v3/objects/{type}/{id} and POST …/batch/read answer as HubSpot does. PUT and DELETE \
      /sandbox/objects/{type}/{id} change records; each change sends a signed webhook when \
      --webhook-url is given. GET /sandbox/objects, /sandbox/stats, POST /sandbox/faults. The \
      control paths know no password: keep the port private.
      """)

  @Option(help: "The address to listen on.")
  var listen = "127.0.0.1"

  @Option(help: "The port; 0 for any free one. The first line printed is the address.")
  var port = 8090

  @Option(help: "The bearer token that the API asks for.")
  var token = "sandbox-token"

  @Option(help: "Where webhooks are sent, e.g. http://localhost:8080/hooks/crm.")
  var webhookUrl: String?

  @Option(help: "The URL that is signed, where it is another one.")
  var publicUrl: String?

  @Option(help: "The secret that webhooks are signed with.")
  var secret = "sandbox-client-secret"

  @Option(help: "Make so many changes on so many records, then go on serving.")
  var changes = 0

  @Option(help: "Records that --changes changes.")
  var records = 100

  @Option(help: "Changes a second.")
  var rate = 50

  @Option(help: "Repeats the same changes.")
  var seed: UInt64 = 1

  func validate() throws {
    guard (0...65_535).contains(port) else { throw ValidationError("--port 0-65535") }
    guard (0...10_000_000).contains(changes) else { throw ValidationError("--changes 0-10000000") }
    guard (1...1_000_000).contains(records) else { throw ValidationError("--records 1-1000000") }
    guard (1...100_000).contains(rate) else { throw ValidationError("--rate 1-100000") }
    guard !secret.isEmpty else { throw ValidationError("--secret is empty") }
  }

  func run() async throws {
    var options = SandboxOptions()
    options.listenAddress = listen
    options.port = port
    options.token = token
    if let webhookUrl {
      options.webhooks = WebhookOptions(
        url: webhookUrl, publicURL: publicUrl, sign: try HubSpotSigning.make(secret))
    }
    let server = try SandboxServer(options)
    let bound = try await server.start()
    Terminal.current.line("http://\(listen):\(bound)")
    var script = ChangeScript.Options()
    script.seed = seed
    script.recordCount = records
    script.changeCount = changes
    script.poisonCount = 0
    let perSecond = Double(rate)
    let work = Task { [script, changes] in
      if changes > 0 { await server.run(ChangeScript(script), perSecond: perSecond) }
    }
    await Interrupt.wait()
    work.cancel()
    await server.stop()
  }
}
