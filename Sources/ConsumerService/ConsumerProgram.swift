// From the command line to the running service, and from its end to an exit code.
import Glibc
import Kafka
import Logging
import ServiceLifecycle
import Settings
import Telemetry
import UnixSignals

/// What `hookferry-consumer` does with its arguments.
package enum ConsumerProgram {
  /// What `logLevel` may be.
  package static let logLevels = Logger.Level.allCases.map(\.rawValue)

  /// Runs until SIGTERM or SIGINT. Returns the exit code: 0 after a clean drain, 78 (sysexits.h)
  /// when the configuration is at fault, 1 otherwise.
  package static func run(
    configPath: String, logLevel: String, isPrintingOnly: Bool
  ) async -> Int32 {
    let log = Logger.program(
      label: "hookferry-consumer", level: Logger.Level(rawValue: logLevel) ?? .info)
    let configuration: Configuration
    do {
      configuration = try Configuration.load(path: configPath, scope: .consumer)
    } catch {
      for problem in error.problems { log.error("\(problem)") }
      return 78
    }
    if isPrintingOnly {
      WholeText.write(configuration.printed, to: STDOUT_FILENO)
      return 0
    }
    if !Heap.isMimalloc { log.warning("\(Heap.warning)") }
    let service = ConsumerService(configuration, log: log)
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: log))
    do {
      try await group.run()
      return 0
    } catch let error as ConsumerError {
      log.critical("\(error)")
      return 78
    } catch let error as KafkaError {
      log.critical("stopped: \(error); \(error.remedy)")
      return error.kind == .configuration ? 78 : 1
    } catch {
      log.critical("stopped: \(error)")
      return 1
    }
  }
}
