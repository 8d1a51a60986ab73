// Where the events of a body lie.

package import Signatures

/// How one body becomes events. With several paths each is followed as far as it leads; a part that
/// none leads into is an event itself.
package struct Splitting: Sendable, Equatable {
  /// Where each `*` stands for every element of an array. None: the body is one event.
  var paths: [[Segment]]
  /// Names from the outermost element to the events, for XML bodies.
  var xmlPath: [Substring]?
  /// Pointers to arrays in the event: it is repeated for each of their values, with the same bytes.
  /// The first that is there counts.
  var repeats: [String]

  struct Segment: Sendable, Equatable {
    /// May be empty.
    var pointer: String
    /// Of the array there; else the value itself.
    var isEveryElement: Bool
  }

  /// The body is one event.
  package static let whole = Splitting(paths: [], repeats: [])

  /// True when several events may have the same bytes.
  package var isRepeating: Bool { !repeats.isEmpty }

  /// True when events are the elements of the body itself: one scan does it all.
  var isPlain: Bool {
    repeats.isEmpty
      && (paths.isEmpty || paths == [[Segment(pointer: "", isEveryElement: true)]])
  }

  init(paths: [[Segment]], xmlPath: [Substring]? = nil, repeats: [String]) {
    self.paths = paths
    self.xmlPath = xmlPath
    self.repeats = repeats
  }

  /// `/events/*`, `/entry/*/changes/*`; `xml:/Envelope/Body/notifications/Notification`.
  package init(texts: [String], repeats: [String]) throws(SchemeError) {
    self.init(paths: [], repeats: repeats)
    for text in repeats where JSONPath(text)?.steps.count != 1 { throw .badLocator(text) }
    for text in texts {
      if text.hasPrefix("xml:/") {
        xmlPath = text.dropFirst(5).split(separator: "/")
      } else {
        guard JSONPath(text) != nil, !text.contains("[") else { throw .badLocator(text) }
        paths.append(Self.segments(text))
      }
    }
  }

  private static func segments(_ text: String) -> [Segment] {
    var segments: [Segment] = []
    var pointer = ""
    for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      guard part == "*" else {
        pointer += "/" + part
        continue
      }
      segments.append(Segment(pointer: pointer, isEveryElement: true))
      pointer = ""
    }
    if !pointer.isEmpty { segments.append(Segment(pointer: pointer, isEveryElement: false)) }
    return segments
  }
}
