// Signatures with a public key, over OpenSSL.

import COpenSSL

/// A public key. To be used by one thread at a time, as the verifier that has it.
final class PublicKey {
  enum Kind: Equatable { case ed25519, ellipticCurve, rsa, other }

  private let key: OpaquePointer

  /// Takes the key over.
  init(owning key: OpaquePointer) { self.key = key }

  /// 32 bytes of ed25519; nil for anything else.
  init?(ed25519 bytes: [UInt8]) {
    guard bytes.count == 32,
      let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count)
    else { return nil }
    self.key = key
  }

  /// DER of a SubjectPublicKeyInfo and nothing behind it.
  init?(subjectPublicKeyInfo bytes: [UInt8]) {
    let key: OpaquePointer? = bytes.withUnsafeBufferPointer { bytes in
      var at = bytes.baseAddress
      let key = d2i_PUBKEY(nil, &at, bytes.count)
      guard let base = bytes.baseAddress, let end = at, end - base == bytes.count else {
        if let key { EVP_PKEY_free(key) }
        return nil
      }
      return key
    }
    guard let key else {
      ERR_clear_error()
      return nil
    }
    self.key = key
  }

  deinit { EVP_PKEY_free(key) }

  var kind: Kind {
    switch EVP_PKEY_get_base_id(key) {
    case EVP_PKEY_ED25519: .ed25519
    case EVP_PKEY_EC: .ellipticCurve
    case EVP_PKEY_RSA: .rsa
    default: .other
    }
  }

  /// `hash` nil for ed25519, which has its own. RSA is PKCS #1 v1.5, ECDSA is DER.
  func verifies(_ signature: [UInt8], of message: [UInt8], hash: Scheme.Hash?) -> Bool {
    guard !signature.isEmpty, let context = EVP_MD_CTX_new() else { return false }
    defer {
      EVP_MD_CTX_free(context)
      // What OpenSSL noted of a wrong signature must not surface elsewhere.
      ERR_clear_error()
    }
    let isReady =
      if let hash {
        EVP_DigestVerifyInit_ex(context, nil, hash.opensslName, nil, nil, key, nil) == 1
      } else {
        EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1
      }
    guard isReady else { return false }
    return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }
}
