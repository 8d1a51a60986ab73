// Brings a changed configuration into force, whole or not at all.

import Logging
import NIOCore
import NIOPosix
import Settings
import Telemetry
import UnixSignals

/// Reads, checks and exchanges, one reload after the other.
actor Reloader {
  private var inForce: Configuration
  /// As the files were at the last look; at first as they were when the receiver was made.
  private var seen: FileStamps?
  private let logger: Logger
  private let shards: [NIOLoopBound<Shard>]
  private let group: MultiThreadedEventLoopGroup
  private let table: SourceTable
  private let tls: TLSInForce
  private let metrics: EdgeMetrics

  /// Why a reload is tried.
  enum Cause: String, Sendable {
    case signal = "SIGHUP"
    case change = "changed files"
  }

  init(
    _ receiver: Receiver, _ shards: [NIOLoopBound<Shard>], _ group: MultiThreadedEventLoopGroup,
    _ table: SourceTable, _ tls: TLSInForce, _ metrics: EdgeMetrics
  ) {
    inForce = receiver.configuration
    seen = receiver.seen
    logger = receiver.logger
    self.shards = shards
    self.group = group
    self.table = table
    self.tls = tls
    self.metrics = metrics
    metrics.reloadSuccess.set(Int(SystemClock.wallMs))
    Self.note(receiver.identity, metrics, logger)
  }

  /// Until cancelled. The files are looked at before they are read: a change in between is seen
  /// the next time.
  func follow(_ source: ConfigurationSource, _ hangups: UnixSignalsSequence) async {
    let (causes, sink) = AsyncStream.makeStream(
      of: Cause.self, bufferingPolicy: .bufferingNewest(1))
    let signals = Task {
      for await _ in hangups { sink.yield(.signal) }
    }
    let poll = Task { await self.poll(source, sink) }
    await withTaskCancellationHandler {
      for await cause in causes { await reload(source, cause) }
    } onCancel: {
      sink.finish()
    }
    signals.cancel()
    poll.cancel()
    await poll.value
  }

  private func poll(_ source: ConfigurationSource, _ sink: AsyncStream<Cause>.Continuation) async {
    while !Task.isCancelled {
      let pollMs = inForce.receiver.edge.reloadPollMs
      // At 0 only this setting itself is looked at now and then.
      try? await Task.sleep(for: .milliseconds(pollMs == 0 ? 1000 : pollMs))
      guard pollMs > 0, !Task.isCancelled else { continue }
      let now = await stamps(source)
      if now != seen { sink.yield(.change) }
      seen = now
    }
  }

  private func stamps(_ source: ConfigurationSource) async -> FileStamps {
    let files = source.files(inForce)
    return await ReceiverRun.offLoop { FileStamps(files) }
  }

  private func reload(_ source: ConfigurationSource, _ cause: Cause) async {
    do throws(ReceiverError) {
      let read = await ReceiverRun.offLoop { source.load() }
      let new: Configuration
      do { new = try read.get() } catch {
        throw ReceiverError(problems: error.problems.map { "\($0)" })
      }
      let (effective, fixed) = RestartSettings.keep(inForce, in: new, spooling: table.spooling)
      let (plans, identity) = try await ReceiverRun.offLoop {
        Result { () throws(ReceiverError) in try BootChecks.all(effective) }
      }.get()
      try await exchange(effective, plans, identity)
      inForce = effective
      for name in fixed {
        logger.write(
          .warning, "a changed setting needs a restart; the old value stays", [.setting: name])
      }
      metrics.reloadSuccess.set(Int(SystemClock.wallMs))
      Self.note(identity, metrics, logger)
      logger.write(.info, "configuration reloaded", [.reason: cause.rawValue])
      // Last of all, here and below: who sees the count finds the rest done.
      metrics.reloads[.applied].add()
    } catch {
      for problem in error.problems {
        logger.write(.error, "reload refused, the old configuration stays", [.error: problem])
      }
      metrics.reloads[.refused].add()
    }
  }

  /// First every loop makes its own sources, then every loop takes them: a source that cannot be
  /// made leaves all as it was.
  private func exchange(
    _ configuration: Configuration, _ plans: [SourcePlan], _ identity: TLSIdentity?
  ) async throws(ReceiverError) {
    let table = table
    var tables: [NIOLoopBound<[String: SourceGuard]>] = []
    for loop in group.makeIterator() {
      do {
        tables.append(
          try await loop.submit {
            NIOLoopBound(try table.make(plans), eventLoop: loop)
          }.get())
      } catch {
        throw error as? ReceiverError ?? ReceiverError(problems: ["\(error)"])
      }
    }
    tls.adopt(identity)
    let settings = configuration.receiver
    for (loop, (shard, sources)) in zip(group.makeIterator(), zip(shards, tables)) {
      // Only fails when the loop has ended, and the receiver with it.
      try? await loop.submit { shard.value.adopt(settings, sources.value) }.get()
    }
  }

  private static func note(_ identity: TLSIdentity?, _ metrics: EdgeMetrics, _ logger: Logger) {
    metrics.certificateExpiry.set(Int(identity?.expiresAtMs ?? 0))
    if let identity, identity.expiresAtMs <= SystemClock.wallMs {
      logger.write(
        .warning, "the certificate has expired: replace the file",
        [.setting: "receiver.tls.certificate"])
    }
  }
}
