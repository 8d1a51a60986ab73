// RS256: what a JWT bearer grant is signed with, over OpenSSL.

internal import COpenSSL

/// A private RSA key that signs. Made once from its PEM; may be used from any thread.
package final class RSASigner: Sendable {
  /// Shorter keys are refused: RFC 7518 asks for 2048 bits.
  package static let bitsMin = 2048

  private let key: Key

  // SAFETY: OpenSSL's keys may be shared by threads that only sign; freed in deinit.
  private struct Key: @unchecked Sendable { let pointer: OpaquePointer }

  /// PKCS #8 or PKCS #1, without a passphrase.
  package init(pem: String) throws(SchemeError) {
    defer { ERR_clear_error() }
    let bytes = Array(pem.utf8)
    guard let memory = BIO_new_mem_buf(bytes, Int32(clamping: bytes.count)) else {
      throw .cryptography("no memory for a private key")
    }
    defer { BIO_free(memory) }
    // Without this callback OpenSSL would ask for a passphrase on the terminal.
    guard let pointer = PEM_read_bio_PrivateKey(memory, nil, { _, _, _, _ in -1 }, nil) else {
      throw .cryptography("the private key is not PEM without a passphrase")
    }
    key = Key(pointer: pointer)
    guard EVP_PKEY_get_base_id(pointer) == EVP_PKEY_RSA else {
      throw .cryptography("the private key is not an RSA key")
    }
    guard EVP_PKEY_get_bits(pointer) >= Self.bitsMin else {
      throw .cryptography("the RSA key is shorter than \(Self.bitsMin) bits")
    }
  }

  deinit { EVP_PKEY_free(key.pointer) }

  /// PKCS #1 v1.5 with SHA-256.
  package func sign(_ message: [UInt8]) throws(SchemeError) -> [UInt8] {
    guard let context = EVP_MD_CTX_new() else { throw .cryptography("RS256") }
    defer {
      EVP_MD_CTX_free(context)
      ERR_clear_error()
    }
    var count = 0
    guard EVP_DigestSignInit_ex(context, nil, "SHA256", nil, nil, key.pointer, nil) == 1,
      EVP_DigestSign(context, nil, &count, message, message.count) == 1
    else { throw .cryptography("RS256") }
    var signature = [UInt8](repeating: 0, count: count)
    guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else {
      throw .cryptography("RS256")
    }
    return Array(signature.prefix(count))
  }
}
