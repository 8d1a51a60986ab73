// Rate headers as the providers send them.

import Model
import Testing

@testable import HTTPClient

@Suite struct RateHeadersTests {
  private static let nowMs: Int64 = 1_700_000_000_000

  private static let cases: [(String, HTTPHeaders, [RateWindow])] = [
    (
      "hubspot",
      [
        "X-HubSpot-RateLimit-Max": "190", "X-HubSpot-RateLimit-Remaining": "187",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        "X-HubSpot-RateLimit-Daily": "650000", "X-HubSpot-RateLimit-Daily-Remaining": "649321",
      ],
      [
        RateWindow("burst", windowS: 10, limit: 190, remaining: 187),
        RateWindow("day", windowS: 86_400, limit: 650_000, remaining: 649_321),
      ]
    ),
    // With OAuth there is no daily limit.
    (
      "hubspot",
      [
        "x-hubspot-ratelimit-max": "110", "x-hubspot-ratelimit-remaining": "109",
        "x-hubspot-ratelimit-interval-milliseconds": "10000",
      ], [RateWindow("burst", windowS: 10, limit: 110, remaining: 109)]
    ),
    (
      "salesforce", ["Sforce-Limit-Info": "api-usage=18/5000"],
      [RateWindow("day", windowS: 86_400, limit: 5000, remaining: 4982)]
    ),
    (
      "salesforce",
      ["Sforce-Limit-Info": "api-usage=10018/100000, api-bursts=1/750"],
      [
        RateWindow("day", windowS: 86_400, limit: 100_000, remaining: 89_982),
        RateWindow("burst", limit: 750, remaining: 749),
      ]
    ),
    (
      "salesforce",
      ["Sforce-Limit-Info": "api-usage=25/5000; per-app-api-usage=17/250(appName=sample)"],
      [RateWindow("day", windowS: 86_400, limit: 5000, remaining: 4975)]
    ),
    (
      "dataverse",
      [
        "x-ms-ratelimit-burst-remaining-xrm-requests": "5999",
        "x-ms-ratelimit-time-remaining-xrm-requests": "1,199.87",
      ],
      [
        RateWindow("burst", windowS: 300, remaining: 5999),
        RateWindow("execution_seconds", windowS: 300, remaining: 1199),
      ]
    ),
    (
      "shopify", ["X-Shopify-Shop-Api-Call-Limit": "32/40"],
      [RateWindow("bucket", windowS: 20, limit: 40, remaining: 8)]
    ),
    (
      "zoho", ["X-API-CREDITS-REMAINING": "4990"],
      [RateWindow("day", windowS: 86_400, remaining: 4990)]
    ),
    ("stripe", ["X-RateLimit-Limit": "5"], []),
    (
      "github",
      [
        "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999",
        "x-ratelimit-reset": "1700003600",
      ],
      [
        RateWindow(
          "hour", windowS: 3600, limit: 5000, remaining: 4999, resetAtMs: 1_700_003_600_000)
      ]
    ),
    (
      "linear",
      [
        "X-RateLimit-Requests-Limit": "1500", "X-RateLimit-Requests-Remaining": "1499",
        "X-RateLimit-Requests-Reset": "1700003600000",
      ],
      [
        RateWindow(
          "requests", windowS: 3600, limit: 1500, remaining: 1499, resetAtMs: 1_700_003_600_000)
      ]
    ),
    (
      "xero",
      [
        "X-MinLimit-Remaining": "59", "X-DayLimit-Remaining": "4998",
        "X-AppMinLimit-Remaining": "9997",
      ],
      [
        RateWindow("minute", windowS: 60, remaining: 59),
        RateWindow("day", windowS: 86_400, remaining: 4998),
        RateWindow("app_minute", windowS: 60, remaining: 9997),
      ]
    ),
    (
      "anything",
      ["RateLimit-Limit": "100", "RateLimit-Remaining": "50", "RateLimit-Reset": "30"],
      [RateWindow("default", limit: 100, remaining: 50, resetAtMs: nowMs + 30_000)]
    ),
    (
      "anything", ["RateLimit": "limit=100, remaining=50, reset=30"],
      [RateWindow("default", limit: 100, remaining: 50, resetAtMs: nowMs + 30_000)]
    ),
    (
      "anything",
      ["RateLimit": "\"default\";r=50;t=30", "RateLimit-Policy": "\"default\";q=100;w=60"],
      [
        RateWindow("default", windowS: 60, limit: 100, remaining: 50, resetAtMs: nowMs + 30_000)
      ]
    ),
    (
      "zendesk", ["X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "699"],
      [RateWindow("default", limit: 700, remaining: 699)]
    ),
    ("anything", ["X-RateLimit-Remaining": "soon", "RateLimit": "-1;;=", "X-Rate-Limit": ""], []),
    ("shopify", ["X-Shopify-Shop-Api-Call-Limit": "32"], []),
    ("anything", [:], []),
  ]

  @Test(arguments: cases.indices) func asSent(_ index: Int) {
    let (provider, headers, expected) = Self.cases[index]
    let read = RateHeaders(provider: provider).windows(in: headers, epochMs: Self.nowMs)
    #expect(read == expected, "\(provider) \(headers.fields)")
  }
}
