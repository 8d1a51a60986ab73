// Subjects of certificates as openssl makes them, compared with what openssl says they are.

import Foundation
import Testing

@testable import ReceiverService

@Suite(.timeLimit(.minutes(1))) struct CertificateSubjectTests {
  func der(_ subject: String, in directory: String) async throws -> [UInt8] {
    let made = try await Edge.run(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8",
        "-multivalue-rdn", "-subj", subject, "-days", "1", "-keyout", "\(directory)/key.pem",
        "-outform", "DER", "-out", "\(directory)/certificate.der",
      ])
    #expect(made.code == 0, "\(made.output)")
    return try Array(Data(contentsOf: URL(filePath: "\(directory)/certificate.der")))
  }

  @Test(arguments: [
    ("/C=DE/O=Example/CN=crm", "CN=crm,O=Example,C=DE"),
    ("/CN=crm", "CN=crm"),
    // What stands inside a value cannot look like another part.
    (#"/O=Evil/CN=crm,O=Example"#, #"CN=crm\,O=Example,O=Evil"#),
    (#"/O=a\/b+OU=c/CN= x "#, #"CN=\ x\ ,OU=c+O=a/b"#),
    (##"/CN=#1 "quoted" <a>;\\"##, ##"CN=\#1 \"quoted\" \<a\>\;\\"##),
    ("/DC=org/DC=example/UID=u1/CN=x", "CN=x,UID=u1,DC=example,DC=org"),
    ("/emailAddress=a@example.org/CN=x", "CN=x,emailAddress=a@example.org"),
  ])
  func asOpenSSLSays(_ subject: String, _ expected: String) async throws {
    try await Edge.withDirectory { directory in
      let text = CertificateSubject.text(der: try await der(subject, in: directory))
      let said = try await Edge.run(
        "openssl",
        [
          "x509", "-inform", "DER", "-in", "\(directory)/certificate.der", "-noout", "-subject",
          "-nameopt", "RFC2253",
        ])
      let theirs = said.output.trimmingCharacters(in: .newlines).dropFirst("subject=".count)
      // Parts of one set have no order of their own.
      #expect(text?.split(separator: "+").sorted() == expected.split(separator: "+").sorted())
      #expect(theirs.split(separator: "+").count == expected.split(separator: "+").count)
      if !expected.contains("+") { #expect(text == String(theirs)) }
    }
  }

  /// UTF-8 stays text, where openssl's form escapes it byte by byte; a type that has no name here
  /// is its number, and its value is as it is encoded.
  @Test func otherLetters() async throws {
    try await Edge.withDirectory { directory in
      let text = CertificateSubject.text(
        der: try await der("/O=Müller €/organizationIdentifier=x/CN=y", in: directory))
      #expect(text == "CN=y,2.5.4.97=#0C0178,O=Müller €")
    }
  }

  /// However a certificate is cut or changed, there is an answer or none, and no trap.
  @Test func damage() async throws {
    try await Edge.withDirectory { directory in
      let whole = try await der("/C=DE/O=Example/CN=crm", in: directory)
      for count in 0..<whole.count {
        _ = CertificateSubject.text(der: Array(whole.prefix(count)))
        for byte: UInt8 in [0, 0x1E, 0x30, 0x7F, 0x80, 0x83, 0x84, 0xFF] {
          var damaged = whole
          damaged[count] = byte
          _ = CertificateSubject.text(der: damaged)
        }
      }
      #expect(CertificateSubject.text(der: []) == nil)
      #expect(CertificateSubject.text(der: Array(whole.prefix(60))) == nil)
    }
  }
}
