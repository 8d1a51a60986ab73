// Is everything there that the programs need? One line a question, and what to do about a no.
import ArgumentParser
import ConsumerService
import HTTPClient
import Kafka
import Model
import Providers
import Settings
import Stores

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
    checkKafka(configuration.kafka, &report)
    for sink in configuration.sinks.values.sorted(by: { $0.name < $1.name }) {
      checkSink(sink, &report)
    }
    for pipeline in configuration.pipelines {
      guard let fetch = pipeline.fetch else { continue }
      await checkAPI(pipeline.name, fetch, &report)
    }
    if report.hasFailed { throw ExitCode.failure }
  }

  private func checkKafka(_ kafka: KafkaSettings, _ report: inout CheckReport) {
    do {
      try Loaded.withAdmin(kafka) { admin in
        let brokers = try admin.describeCluster(timeoutMs: 5000).brokers.count
        report.pass("kafka", "\(kafka.bootstrapServers), \(brokers) brokers")
        for topic in [kafka.eventsTopic, kafka.deadLettersTopic] {
          let partitions = try GroupOffsets.partitions(admin, of: topic)
          if partitions.isEmpty {
            report.fail("topic \(topic)", "does not exist; create it: hookferry topics create")
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
      let answer: Result<HTTPResponse, HTTPError>
      do throws(HTTPError) {
        let request = FetchPlan(api: api, settings: fetch).request(for: key)
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
        report.fail(subject, "\(fetch.baseURL) answered \(response.status); mend its token")
      case 404:
        report.fail(subject, "\(fetch.baseURL) is not the API's: 404; mend base_url")
      default: report.fail(subject, "\(fetch.baseURL) answered \(response.status)")
      }
    } catch {
      report.fail(subject, "\(fetch.baseURL): \(error)")
    }
  }
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
