// Is everything there that the programs need? One line a question, and what to do about a no.
import ArgumentParser
import ConsumerService
import HTTPClient
import Kafka
import Model
import Providers
import Settings
import Stores
import Telemetry

struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check the configuration, the cluster, the topics, the sinks and the API.",
    discussion: "Exits 0 when everything is well, 1 otherwise, 78 when the file is at fault.")

  @OptionGroup var file: ConfigOption

  @Flag(help: "Look at the file and its secrets only; connect to nothing.")
  var offline = false

  func run() async throws {
    let configuration = try Loaded.configuration(file.config, scope: .all)
    var report = CheckReport()
    report.pass("configuration", "\(file.config), every secret is there")
    guard !offline else { return }
    checkKafka(configuration, &report)
    for sink in configuration.sinks.values.sorted(by: { $0.name < $1.name }) {
      checkSink(sink, &report)
    }
    for pipeline in configuration.pipelines {
      guard let fetch = pipeline.fetch else { continue }
      await checkAPI(pipeline.name, fetch, &report)
    }
    if report.hasFailed { throw ExitCode.failure }
  }

  private func checkKafka(_ configuration: Configuration, _ report: inout CheckReport) {
    let kafka = configuration.kafka
    var topics = [kafka.eventsTopic, kafka.deadLettersTopic]
    if configuration.consumer.engine.isParking { topics.append(kafka.retryTopic) }
    do {
      try Loaded.withAdmin(kafka) { admin in
        let brokers = try admin.describeCluster(timeoutMs: 5000).brokers.count
        report.pass("kafka", "\(kafka.bootstrapServers), \(brokers) brokers")
        var events = 0
        for topic in topics {
          let partitions = try GroupOffsets.partitions(admin, of: topic)
          if topic == kafka.eventsTopic { events = partitions.count }
          if partitions.isEmpty {
            report.fail("topic \(topic)", "does not exist; create it: hookferry topics create")
          } else if topic == kafka.retryTopic, partitions.count < events {
            report.fail(
              "topic \(topic)",
              "has \(partitions.count) partitions, fewer than the events' \(events); add some")
          } else {
            report.pass("topic \(topic)", "\(partitions.count) partitions")
          }
        }
      }
    } catch let error as KafkaError {
      report.fail("kafka", "\(kafka.bootstrapServers): \(error); \(error.remedy)")
    } catch {
      report.fail("kafka", "\(kafka.bootstrapServers): \(error)")
    }
  }

  private func checkSink(_ sink: SinkSettings, _ report: inout CheckReport) {
    do throws(StoreError) {
      try SinkStore.check(sink)
      switch sink.kind {
      case .sqlite(let path): report.pass("sink \(sink.name)", path)
      case .postgres: report.pass("sink \(sink.name)", "PostgreSQL answers, its tables are there")
      }
    } catch {
      report.fail("sink \(sink.name)", "\(error); \(error.remedy)")
    }
  }

  /// The record asked for need not exist: the API's own word for that will do.
  private func checkAPI(
    _ pipeline: String, _ fetch: FetchSettings, _ report: inout CheckReport
  ) async {
    let subject = "fetch of \(pipeline)"
    guard let api = RecordAPI.named(fetch.provider),
      let key = RecordKey(tenant: "", object: "contact", recordId: "0")
    else {
      return report.fail(subject, "provider \(fetch.provider) has no API to fetch from")
    }
    do {
      let session = try HTTPSession()
      let answer: Result<HTTPResponse, any Error>
      do {
        var request = FetchPlan(api: api, settings: fetch).request(for: key)
        try await Self.authorize(&request, fetch, session)
        answer = .success(try await session.send(request))
      } catch {
        answer = .failure(error)
      }
      await session.close()
      let response = try answer.get()
      switch response.status {
      case 200..<300: report.pass(subject, "\(fetch.baseURL) answers")
      case 404 where api.isGone(response.body):
        report.pass(subject, "\(fetch.baseURL) answers")
      case 401, 403:
        report.fail(subject, "\(fetch.baseURL) answered \(response.status); mend its credential")
      case 404:
        report.fail(subject, "\(fetch.baseURL) is not the API's: 404; mend base_url")
      default: report.fail(subject, "\(fetch.baseURL) answered \(response.status)")
      }
    } catch {
      report.fail(subject, "\(fetch.baseURL): \(error)")
    }
  }
}

extension CheckCommand {
  /// As the consumer does it: where the credential is a grant, with a token asked for now.
  private static func authorize(
    _ request: inout HTTPRequest, _ fetch: FetchSettings, _ session: HTTPSession
  ) async throws {
    guard let credential = try Credential.of(fetch) else { return }
    let keeper = try CredentialKeeper(tickets: 0..<1, seed: 0)
    let handle = keeper.add("check", credential)
    switch keeper.authorize(handle, waiter: 0, nowMs: 0) {
    case .ready(let authorization, _): return authorization.apply(to: &request)
    case .fail(let failure): throw CheckFailure(description: failure.message)
    case .wait: break
    }
    let epochMs = SystemClock.wallMs
    var ended = [(waiter: UInt64, outcome: CredentialKeeper.Outcome)]()
    let due = keeper.takeTokenRequests(nowMs: 0, epochMs: epochMs)
    ended += due.ended.map { (waiter: $0.0, outcome: $0.1) }
    for (ticket, tokenRequest) in due.requests {
      let result: Result<HTTPResponse, HTTPError>
      do throws(HTTPError) {
        result = .success(try await session.send(tokenRequest))
      } catch {
        result = .failure(error)
      }
      ended += keeper.complete(ticket, result, nowMs: 0, epochMs: epochMs)
    }
    switch ended.first?.outcome {
    case .ready(let authorization, _)?: authorization.apply(to: &request)
    case .fail(let failure)?: throw CheckFailure(description: "no token: \(failure.message)")
    case nil: throw CheckFailure(description: "no token: nothing came of its request")
    }
  }
}

/// Why the API could not be asked.
private struct CheckFailure: Error, CustomStringConvertible {
  let description: String
}

/// The lines of a check as they are found out.
struct CheckReport {
  private(set) var hasFailed = false
  private let terminal = Terminal.current

  func pass(_ subject: String, _ text: String) {
    terminal.line("\(terminal.paint("ok  ", .green)) \(subject): \(text)")
  }

  mutating func fail(_ subject: String, _ text: String) {
    hasFailed = true
    terminal.line("\(terminal.paint("FAIL", .red)) \(subject): \(text)")
  }
}
