// docs/PROVIDERS.md comes from the definitions; `make docs` writes it.

import Foundation
import Testing

@testable import Settings

@Suite struct ProviderReferenceTests {
  @Test func theReferenceIsUpToDate() throws {
    let path = repository + "/docs/PROVIDERS.md"
    let text = try ProviderReference.markdown()
    if ProcessInfo.processInfo.environment["HOOKFERRY_WRITE_DOCS"] != nil {
      try Data(text.utf8).write(to: URL(filePath: path))
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text, "run make docs")
  }

  @Test func everyProviderHasASampleAndAnIdentity() throws {
    for name in ProviderSettings.builtInNames {
      let settings = try #require(try ProviderSettings.builtIn(name))
      #expect(!settings.samples.isEmpty, "\(name)")
      #expect(!settings.event.id.isEmpty, "\(name)")
      #expect(settings.event.recordId != nil, "\(name)")
    }
  }
}
