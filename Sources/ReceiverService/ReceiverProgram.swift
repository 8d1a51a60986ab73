// The receiver as a process of its own: file, logger, signals.

import Logging
import ServiceLifecycle
import Settings
import Telemetry
import UnixSignals

/// What the executable does behind its command line.
package enum ReceiverProgram {
  /// Serves until SIGTERM or SIGINT; with `checkOnly` returns when the configuration is found good.
  /// Throws what is wrong, in words for a person.
  package static func run(configurationPath: String, checkOnly: Bool) async throws {
    let configuration = try Configuration.load(path: configurationPath, scope: .receiver)
    let logger = Logger.program(label: "hookferry-receiver")
    let receiver = try Receiver(configuration, logger: logger)
    if checkOnly { return }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          ServiceGroupConfiguration.ServiceConfiguration(
            service: receiver, successTerminationBehavior: .gracefullyShutdownGroup)
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    try await group.run()
  }
}
