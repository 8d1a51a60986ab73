// The JSON that goes over the wire, both ways.

internal import FoundationEssentials

/// A HubSpot CRM object.
struct CRMObject: Codable, Equatable {
  var id: String
  var properties: [String: String?]
  var createdAt: String
  var updatedAt: String
  var archived: Bool
}

struct BatchReadBody: Decodable {
  var inputs: [Input]
  var properties: [String]?

  struct Input: Decodable {
    var id: String
  }
}

struct BatchReadAnswer: Encodable {
  var status = "COMPLETE"
  var results: [CRMObject]
  var startedAt: String
  var completedAt: String
  /// Left out when nothing is missing.
  var numErrors: Int?
  var errors: [BatchError]?

  struct BatchError: Encodable {
    var status = "error"
    var category = "OBJECT_NOT_FOUND"
    var message: String
    var context: [String: [String]]
  }
}

/// HubSpot's error body.
struct ErrorAnswer: Encodable {
  var status = "error"
  var message: String
  var category: String
  var correlationId = "00000000-0000-4000-8000-000000000000"
  var policyName: String?
}

/// What the token endpoint answers, as RFC 6749 has it.
struct TokenAnswer: Encodable, Equatable {
  var accessToken: String
  var tokenType = "bearer"
  var expiresIn: Int64
  /// Left out where a client has no refresh token.
  var refreshToken: String?

  enum CodingKeys: String, CodingKey {
    case accessToken = "access_token"
    case tokenType = "token_type"
    case expiresIn = "expires_in"
    case refreshToken = "refresh_token"
  }
}

/// Its refusal.
struct TokenErrorAnswer: Encodable {
  var error: String
  var description: String

  enum CodingKeys: String, CodingKey {
    case error
    case description = "error_description"
  }
}

/// One row of `GET /sandbox/objects`: a CRM object with all of its properties and its type.
struct ListedObject: Encodable {
  var type: String
  var id: String
  var properties: [String: String]
  var createdAt: String
  var updatedAt: String
  var archived: Bool
}

struct ListAnswer: Encodable {
  var results: [ListedObject]
}

struct StatsAnswer: Encodable {
  var requests: [SandboxRequestCount]
  var reads: SandboxReads
  var webhooks: SandboxProgress
}

/// Any scalar as text, since CRM properties are text; null clears a property.
struct PropertyValue: Decodable {
  var text: String

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      text = ""
    } else if let string = try? container.decode(String.self) {
      text = string
    } else if let bool = try? container.decode(Bool.self) {
      text = String(bool)
    } else if let integer = try? container.decode(Int64.self) {
      text = String(integer)
    } else {
      text = String(try container.decode(Double.self))
    }
  }
}

struct WebhookTargetBody: Decodable {
  var url: String
  var publicUrl: String?
}

struct PoisonBody: Decodable {
  var count: Int
}

enum JSONBody {
  /// Keys are sorted, so that equal values are equal bytes.
  static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { return Array("null".utf8) }
    return Array(data)
  }

  /// Nil for anything but the expected shape.
  static func decode<T: Decodable>(_ type: T.Type, _ bytes: [UInt8]) -> T? {
    try? JSONDecoder().decode(type, from: Data(bytes))
  }
}
