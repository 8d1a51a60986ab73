// How a pipeline asks the API for a record, and what it makes of the answer.
package import HTTPClient
import JSONText
package import Model
package import Providers
package import Settings

/// What the API said of a record.
enum FetchAnswer: Sendable, Equatable {
  /// `version` is the record's modified time; `payload` the answer as it came.
  case record(version: Int64, payload: [UInt8])
  /// The record is not there (any more).
  case gone
  case failed(Failure)
}

/// A pipeline's fetch: the provider's API and where it is. A class, since every call has one.
package final class FetchPlan: Sendable {
  private let api: RecordAPI
  private let settings: FetchSettings
  private let baseURL: String
  private let query: String

  private static let headers: HTTPHeaders = ["Accept": "application/json"]

  package init(api: RecordAPI, settings: FetchSettings) {
    self.api = api
    self.settings = settings
    query = api.query(settings.properties)
    let base = settings.baseURL
    baseURL = base.hasSuffix("/") ? String(base.dropLast()) : base
  }

  /// The request for one record, as the consumer sends it and `hookferry check` tries it; its
  /// authorization is the caller's to add.
  package func request(for key: RecordKey) -> HTTPRequest {
    HTTPRequest(
      method: "GET",
      url: baseURL
        + api.path(object: key.object, recordId: key.recordId, query: query),
      headers: Self.headers,
      connectTimeoutMs: Int32(settings.connectTimeoutMs),
      totalTimeoutMs: Int32(settings.totalTimeoutMs), responseBytesMax: settings.responseBytesMax)
  }

  /// Records that one call may ask for.
  var batchIdsMax: Int { min(api.batchIdsMax, settings.pace.batchIdsMax) }

  var pace: PaceSettings { settings.pace }

  /// The request for many records of one object.
  func request(object: String, ids: [String]) -> HTTPRequest {
    HTTPRequest(
      method: "POST", url: baseURL + api.batchPath(object: object),
      headers: ["Accept": "application/json", "Content-Type": "application/json"],
      body: api.batchBody(ids, properties: settings.properties),
      connectTimeoutMs: Int32(settings.connectTimeoutMs),
      totalTimeoutMs: Int32(settings.totalTimeoutMs),
      responseBytesMax: settings.responseBytesMax)
  }

  /// What a batch answer says. Of a record that is not among them nothing is known: it is to be
  /// asked for alone.
  func readBatch(
    _ response: HTTPResponse, _ scanner: JSONScanner, wallMs: Int64
  ) -> Result<[String: FetchAnswer], Failure> {
    switch response.meaning(.enrich, nowMs: wallMs) {
    case .failed(let failure): return .failure(failure)
    // Not of the record but of the call itself.
    case .gone:
      return .failure(
        Failure(
          .permanent, .enrich, "no batch call at this address: check base_url",
          httpStatus: response.status))
    case .ok: break
    }
    guard let records = api.records(ofBatch: response.body, scanner) else {
      let message = "the answer has no readable \(api.batchResultsField)"
      return .failure(Failure(.permanent, .map, message, httpStatus: response.status))
    }
    return .success(
      Dictionary(
        records.map { ($0.id, .record(version: $0.version, payload: $0.payload)) }
      ) { first, _ in first })
  }

  func read(_ response: HTTPResponse, _ scanner: JSONScanner, wallMs: Int64) -> FetchAnswer {
    switch response.meaning(.enrich, nowMs: wallMs) {
    case .failed(let failure): return .failed(failure)
    case .gone:
      // A wrong base_url answers 404 to everything: that must not delete the database's records.
      guard api.isGone(response.body) else {
        let message = "a 404 that is not the API's own word for a missing record: check base_url"
        return .failed(Failure(.permanent, .enrich, message, httpStatus: response.status))
      }
      return .gone
    case .ok: break
    }
    guard let version = api.version(of: response.body, scanner) else {
      let message = "the answer has no readable \(api.versionField): not the record asked for"
      return .failed(Failure(.permanent, .map, message, httpStatus: response.status))
    }
    return .record(version: version, payload: response.body)
  }
}
