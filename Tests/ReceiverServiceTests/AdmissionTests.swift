// What the process takes on: requests and bytes are counted in one figure, and refused apart.

import Model
import Telemetry
import Testing

@testable import ReceiverService
@testable import Settings

@Suite struct AdmissionTests {
  private static func admission() -> (Admission, ReceiverMetrics) {
    var settings = Configuration.blank.receiver
    settings.inFlightRequestsMax = 2
    settings.inFlightBytesMax = 100
    let metrics = ReceiverMetrics(MetricRegistry())
    return (Admission(settings, metrics: metrics), metrics)
  }

  @Test func requestsAndBytesHaveLimitsOfTheirOwn() {
    let (admission, metrics) = Self.admission()
    #expect(admission.admitBytes(60, andRequest: true) && admission.admitBytes(40))
    #expect(!admission.admitBytes(1), "100 bytes are taken")
    #expect(!admission.admitBytes(1, andRequest: true), "nor with a request")
    #expect(admission.admitRequest() && admission.isFull)
    #expect(!admission.admitRequest() && !admission.admitBytes(0, andRequest: true))
    #expect(admission.admitBytes(0), "nothing more is always room for")
    #expect(admission.requestsInFlight == 2 && admission.bytesInFlight == 100)
    #expect(metrics.inFlightRequests.value == 2 && metrics.inFlightBytes.value == 100)
    admission.requestEnded(bytes: 60)
    #expect(admission.requestsInFlight == 1 && admission.bytesInFlight == 40)
    #expect(!admission.isFull && admission.admitBytes(60, andRequest: true))
    admission.requestEnded(bytes: 60)
    admission.requestEnded(bytes: 40)
    #expect(metrics.inFlightRequests.value == 0 && metrics.inFlightBytes.value == 0)
  }
}
