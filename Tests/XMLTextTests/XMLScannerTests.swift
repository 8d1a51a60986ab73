// Elements with exact places, and nothing of XML's dangerous parts.

import Testing
import XMLText

@Suite struct XMLScannerTests {
  static func scan(_ text: String, _ scanner: XMLScanner = XMLScanner()) throws -> XMLTree {
    try Array(text.utf8).withUnsafeBytes { try scanner.scan($0) }
  }

  @Test func placesAndTexts() throws {
    let text =
      "<?xml version=\"1.0\"?>\n<s:a xmlns:s='u'><b k=\"1&amp;2\">x<![CDATA[<é>]]></b>"
      + "<b/><s:b  />\n</s:a>"
    let tree = try Self.scan(text)
    func slice(_ index: Int) -> String {
      String(decoding: Array(text.utf8)[tree.elements[index].range], as: UTF8.self)
    }
    #expect(tree.elements.map(\.name) == ["a", "b", "b", "b"])
    #expect(slice(1) == "<b k=\"1&amp;2\">x<![CDATA[<é>]]></b>")
    #expect(slice(2) == "<b/>")
    #expect(slice(3) == "<s:b  />")
    #expect(slice(0).hasSuffix("</s:a>"))
    #expect(tree.text("/a/b") == "x<é>")
    #expect(tree.text("/a/b/@k") == "1&2")
    #expect(tree.text("/a/c") == nil)
    #expect(tree.all(["a", "b"]) == [1, 2, 3])
    #expect(tree.text("/@k", from: 1) == "1&2")
  }

  @Test(arguments: [
    ("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", XMLTextError.doctype),
    ("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", .doctype),
    ("<a>&x;</a>", .malformed), ("<a>", .malformed), ("", .malformed), ("<a/><b/>", .malformed),
    ("{}", .malformed), ("<a b='1' b='2'/>", .malformed),
    (String(repeating: "<a>", count: 65) + String(repeating: "</a>", count: 65), .tooDeep),
    ("<a>" + String(repeating: "<b/>", count: 100) + "</a>", .tooLarge),
  ])
  func refused(_ text: String, _ error: XMLTextError) {
    #expect(throws: error) { try Self.scan(text, XMLScanner(elementsMax: 100)) }
  }
}
