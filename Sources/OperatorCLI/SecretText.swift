// A secret as a part of a body.

/// Writes secrets so that a body's reader finds them as they are.
enum SecretText {
  /// By the body's type; any other text takes a secret as it is.
  static func escaped(_ secret: String, in contentType: String) -> String {
    let type = contentType.lowercased()
    if type.contains("json") { return secret.unicodeScalars.map(json).joined() }
    if type.contains("xml") { return secret.unicodeScalars.map(xml).joined() }
    if type.contains("form-urlencoded") { return secret.utf8.map(form).joined() }
    return secret
  }

  private static func json(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"", "\\": return "\\" + String(scalar)
    case _ where scalar.value < 0x20: return "\\u00" + hex(UInt8(scalar.value))
    default: return String(scalar)
    }
  }

  private static func xml(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "&": "&amp;"
    case "<": "&lt;"
    case ">": "&gt;"
    default: String(scalar)
    }
  }

  private static func form(_ byte: UInt8) -> String {
    let scalar = Unicode.Scalar(byte)
    let isPlain = scalar.isASCII && scalar.properties.isAlphabetic || (0x30...0x39).contains(byte)
    return isPlain ? String(scalar) : "%" + hex(byte)
  }

  private static func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}
