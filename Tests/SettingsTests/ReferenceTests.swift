// docs/CONFIG.md comes from the declarations; `make docs` writes it.

import Foundation
import Testing

@testable import Settings

@Suite struct ReferenceTests {
  @Test func theReferenceIsUpToDate() throws {
    let path = repository + "/docs/CONFIG.md"
    if ProcessInfo.processInfo.environment["HOOKFERRY_WRITE_DOCS"] != nil {
      try FileManager.default.createDirectory(
        atPath: repository + "/docs", withIntermediateDirectories: true)
      try Data(ConfigurationReference.markdown.utf8).write(to: URL(filePath: path))
    }
    let written = try String(contentsOfFile: path, encoding: .utf8)
    #expect(written == ConfigurationReference.markdown, "run make docs")
  }

  @Test func namesEndInTheirUnit() {
    for (name, declaration) in settings(Catalogue.root.outlines()) {
      guard case .integer(_, let unit) = declaration.type else { continue }
      let last = name.split(separator: "_").last.map(String.init)
      switch unit {
      case .milliseconds: #expect(last == "ms", "\(name)")
      case .seconds: #expect(last == "s", "\(name)")
      case .bytes: #expect(name == "bytes_max" || name.hasSuffix("_bytes_max"), "\(name)")
      case .count, .none:
        #expect((last != "ms" && last != "s") || name.hasSuffix("_per_s"), "\(name)")
      }
    }
  }

  @Test func everySettingIsExplainedAndItsDefaultAllowed() {
    let all = settings(Catalogue.root.outlines())
    #expect(all.count > 60)
    for (name, declaration) in all {
      #expect(declaration.doc.hasSuffix("."), "\(name)")
      #expect(!declaration.isRequired || declaration.fallback == nil, "\(name)")
      guard let fallback = declaration.fallback else { continue }
      switch declaration.type {
      case .integer(let range, _): #expect(Int(fallback).map(range.contains) == true, "\(name)")
      case .choice(let allowed): #expect(allowed.contains(fallback), "\(name)")
      case .text(let rule):
        #expect(fallback.isEmpty || rule.complaint(about: fallback) == nil, "\(name)")
      case .texts, .secret, .secrets, .properties, .textMap: break
      }
    }
  }

  private func settings(
    _ members: [(name: String, outline: Outline)]
  ) -> [(String, SettingDeclaration)] {
    members.flatMap { name, outline -> [(String, SettingDeclaration)] in
      switch outline {
      case .setting(let declaration): [(name, declaration)]
      case .group(_, let inner), .optionalGroup(_, let inner), .named(_, _, let inner):
        settings(inner)
      }
    }
  }
}
