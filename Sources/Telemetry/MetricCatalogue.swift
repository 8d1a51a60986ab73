// Every metric there is. To add one: declare it below or in the service's extension, and put it in
// that service's list; `make docs` does the rest.

import Model

/// The declarations, by service.
package enum MetricCatalogue {
  /// In the order of docs/METRICS.md.
  package static let all: [MetricDeclaration] = receiver + receiverSpool + consumer

  static let names = Set(all.map(\.name))

  static let source = MetricLabel("source", .configured)
  static let failureClass = MetricLabel("class", FailureClass.self)
  static let partition = MetricLabel("partition", .partition)
}
