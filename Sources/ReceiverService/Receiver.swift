// The receiver as a service: from SIGTERM-free start to a drained end.

package import Logging
import ServiceLifecycle
package import Settings
package import Signatures
package import Telemetry
import UnixSignals

/// Takes webhooks in and answers when Kafka has them. One value, one run.
package struct Receiver: Service {
  /// The ports in use, also where the configuration said 0.
  package struct Ports: Sendable, Equatable {
    package let webhooks: Int
    package let admin: Int
  }

  /// Makes the publisher; reports go to the closure, from any thread.
  package typealias PublisherFactory =
    @Sendable (@escaping @Sendable ([PublishReport]) -> Void) throws -> any EventPublisher

  /// Reached when both ports listen; fails when the start does.
  package let ports = Milestone<Ports>()
  /// Reached when a broker answered for the first time and requests can be stored.
  package let ready = Milestone<Ports>()

  let configuration: Configuration
  let plans: [SourcePlan]
  let logger: Logger
  let registry: MetricRegistry
  let makePublisher: PublisherFactory?
  /// Fetches what verifying needs; nil: over HTTPS.
  let documents: (any DocumentFetcher)?
  let identity: TLSIdentity?
  let changes: ConfigurationSource?
  /// How the files of `changes` were before any of them was read here.
  let seen: FileStamps?

  /// Checks everything that can be checked without dialing anybody; throws all problems at once.
  /// `publisher` nil: Kafka. `changes` nil: the configuration stays; else SIGHUP and changed files
  /// bring a new one into force.
  package init(
    _ configuration: Configuration, logger: Logger, registry: MetricRegistry = MetricRegistry(),
    publisher: PublisherFactory? = nil, changes: ConfigurationSource? = nil,
    documents: (any DocumentFetcher)? = nil
  ) throws(ReceiverError) {
    // First of all: what changes from now on is found by the first look, however late that comes.
    seen = changes.map { FileStamps($0.files(configuration)) }
    (plans, identity) = try BootChecks.all(configuration)
    self.changes = changes
    self.configuration = configuration
    self.logger = logger
    self.registry = registry
    makePublisher = publisher
    self.documents = documents
  }

  /// Names of the sources whose events go to the disk while Kafka is away.
  var spoolingSources: [String] {
    plans.map(\.settings).filter { $0.spool == "sqlite" }.map(\.name)
  }

  /// Serves until graceful shutdown or cancellation. Throws when the start fails, or when events
  /// were left that Kafka did not take.
  package func run() async throws {
    let run: ReceiverRun
    do {
      run = try await ReceiverRun.start(self)
    } catch {
      ports.reach(.failure(error))
      ready.reach(.failure(error))
      throw error
    }
    let hangups = changes == nil ? nil : await UnixSignalsSequence(trapping: .sighup)
    ports.reach(.success(run.ports))
    logger.write(
      .info, "listening",
      [.address: configuration.receiver.listenAddress, .port: run.ports.webhooks])
    let watch = Task { await run.watchBrokers { ready.reach(.success(run.ports)) } }
    let follow = Task { await run.follow(changes, hangups) }
    // Cancellation means the same as a signal, without the grace.
    try? await gracefulShutdown()
    watch.cancel()
    follow.cancel()
    ready.reach(.failure(CancellationError()))
    let undelivered = await run.stop(grace: !Task.isCancelled)
    await watch.value
    await follow.value
    guard undelivered == 0 else {
      throw ReceiverError(problems: [
        "\(undelivered) events were not delivered; their senders were told so and will come back"
      ])
    }
  }
}
