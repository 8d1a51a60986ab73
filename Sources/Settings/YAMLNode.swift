// YAML text as a tree that knows where each part stands. The only file that knows of Yams.

import Yams

/// A position in the text, both from 1.
struct TextPlace: Sendable, Hashable {
  var line: Int
  var column: Int
}

/// A value in the text.
struct YAMLNode: Sendable {
  enum Content: Sendable {
    case null
    case scalar(String)
    case sequence([YAMLNode])
    case mapping([YAMLMember])
  }

  var content: Content
  var place: TextPlace
}

/// One `key: value`.
struct YAMLMember: Sendable {
  var key: String
  var keyPlace: TextPlace
  var value: YAMLNode
}

/// Why the text is not the YAML we read.
struct YAMLProblem: Error {
  var place: TextPlace?
  var message: String
}

extension YAMLNode {
  /// Aliases can make a short text into a huge tree: more nodes than this are refused.
  static let nodesMax = 100_000

  /// Nil for a text without content.
  static func parse(_ text: String) throws(YAMLProblem) -> YAMLNode? {
    let root: Node?
    do { root = try Yams.compose(yaml: text) } catch { throw problem(from: error) }
    guard let root else { return nil }
    var budget = nodesMax
    return try node(from: root, budget: &budget)
  }

  private static func node(from node: Node, budget: inout Int) throws(YAMLProblem) -> YAMLNode {
    let place = TextPlace(node.mark)
    budget -= 1
    guard budget > 0 else {
      throw YAMLProblem(place: place, message: "more than \(nodesMax) values")
    }
    switch node {
    case .scalar(let scalar):
      let isNull = scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
      return YAMLNode(content: isNull ? .null : .scalar(scalar.string), place: place)
    case .sequence(let sequence):
      var items: [YAMLNode] = []
      for item in sequence { items.append(try self.node(from: item, budget: &budget)) }
      return YAMLNode(content: .sequence(items), place: place)
    case .mapping(let mapping):
      var members: [YAMLMember] = []
      for (key, value) in mapping {
        guard case .scalar(let name) = key else {
          throw YAMLProblem(place: TextPlace(key.mark), message: "a key must be plain text")
        }
        members.append(
          YAMLMember(
            key: name.string, keyPlace: TextPlace(name.mark),
            value: try self.node(from: value, budget: &budget)))
      }
      return YAMLNode(content: .mapping(members), place: place)
    case .alias:
      throw YAMLProblem(place: place, message: "alias without a value")
    }
  }

  // Yams' errors carry the whole text, secrets included: only problem and place are taken over.
  private static func problem(from error: any Error) -> YAMLProblem {
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let cause = context.map { "\($0.text) (line \($0.mark.line)): " } ?? ""
      return YAMLProblem(place: TextPlace(mark), message: "not valid YAML: \(cause)\(problem)")
    case .duplicatedKeysInMapping(let names, let context):
      return YAMLProblem(
        place: TextPlace(context.mark),
        message: "the key \(names.joined(separator: ", ")) stands here more than once")
    case .reader(let problem, let offset, _, let text):
      let line = offset.map { text.prefix($0).count(where: { $0.isNewline }) + 1 }
      return YAMLProblem(
        place: line.map { TextPlace(line: $0, column: 1) }, message: "not valid YAML: \(problem)")
    default:
      return YAMLProblem(place: nil, message: "not valid YAML")
    }
  }
}

extension TextPlace {
  fileprivate init(_ mark: Mark?) {
    self.init(line: mark?.line ?? 1, column: mark?.column ?? 1)
  }
}
