// What the doctor found, for a person and as JSON.
import Model
import Signatures

struct DoctorReport: Encodable {
  struct Line: Encodable {
    let scheme: String
    let secret: Int?
    let differences: [String]
    let ageS: Int64?
    let missingHeaders: [String]
  }

  let judgedBy: String
  let isTaken: Bool
  /// A closed word; nil when taken.
  let reason: String?
  let remedy: String?
  let wouldMatch: [Line]

  /// `ruling` nil: nobody's settings were asked.
  init(_ judgedBy: String, _ ruling: Authenticator.Ruling?, _ findings: [Diagnosis.Finding]) {
    self.judgedBy = judgedBy
    wouldMatch = findings.map {
      Line(
        scheme: $0.scheme, secret: $0.secretIndex, differences: $0.differences, ageS: $0.ageS,
        missingHeaders: $0.missingHeaders)
    }
    switch ruling {
    case .genuine(let verified)?:
      (isTaken, reason, remedy) = (true, nil, "verified by \(verified.label)")
    case .answer(let answer)?:
      (isTaken, reason, remedy) = (true, nil, "it is the handshake \(answer.name)")
    case .refused(let rejection)?:
      (isTaken, reason, remedy) = (false, rejection.rawValue, Self.remedy(rejection))
    case nil:
      isTaken = findings.contains { $0.differences.isEmpty }
      (reason, remedy) = (nil, nil)
    }
  }

  static func needsFindings(_ ruling: Authenticator.Ruling) -> Bool {
    if case .refused = ruling { true } else { false }
  }

  func show() {
    let terminal = Terminal.current
    let verdict = isTaken ? "it would be taken" : "it would be refused"
    terminal.line("\(judgedBy): \(verdict)\(reason.map { ", \($0)" } ?? "")")
    if let remedy { terminal.line("  \(remedy)") }
    for line in wouldMatch { terminal.line("  \(Self.text(line))") }
    if wouldMatch.isEmpty, !isTaken {
      terminal.line("  nothing that was tried matches: another secret, or a changed body")
    }
  }

  private static func text(_ line: Line) -> String {
    var text = "\(line.scheme) matches"
    if let secret = line.secret { text += " with secret \(secret)" }
    if !line.differences.isEmpty {
      text += ", if it is " + line.differences.joined(separator: " and ")
    }
    if let ageS = line.ageS {
      text += ageS >= 0 ? "; signed \(ageS) s before" : "; signed \(-ageS) s in the future"
    }
    if !line.missingHeaders.isEmpty {
      text += "; it lacks \(line.missingHeaders.joined(separator: ", "))"
    }
    return text
  }

  private static func remedy(_ rejection: Rejection) -> String {
    switch rejection {
    case .signatureMissing:
      "no header or field of the source's schemes is in it: is it the provider's?"
    case .signatureMalformed:
      "the signature is not of the scheme's form: was a header cut or joined?"
    case .signatureMismatch: "the signature is of another secret, URL or body"
    case .timestampMissing: "the time that is signed is not in it: did a proxy drop a header?"
    case .timestampOutsideTolerance: "its time is too far from the clock: is one of them wrong?"
    case .badRequest: "something that the provider always sends is missing, or the body is empty"
    case .methodNotAllowed: "the provider does not send events with this method"
    default: rejection.message
    }
  }
}
