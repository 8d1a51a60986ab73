// The signed string as bytes, for schemes whose parts do not all lie at hand.

/// Puts together what a template says. To be used by one thread at a time.
struct MessageBuilder {
  /// The values that a scheme has found before.
  struct Values {
    var timestamp: [UInt8] = []
    var id: [UInt8] = []
    var url: [UInt8] = []
    var secret: [UInt8] = []
  }

  let steps: [SigningPlan.Step]
  let reader: PlaceReader

  func message(_ at: PlaceReader.Surroundings, _ values: Values) -> [UInt8] {
    var out: [UInt8] = []
    for step in steps {
      switch step {
      case .literal(let bytes): out += bytes
      case .method: out += at.view.method
      case .url: out += values.url
      case .path: out += at.view.path
      case .query: out += at.view.query
      case .timestamp: out += values.timestamp
      case .id: out += values.id
      case .body: out += at.view.body
      case .secret: out += values.secret
      case .header(let name):
        if let value = at.view.header(name) { out += value }
      case .crc32: out += Array(String(CRC32.of(at.view.body)).utf8)
      case .form: out += FormFields.sorted(at.view.body)
      case .json(let pointers): out += reader.json(pointers, in: at.item) ?? []
      case .lines(let members): out += lines(members, at)
      }
    }
    return out
  }

  private func lines(_ members: [[String]], _ at: PlaceReader.Surroundings) -> [UInt8] {
    var out: [UInt8] = []
    for names in members {
      guard let name = names.first,
        let value = reader.json(names.map { "/" + $0 }, in: at.item), !value.isEmpty
      else { continue }
      out += Array(name.utf8) + [UInt8(ascii: "\n")] + value + [UInt8(ascii: "\n")]
    }
    return out
  }
}
