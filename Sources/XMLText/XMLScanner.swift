// Finds the elements of an XML text with expat. Nothing is resolved, fetched or expanded: a
// document type ends the scan.

import CExpat

/// Scans XML texts; from any thread.
package struct XMLScanner: Sendable {
  /// More elements than this are refused.
  package let elementsMax: Int
  /// Elements nested deeper are refused.
  package let depthMax: Int

  package init(elementsMax: Int = 50_000, depthMax: Int = 64) {
    self.elementsMax = elementsMax
    self.depthMax = depthMax
  }

  /// The whole text as elements, or why it is none.
  package func scan(_ bytes: UnsafeRawBufferPointer) throws(XMLTextError) -> XMLTree {
    guard let count = Int32(exactly: bytes.count) else { throw .tooLarge }
    guard let parser = XML_ParserCreate(nil) else { throw .noMemory }
    defer { XML_ParserFree(parser) }
    let building = Building(parser, elementsMax: elementsMax, depthMax: depthMax)
    // Borrowed by the handlers, which run only inside of XML_Parse.
    XML_SetUserData(parser, Unmanaged.passUnretained(building).toOpaque())
    XML_SetElementHandler(parser, startElement, endElement)
    XML_SetCharacterDataHandler(parser, characterData)
    XML_SetStartDoctypeDeclHandler(parser, startDoctype)
    let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
    let status = withExtendedLifetime(building) { XML_Parse(parser, start, count, 1) }
    if let failure = building.failure { throw failure }
    guard status == XML_STATUS_OK else {
      throw XML_GetErrorCode(parser) == XML_ERROR_NO_MEMORY ? .noMemory : .malformed
    }
    return building.tree
  }
}

/// What the handlers fill.
private final class Building {
  let parser: XML_Parser
  let elementsMax: Int
  let depthMax: Int
  var tree = XMLTree()
  var open: [Int] = []
  var failure: XMLTextError?

  init(_ parser: XML_Parser, elementsMax: Int, depthMax: Int) {
    self.parser = parser
    self.elementsMax = elementsMax
    self.depthMax = depthMax
  }

  var offset: Int { Int(XML_GetCurrentByteIndex(parser)) }

  func fail(_ error: XMLTextError) {
    failure = failure ?? error
    XML_StopParser(parser, 0)
  }

  /// The part behind the colon, of a name that has one.
  static func local(_ name: UnsafePointer<XML_Char>) -> String {
    let whole = String(cString: name)
    guard let colon = whole.utf8.firstIndex(of: UInt8(ascii: ":")) else { return whole }
    return String(whole[whole.utf8.index(after: colon)...])
  }
}

private func building(_ context: UnsafeMutableRawPointer?) -> Building? {
  context.map { Unmanaged<Building>.fromOpaque($0).takeUnretainedValue() }
}

private func startElement(
  _ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<XML_Char>?,
  _ attributes: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?
) {
  guard let building = building(context), building.failure == nil, let name else { return }
  guard building.tree.elements.count < building.elementsMax else {
    return building.fail(.tooLarge)
  }
  guard building.open.count < building.depthMax else { return building.fail(.tooDeep) }
  var found: [(name: String, value: String)] = []
  var at = 0
  while let key = attributes?[at], let value = attributes?[at + 1] {
    let whole = String(cString: key)
    if whole != "xmlns", !whole.hasPrefix("xmlns:") {
      found.append((Building.local(key), String(cString: value)))
    }
    at += 2
  }
  let start = building.offset
  building.tree.elements.append(
    XMLTree.Element(
      name: Building.local(name), parent: building.open.last, range: start..<start, text: "",
      attributes: found))
  building.open.append(building.tree.elements.count - 1)
}

private func endElement(_ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<XML_Char>?) {
  guard let building = building(context), building.failure == nil,
    let index = building.open.popLast()
  else { return }
  // For `<a/>` the count is 0 and the index is behind it already.
  let end = building.offset + Int(XML_GetCurrentByteCount(building.parser))
  let start = building.tree.elements[index].range.lowerBound
  building.tree.elements[index].range = start..<max(start, end)
}

private func characterData(
  _ context: UnsafeMutableRawPointer?, _ text: UnsafePointer<XML_Char>?, _ count: Int32
) {
  guard let building = building(context), building.failure == nil, let text,
    let index = building.open.last
  else { return }
  let bytes = UnsafeRawBufferPointer(start: text, count: Int(count))
  building.tree.elements[index].text += String(decoding: bytes, as: UTF8.self)
}

private func startDoctype(
  _ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<XML_Char>?,
  _ systemId: UnsafePointer<XML_Char>?, _ publicId: UnsafePointer<XML_Char>?,
  _ hasInternalSubset: Int32
) {
  building(context)?.fail(.doctype)
}
