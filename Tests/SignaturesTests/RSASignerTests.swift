// Keys that sign assertions; that the signature holds is shown in HTTPClientTests.

import Foundation
import Signatures
import Testing

@Suite struct RSASignerTests {
  private func key(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }

  @Test(arguments: [["genrsa", "2048"], ["genrsa", "-traditional", "3072"]])
  func signaturesAreAsLongAsTheKey(_ arguments: [String]) throws {
    let signer = try RSASigner(pem: key(arguments))
    let message = Array("a.b".utf8)
    let signature = try signer.sign(message)
    #expect(signature.count == (arguments.last == "2048" ? 256 : 384))
    #expect(try signer.sign(message) == signature)
    #expect(try signer.sign([]) != signature)
  }

  @Test(arguments: [
    ["genrsa", "1024"], ["ecparam", "-genkey", "-name", "prime256v1", "-noout"],
    ["genrsa", "-aes128", "-passout", "pass:secret", "2048"], ["version"],
  ]) func otherKeysAreRefused(_ arguments: [String]) throws {
    let pem = try key(arguments)
    #expect(!pem.isEmpty)
    #expect(throws: SchemeError.self) { try RSASigner(pem: pem) }
  }
}
