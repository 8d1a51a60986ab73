// An identity with its places prepared for reading many events.

import JSONText
import Signatures

/// First-level members are found in the scan that splits the body; what lies deeper is looked for
/// in such a member alone. To be used by one thread at a time. Classes, this and its parts: every
/// event passes them, and a copied struct counts each of its references.
final class EventReader {
  enum Source {
    case header(HeaderName)
    case query(String), form(String)
    /// Index into `fields`.
    case field(Int)
    /// Below that field.
    case under(Int, JSONPath)
    case json(JSONPath), up(JSONPath), body(JSONPath)
    case xml(String)
    case text([UInt8])
    case item, type, event
  }

  final class Part {
    let source: Source
    let steps: [Transformation]
    /// An object has a hash and no text.
    let isWhole: Bool

    init(source: Source, steps: [Transformation]) {
      self.source = source
      self.steps = steps
      isWhole = steps.first == .sha256
    }
  }

  /// First-level fields: the first, or where that has no text the second.
  struct Choice {
    let first: Int
    let second: Int?
  }

  enum Place {
    /// Nearly every place is no more than this, and nothing in it has references to be counted.
    case fields(Choice)
    /// The first that is there.
    case firstOf([Source])
    /// Alternatives of joined parts.
    case expression([[Part]])
  }

  /// Another name for a text.
  struct Alias {
    let name: [UInt8]
    let other: [UInt8]
  }

  let fields: JSONFields
  /// For values that lie deeper: the rows of the scan that split the body must stand meanwhile.
  let lookup: JSONScanner
  let aliases: [Alias]
  let id: [Place]
  let optionalId: [Place]
  let type: Place?
  let object: Place?
  let recordId: Place?
  let tenant: Place?
  let time: Place?
  let recordVersion: Place?
  let usesForms: Bool
  let usesQuery: Bool
  let usesXML: Bool

  /// As many as `JSONFields` takes.
  private static let fieldsMax = 64

  init(_ identity: EventIdentity) throws(JSONTextError) {
    lookup = try JSONScanner()
    var compiler = Compiler()
    aliases = identity.aliases.map { Alias(name: Array($0.utf8), other: Array($1.utf8)) }
    id = identity.id.map { compiler.place($0) }
    optionalId = identity.optionalId.map { compiler.place($0) }
    type = identity.type.map { compiler.place($0) }
    object = identity.object.map { compiler.place($0) }
    recordId = identity.recordId.map { compiler.place($0) }
    tenant = identity.tenant.map { compiler.place($0) }
    time = identity.time.map { compiler.place($0) }
    recordVersion = identity.recordVersion.map { compiler.place($0) }
    fields = JSONFields(compiler.names)
    usesForms = compiler.usesForms || identity.formJSON != nil
    usesQuery = compiler.usesQuery
    usesXML = compiler.usesXML
  }

  private struct Compiler {
    var names: [String] = []
    var usesForms = false
    var usesQuery = false
    var usesXML = false

    mutating func place(_ locator: Locator) -> Place {
      let alternatives = locator.alternatives.map { parts in
        parts.map { Part(source: source($0.source), steps: $0.steps) }
      }
      guard alternatives.allSatisfy({ $0.count == 1 && $0[0].steps.isEmpty }) else {
        return .expression(alternatives)
      }
      let sources = alternatives.map { $0[0].source }
      return choice(sources).map { .fields($0) } ?? .firstOf(sources)
    }

    private func choice(_ sources: [Source]) -> Choice? {
      let fields = sources.compactMap { if case .field(let index) = $0 { index } else { nil } }
      guard fields.count == sources.count, let first = fields.first, fields.count <= 2 else {
        return nil
      }
      return Choice(first: first, second: fields.count == 2 ? fields[1] : nil)
    }

    private mutating func source(_ source: Locator.Source) -> Source {
      switch source {
      case .header(let name): return .header(HeaderName(name))
      case .query(let name):
        usesQuery = true
        return .query(name)
      case .form(let name):
        usesForms = true
        return .form(name)
      case .xml(let path):
        usesXML = true
        return .xml(path)
      case .up(let path): return .up(path)
      case .body(let path): return .body(path)
      case .text(let text): return .text(Array(text.utf8))
      case .item: return .item
      case .type: return .type
      case .event: return .event
      case .json(let path):
        guard let (name, rest) = path.head, let index = field(name) else { return .json(path) }
        return rest.map { .under(index, $0) } ?? .field(index)
      }
    }

    private mutating func field(_ name: String) -> Int? {
      if let known = names.firstIndex(of: name) { return known }
      guard names.count < EventReader.fieldsMax else { return nil }
      names.append(name)
      return names.count - 1
    }
  }
}
