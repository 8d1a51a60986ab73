// Columns for people.

/// A table whose columns are as wide as their longest cell; numbers stand on the right.
struct TextTable {
  private let header: [String]
  private var rows: [[String]] = []

  init(_ header: String...) { self.header = header }

  mutating func add(_ cells: String...) {
    precondition(cells.count == header.count, "TextTable.add: \(cells.count) cells")
    rows.append(cells)
  }

  var lines: [String] {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      let cells = row.indices.map { column -> String in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        let isNumber = rows.allSatisfy { Int64($0[column]) != nil || $0[column] == "-" }
        return isNumber ? padding + row[column] : row[column] + padding
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}
