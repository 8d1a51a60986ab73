// The life of an accepted request, edge by edge, and against random histories.

import Model
import Testing

@testable import ReceiverService

@Suite struct RequestProgressTests {
  typealias Action = RequestProgress.Action

  func published(_ count: Int) -> RequestProgress {
    var progress = RequestProgress(deadlineMs: 1000)
    for _ in 0..<count { progress.handedOver() }
    return progress
  }

  @Test func acceptedOnlyAfterTheLastReport() {
    var progress = published(2)
    #expect(progress.sealed() == .none)
    #expect(progress.delivered(nil) == .none)
    #expect(progress.delivered(nil) == Action(answer: .accepted, isFinished: true))
  }

  @Test func nothingToStoreIsAcceptedAtOnce() {
    var progress = published(0)
    #expect(progress.sealed() == Action(answer: .accepted, isFinished: true))
  }

  @Test func theFirstBadReportAnswers() {
    var progress = published(3)
    _ = progress.sealed()
    #expect(progress.delivered(nil) == .none)
    let bad = progress.delivered(.kafkaRefused)
    #expect(bad == Action(answer: .rejected(.kafkaRefused), isFinished: false))
    #expect(progress.delivered(.kafkaTimeout) == Action(answer: nil, isFinished: true))
  }

  @Test func aRefusedEventAnswersAtOnceAndWaitsForTheOthers() {
    var progress = published(1)
    progress.refused(.kafkaQueueFull)
    #expect(progress.sealed() == Action(answer: .rejected(.kafkaQueueFull), isFinished: false))
    #expect(progress.delivered(nil) == Action(answer: nil, isFinished: true))
    var alone = published(0)
    alone.refused(.kafkaQueueFull)
    #expect(alone.sealed() == Action(answer: .rejected(.kafkaQueueFull), isFinished: true))
  }

  @Test func theDeadlineAnswersAndLateReportsChangeNothing() {
    var progress = published(2)
    _ = progress.sealed()
    #expect(progress.elapsed(nowMs: 999) == .none)
    let late = progress.elapsed(nowMs: 1000)
    #expect(late == Action(answer: .rejected(.kafkaTimeout), isFinished: false))
    #expect(progress.elapsed(nowMs: 2000) == .none)
    #expect(progress.delivered(nil) == Action(answer: nil, isFinished: false))
    #expect(progress.delivered(.kafkaTimeout) == Action(answer: nil, isFinished: true))
  }

  /// Whatever the history: one answer, one end, accepted only when all are acknowledged by then.
  @Test func randomHistories() {
    let seed = UInt64.random(in: 0...(.max))
    var random = SplitMix64(seed: seed)
    for _ in 0..<2000 {
      var progress = RequestProgress(deadlineMs: 10)
      let offered = Int(random.next() % 5)
      let refusedAt = random.next() % 4 == 0 ? Int(random.next() % 5) : 99
      var outstanding = 0
      for index in 0..<offered {
        if index == refusedAt {
          progress.refused(.kafkaQueueFull)
          break
        }
        progress.handedOver()
        outstanding += 1
      }
      var answers: [RequestProgress.Answer] = []
      var ends = 0
      var allGood = refusedAt >= offered
      var isPastDeadline = false
      func note(_ action: Action) {
        if let answer = action.answer {
          answers.append(answer)
          let isAccepted = answer == .accepted
          #expect(isAccepted == (allGood && outstanding == 0 && !isPastDeadline), "seed \(seed)")
        }
        if action.isFinished {
          ends += 1
          #expect(outstanding == 0, "seed \(seed)")
        }
      }
      note(progress.sealed())
      while outstanding > 0 {
        if random.next() % 5 == 0 {
          isPastDeadline = true
          note(progress.elapsed(nowMs: 10))
        } else {
          let isGood = random.next() % 4 != 0
          outstanding -= 1
          allGood = allGood && isGood
          note(progress.delivered(isGood ? nil : .kafkaRefused))
        }
      }
      #expect(answers.count == 1, "seed \(seed)")
      #expect(ends == 1, "seed \(seed)")
    }
  }

  @Test func illegalCallsStopTheProgram() async {
    await #expect(processExitsWith: .failure) {
      var progress = RequestProgress(deadlineMs: 0)
      _ = progress.sealed()
      progress.handedOver()
    }
    await #expect(processExitsWith: .failure) {
      var progress = RequestProgress(deadlineMs: 0)
      _ = progress.delivered(nil)
    }
  }
}
