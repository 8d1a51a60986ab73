// From the command line to the running service, and from its end to an exit code.
import Glibc
import Logging
import ServiceLifecycle
import Settings
import Telemetry
import UnixSignals

/// What `hookferry-receiver` does with its arguments.
package enum ReceiverProgram {
  /// What `logLevel` may be.
  package static let logLevels = Logger.Level.allCases.map(\.rawValue)

  /// Runs until SIGTERM or SIGINT. Returns the exit code: 0 after a clean drain, 78 (sysexits.h)
  /// when the configuration is at fault, 1 otherwise.
  package static func run(
    configPath: String, logLevel: String, isPrintingOnly: Bool
  ) async -> Int32 {
    let log = Logger.program(
      label: "hookferry-receiver", level: Logger.Level(rawValue: logLevel) ?? .info)
    let configuration: Configuration
    do {
      configuration = try Configuration.load(path: configPath, scope: .receiver)
    } catch {
      for problem in error.problems { log.error("\(problem)") }
      return 78
    }
    if isPrintingOnly {
      WholeText.write(configuration.printed, to: STDOUT_FILENO)
      return 0
    }
    if !Heap.isMimalloc { log.warning("\(Heap.warning)") }
    let connectionsMax = configuration.receiver.connectionsMax
    if let problem = FileLimit.problem(connectionsMax: connectionsMax, files: FileLimit.raise()) {
      log.error("\(problem)")
      return 78
    }
    let service: Receiver
    do {
      service = try Receiver(
        configuration, logger: log, changes: .file(configPath))
    } catch {
      for problem in error.problems { log.error("\(problem)") }
      return 78
    }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: log))
    do {
      try await group.run()
      return 0
    } catch {
      log.critical("stopped: \(error)")
      return 1
    }
  }
}
