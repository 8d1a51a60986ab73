// What a scan finds, and what it refuses. Every expectation is about the original bytes.

import JSONText
import Testing

@Suite struct JSONScannerTests {
  let scanner: JSONScanner

  init() throws { scanner = try JSONScanner() }

  func withBytes<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
  {
    try Array(text.utf8).withUnsafeBytes { try body($0) }
  }

  func elements(_ text: String, at pointer: String = "") throws -> [String] {
    try withBytes(text) { bytes in
      try scanner.scan(bytes, at: pointer)
      return (0..<scanner.count).map {
        String(decoding: scanner.element($0).raw(in: bytes), as: UTF8.self)
      }
    }
  }

  @Test func elementsAreExactSlices() throws {
    let text = " [ {\"a\" : 1 , \"b\":\"x,]}\"} ,\n\t[1, 2 ] , -1.5e3 ,true,null,\"s\" ]\n"
    let expected = ["{\"a\" : 1 , \"b\":\"x,]}\"}", "[1, 2 ]", "-1.5e3", "true", "null", "s"]
    #expect(try elements(text) == expected)
    #expect(scanner.isArray)
  }

  @Test func emptyArrayAndEmptyObject() throws {
    #expect(try elements("[]") == [])
    #expect(try elements("[{},{}]") == ["{}", "{}"])
    #expect(try elements("{}") == ["{}"])
    #expect(!scanner.isArray)
  }

  @Test func fieldsInAnyOrderAndTheLastOfARepeatedOne() throws {
    let fields = JSONFields(["id", "kind", "gone"])
    let text = #"[{"kind":"a","id":12,"idx":3},{"id":1,"x":{"id":9},"kind":"b","id":2}]"#
    try withBytes(text) { bytes in
      try scanner.scan(bytes, fields: fields)
      #expect(scanner.count == 2)
      #expect(scanner.field(0, 0).integer(in: bytes) == 12)
      #expect(scanner.field(0, 1).text(in: bytes) == "a")
      #expect(scanner.field(0, 2).kind == .missing)
      #expect(scanner.field(1, 0).text(in: bytes) == "2")
      #expect(scanner.field(1, 1).text(in: bytes) == "b")
    }
  }

  @Test func fieldsOfASingleObject() throws {
    let fields = JSONFields(["id", "results", "paging", "on", "none"])
    let text = #"{"results":[{"id":"1"} ],"id":"z","paging":{ "next":1 },"on":false,"none":null}"#
    try withBytes(text) { bytes in
      try scanner.scan(bytes, fields: fields)
      #expect(scanner.count == 1)
      #expect(scanner.element(0).range == 0..<text.utf8.count)
      #expect(scanner.field(0, 0).text(in: bytes) == "z")
      #expect(scanner.field(0, 1).kind == .array)
      #expect(
        String(decoding: scanner.field(0, 1).raw(in: bytes), as: UTF8.self) == #"[{"id":"1"} ]"#)
      #expect(
        String(decoding: scanner.field(0, 2).raw(in: bytes), as: UTF8.self) == #"{ "next":1 }"#)
      #expect(scanner.field(0, 3).kind == .false)
      #expect(!scanner.field(0, 4).isPresent)
    }
  }

  @Test func pointers() throws {
    let text =
      #"{"data":{"id":"ab\u00e9\"c\ud83d\ude00","n":-42,"list":[{"id":1},{"id":2}]},"t":1.5}"#
    #expect(try elements(text, at: "/data/list") == [#"{"id":1}"#, #"{"id":2}"#])
    withBytes(text) { bytes in
      #expect(scanner.text(at: "/data/id", in: bytes) == "abé\"c😀")
      #expect(scanner.text(at: "/data/n", in: bytes) == "-42")
      #expect(scanner.text(at: "/data/list/1/id", in: bytes) == "2")
      #expect(scanner.text(at: "/data/none", in: bytes) == nil)
      #expect(scanner.text(at: "/t/x", in: bytes) == nil)
      #expect(scanner.text(at: "t", in: bytes) == nil)
      #expect(throws: JSONTextError.noSuchField) { try scanner.scan(bytes, at: "/nope") }
    }
  }

  @Test(arguments: [
    "", " ", "[", "{", "]", "[1,]", "[1 2]", "[1]]", "[1] x", "{} {}", "{\"a\" 1}", "{'a':1}",
    "nul", "tru", "01", "1.", "\"abc", "[{\"id\":01}]", "[{\"id\":tru}]", "[{\"id\":1},", "12 13",
    "\"a\"b", "[\"a\u{0}", "{\"id\":1} garbage", "[{\"a\":1} garbage]",
    "[{\"id\":{1,\"a\":2}, {\"id\":1}]", "[{\"id\":{1,\"a\":2}]", "{\"id\":[1,\"a\":2}",
  ])
  func malformedIsRefused(_ text: String) {
    #expect(throws: JSONTextError.malformed) {
      try withBytes(text) { try scanner.scan($0, fields: JSONFields(["id"])) }
    }
  }

  @Test func invalidUTF8IsRefused() {
    let bytes: [UInt8] = Array("[\"a".utf8) + [0xFF, 0xFE] + Array("\"]".utf8)
    #expect(throws: JSONTextError.malformed) {
      try bytes.withUnsafeBytes { try scanner.scan($0) }
    }
  }

  @Test func depthIsBounded() throws {
    let deep = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
    _ = try withBytes(deep) { try scanner.scan($0) }
    #expect(throws: JSONTextError.tooDeep) {
      try withBytes("[" + deep + "]") { try scanner.scan($0) }
    }
    // Brackets inside of strings do not nest.
    _ = try elements("[\"" + String(repeating: "[", count: 500) + "\\\"[\"]")
  }

  @Test func aShorterTextSeesNothingOfTheLastOne() throws {
    _ = try elements(#"[1,2,3,{"a":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}]"#)
    #expect(throws: JSONTextError.malformed) { try elements("[1,2") }
  }

  @Test func wholeNumbersOnly() throws {
    let text = #"[9223372036854775807,-9223372036854775808,9223372036854775808,1.0,1e3,"7"]"#
    try withBytes(text) { bytes in
      try scanner.scan(bytes)
      let numbers = (0..<scanner.count).map { scanner.element($0).integer(in: bytes) }
      #expect(numbers == [.max, .min, nil, nil, nil, nil])
    }
  }
}
