// How much of a provider's quota is left, as its answers say.

/// One limit that a provider counts requests against.
package struct RateWindow: Sendable, Equatable {
  /// Which limit of the provider's this is, e.g. `burst`, `day`.
  package let name: String
  /// How long the window is, or how long a full bucket takes to empty; nil where nobody says.
  package let windowS: Int64?
  package let limit: Int64?
  package let remaining: Int64?
  /// When all of it is there again, since the Unix epoch; nil where nobody says.
  package let resetAtMs: Int64?

  package init(
    _ name: String, windowS: Int64? = nil, limit: Int64? = nil, remaining: Int64? = nil,
    resetAtMs: Int64? = nil
  ) {
    self.name = name
    self.windowS = windowS
    self.limit = limit
    self.remaining = remaining
    self.resetAtMs = resetAtMs
  }
}
