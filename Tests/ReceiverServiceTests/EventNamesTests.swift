// The names of a request's events, one buffer for all of them.

import Testing

@testable import ReceiverService

@Suite struct EventNamesTests {
  private static func add(_ id: String, tenant: String?, to names: inout EventNames) {
    Array(id.utf8).withUnsafeBytes { id in
      guard let tenant else { return names.append(id: id, tenant: nil) }
      Array(tenant.utf8).withUnsafeBytes { names.append(id: id, tenant: $0) }
    }
  }

  private static func digests(_ pairs: [(String, String?)]) -> [EventDigest] {
    pairs.map { id, tenant in
      EventDigest((Array(id.utf8) + (tenant.map { [0xFF] + Array($0.utf8) } ?? []))[...])
    }
  }

  @Test func eachNameHasItsOwnDigest() {
    let long = String(repeating: "x", count: 300)
    let pairs: [(String, String?)] = [("a", "t"), ("", nil), (long, "t"), ("at", nil), ("a", "")]
    var names = EventNames()
    for (id, tenant) in pairs {
      Self.add(id, tenant: tenant, to: &names)
      #expect(EventDigest(names.last) == Self.digests([(id, tenant)])[0])
    }
    #expect(names.count == 5 && names.digests == Self.digests(pairs))
    #expect(Set(names.digests).count == 5)
  }

  @Test func theLastOneCanBeTakenBack() {
    var names = EventNames()
    Self.add("first", tenant: "t", to: &names)
    Self.add("second", tenant: nil, to: &names)
    names.removeLast()
    #expect(names.digests == Self.digests([("first", "t")]))
    Self.add("third", tenant: nil, to: &names)
    #expect(names.digests == Self.digests([("first", "t"), ("third", nil)]))
    names.removeAll()
    #expect(names.count == 0 && names.digests.isEmpty)
  }
}
