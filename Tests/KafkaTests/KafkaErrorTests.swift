// Errors: small, named, with a bounded label and a remedy.

import Kafka
import Testing

@Suite struct KafkaErrorTests {
  @Test func codeAloneTellsNameAndSentence() {
    let error = KafkaError(.queueFull)
    #expect(error.name == "_QUEUE_FULL")
    #expect(error.message == "Local: Queue full")
    #expect(error.description == "Local: Queue full (_QUEUE_FULL)")
    #expect(error.label == "queue_full")
    #expect(error.isRetriable)
    #expect(!error.isFatal)
  }

  @Test func brokerVerdictsOnARecordAreFinal() {
    #expect(!KafkaError(.messageTooLarge).isRetriable)
    #expect(!KafkaError(.topicAuthorization).isRetriable)
    #expect(KafkaError(.notLeader).isRetriable)
    #expect(KafkaError(.messageTimedOut).isRetriable)
  }

  @Test func fatalIsNeverRetriable() {
    #expect(!KafkaError(.notLeader, isFatal: true).isRetriable)
  }

  @Test func unknownCodeHasTheOtherLabel() {
    let error = KafkaError(KafkaError.Code(rawValue: 31_999))
    #expect(error.label == "other")
    #expect(!error.isRetriable)
    #expect(!error.message.isEmpty)
  }

  @Test func everyKindHasARemedyAndAWordForALabel() {
    for kind in KafkaError.Kind.allCases {
      #expect(!kind.remedy.isEmpty)
      #expect(kind.rawValue.allSatisfy { $0.isLowercase || $0 == "_" })
    }
  }

  @Test func absentErrorIsTwoWordsAndADeliverySmall() {
    #expect(MemoryLayout<KafkaError?>.size <= 16)
    #expect(MemoryLayout<Delivery>.stride <= 48)
  }
}
