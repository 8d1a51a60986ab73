// The elements of an XML text, each with its place in it.

/// Elements in document order. Namespaces are not looked at: prefixes are cut off, so that a
/// sender may choose other ones.
package struct XMLTree: Sendable, Equatable {
  package struct Element: Sendable, Equatable {
    /// Without a prefix.
    package var name: String
    /// Nil for the outermost one.
    package var parent: Int?
    /// From `<` of the start tag to behind `>` of the end tag, in the scanned bytes.
    package var range: Range<Int>
    /// The element's own character data, unescaped.
    package var text: String
    /// Names without a prefix; declarations of namespaces are left out.
    package var attributes: [(name: String, value: String)]

    package static func == (left: Element, right: Element) -> Bool {
      left.name == right.name && left.parent == right.parent && left.range == right.range
        && left.text == right.text && left.attributes.elementsEqual(right.attributes, by: ==)
    }
  }

  package internal(set) var elements: [Element] = []

  /// Indexes of the elements at a path of names; `from` nil begins with the outermost element's
  /// own name, else with the names of `from`'s children.
  package func all(_ path: some Collection<Substring>, from: Int? = nil) -> [Int] {
    var found: Set<Int?> = [from]
    var next: [Int] = from.map { [$0] } ?? []
    for name in path {
      next = elements.indices.filter {
        elements[$0].name == name && found.contains(elements[$0].parent)
      }
      found = Set(next)
    }
    return next
  }

  /// The first element at the path; for a last part `@name` that attribute of it.
  package func text(_ path: String, from: Int? = nil) -> String? {
    var parts = path.split(separator: "/")
    var attribute: Substring?
    if let last = parts.last, last.first == "@" {
      attribute = last.dropFirst()
      parts.removeLast()
    }
    guard let element = first(parts[...], from: from) else { return nil }
    guard let attribute else { return elements[element].text }
    return elements[element].attributes.first { $0.name == attribute }?.value
  }

  private func first(_ path: ArraySlice<Substring>, from: Int?) -> Int? {
    guard let name = path.first else { return from }
    var at = from.map { $0 + 1 } ?? 0
    // An element's descendants follow it; what begins behind its end is none of them.
    let end = from.map { elements[$0].range.upperBound } ?? .max
    while at < elements.count, elements[at].range.lowerBound < end {
      if elements[at].parent == from, elements[at].name == name,
        let found = first(path.dropFirst(), from: at)
      {
        return found
      }
      at += 1
    }
    return nil
  }
}
