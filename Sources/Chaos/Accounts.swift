// Whether one offset has its effect.

/// The effects as they are known at some moment.
struct Accounts {
  private let inbox: Set<String>
  private let buried: [Place: String]

  init(inbox: Set<String>, letters: [FoundLetter]) {
    self.inbox = inbox
    buried = Dictionary(letters.map { ($0.origin, $0.failureClass) }) { first, _ in first }
  }

  /// What is wrong with an offset that counts as done; nil when its effect is there.
  func difference(at entry: JournalEntry) -> Difference? {
    switch entry.kind {
    case .ours:
      inbox.contains(entry.id) || buried[entry.place] != nil
        ? nil : Difference(.noLoss, "event \(entry.id) at \(entry.place) left no effect")
    case .foreign:
      inbox.contains(entry.id)
        ? Difference(.deadLetters, "foreign event \(entry.id) at \(entry.place) was applied") : nil
    case .poison:
      switch buried[entry.place] {
      case "poison": nil
      case let other?:
        Difference(.deadLetters, "poison at \(entry.place) was buried as \(other)")
      case nil: Difference(.noLoss, "poison at \(entry.place) has no dead letter")
      }
    }
  }
}
