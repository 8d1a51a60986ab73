// Moves a value that one thread owns to the thread that will own it.

/// Holds a non-Sendable value between the thread that made it and the one that takes it.
///
/// SAFETY: `take` may be called once, and the maker keeps no reference: at any moment only one
/// thread can reach the value. Thread start orders the maker's writes before the taker's reads.
final class Transfer<Value>: @unchecked Sendable {
  private var value: Value?

  init(_ value: consuming Value) { self.value = value }

  func take() -> Value {
    guard let value else { preconditionFailure("Transfer.take: taken twice") }
    self.value = nil
    return value
  }
}
