// swift-tools-version: 6.2
import PackageDescription

// Every Swift target is built with these: a warning is an error, `any` is written out, and an
// import is an implementation detail unless it says otherwise.
let strict: [SwiftSetting] = [
  // In release builds small functions are inlined across our modules, and overlapping accesses are
  // looked for at compile time only: debug builds, which all tests run on, look at run time too.
  .unsafeFlags(
    ["-cross-module-optimization", "-enforce-exclusivity=unchecked"],
    .when(configuration: .release)),
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

// Targets without I/O also forbid every unsafe construct.
let pure: [SwiftSetting] = strict + [.strictMemorySafety()]

let nio: [Target.Dependency] = [
  .product(name: "NIOCore", package: "swift-nio"),
  .product(name: "NIOPosix", package: "swift-nio"),
  .product(name: "NIOHTTP1", package: "swift-nio"),
]
let tls: [Target.Dependency] = [
  .product(name: "NIOTLS", package: "swift-nio"),
  .product(name: "NIOSSL", package: "swift-nio-ssl"),
]
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "hookferry",
  products: [
    .executable(name: "hookferry", targets: ["hookferry"]),
    .executable(name: "hookferry-receiver", targets: ["hookferry-receiver"]),
    .executable(name: "hookferry-consumer", targets: ["hookferry-consumer"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // System libraries: module maps only.
    .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
    // It takes malloc's place in every program: see Telemetry's Heap.
    .systemLibrary(name: "CMimalloc", providers: [.apt(["libmimalloc-dev"])]),
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "CSimdJSON",
      cxxSettings: [.unsafeFlags(["-O2"])],
      linkerSettings: [.linkedLibrary("simdjson")]),

    // Pure.
    .target(name: "Model", swiftSettings: pure),
    .target(name: "Lanes", dependencies: ["Model"], swiftSettings: pure),

    // Adapters.
    .target(
      name: "Settings", dependencies: ["Model", .product(name: "Yams", package: "Yams")],
      resources: [.embedInCode("BuiltIn")], swiftSettings: strict),
    .target(
      name: "Telemetry", dependencies: ["Model", "CMimalloc", logging], swiftSettings: strict),
    .target(name: "JSONText", dependencies: ["CSimdJSON"], swiftSettings: strict),
    .target(name: "XMLText", dependencies: ["CExpat"], swiftSettings: strict),
    .target(
      name: "Signatures", dependencies: ["Model", "JSONText", "COpenSSL"], swiftSettings: strict),
    .target(
      name: "Providers",
      dependencies: ["Model", "Settings", "Signatures", "JSONText", "XMLText"],
      swiftSettings: strict),
    .target(name: "Kafka", dependencies: ["Model", "CRdKafka"], swiftSettings: strict),
    .target(
      name: "HTTPClient", dependencies: ["Model", "JSONText", "CCurl"], swiftSettings: strict),
    .target(
      name: "Stores", dependencies: ["Model", "CSQLite", "CPostgres"], swiftSettings: strict),
    .target(name: "Inflation", dependencies: ["CZlib"], swiftSettings: strict),
    .target(name: "AdminServer", dependencies: ["Telemetry"] + nio, swiftSettings: strict),

    // Services: wiring.
    .target(
      name: "Sandbox", dependencies: ["Model", "HTTPClient"] + nio,
      swiftSettings: strict),
    .target(
      name: "ReceiverService",
      dependencies: [
        "Model", "Settings", "Signatures", "Providers", "JSONText", "Kafka", "Stores", "Telemetry",
        "AdminServer", "Inflation", "HTTPClient", logging, lifecycle, signals,
      ] + nio + tls,
      swiftSettings: strict),
    .target(
      name: "ConsumerService",
      dependencies: [
        "Model", "Settings", "Lanes", "Signatures", "Providers", "JSONText", "Kafka",
        "HTTPClient", "Stores", "Telemetry", "AdminServer", logging, lifecycle, signals,
      ],
      swiftSettings: strict),
    .target(
      name: "OperatorCLI",
      dependencies: [
        "Model", "Settings", "Signatures", "Providers", "JSONText", "Kafka", "HTTPClient",
        "Stores", "Telemetry", "Sandbox", "ReceiverService", "ConsumerService", arguments, logging,
        lifecycle,
      ],
      swiftSettings: strict),

    // Proofs: not part of any product.
    .target(
      name: "Fuzzing",
      dependencies: [
        "Model", "Settings", "Signatures", "Providers", "ReceiverService",
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ] + nio,
      swiftSettings: strict),
    .executableTarget(
      name: "hookferry-fuzz", dependencies: ["Fuzzing", arguments], swiftSettings: strict),
    .target(
      name: "Benchmarking",
      dependencies: [
        "Model", "Settings", "Signatures", "Providers", "Kafka", "HTTPClient", "Telemetry",
        "ReceiverService", "ConsumerService", arguments, logging, lifecycle,
      ] + nio,
      swiftSettings: strict),
    .executableTarget(
      name: "hookferry-bench", dependencies: ["Benchmarking", arguments], swiftSettings: strict),

    .target(
      name: "Chaos", dependencies: ["Model", "Kafka", "Sandbox", "Stores"],
      swiftSettings: strict),
    .executableTarget(
      name: "hookferry-chaos", dependencies: ["Chaos", arguments], swiftSettings: strict),

    // Programs.
    .executableTarget(
      name: "hookferry", dependencies: ["OperatorCLI", arguments], swiftSettings: strict),
    .executableTarget(
      name: "hookferry-receiver", dependencies: ["ReceiverService", arguments],
      swiftSettings: strict),
    .executableTarget(
      name: "hookferry-consumer", dependencies: ["ConsumerService", arguments],
      swiftSettings: strict),

    // Tests.
    .target(name: "KafkaTestSupport", swiftSettings: strict),
    .target(name: "PostgresTestSupport", swiftSettings: strict),
    .testTarget(
      name: "KafkaTests", dependencies: ["Kafka", "KafkaTestSupport", "Model"],
      swiftSettings: strict),
    .testTarget(name: "ModelTests", dependencies: ["Model"], swiftSettings: strict),
    .testTarget(name: "LanesTests", dependencies: ["Lanes", "Model"], swiftSettings: strict),
    .testTarget(
      name: "SettingsTests", dependencies: ["Settings", "Model"], swiftSettings: strict),
    .testTarget(
      name: "TelemetryTests", dependencies: ["Telemetry", "Model", logging],
      swiftSettings: strict),
    .testTarget(
      name: "AdminServerTests", dependencies: ["AdminServer", "Telemetry"] + nio,
      swiftSettings: strict),
    .testTarget(name: "JSONTextTests", dependencies: ["JSONText"], swiftSettings: strict),
    .testTarget(name: "XMLTextTests", dependencies: ["XMLText"], swiftSettings: strict),
    .testTarget(
      name: "SignaturesTests",
      dependencies: ["COpenSSL", "Signatures", "Providers", "Settings", "Model"],
      resources: [.copy("Fixtures")], swiftSettings: strict),
    .testTarget(
      name: "ProvidersTests",
      dependencies: ["Providers", "Settings", "Signatures", "JSONText", "Model"],
      resources: [.copy("Fixtures")], swiftSettings: strict),
    .testTarget(
      name: "HTTPClientTests", dependencies: ["HTTPClient", "Model", "Signatures"],
      swiftSettings: strict),
    .testTarget(
      name: "InflationTests", dependencies: ["Inflation", "CZlib"], swiftSettings: strict),
    .testTarget(
      name: "StoresTests", dependencies: ["Stores", "Model", "CSQLite", "PostgresTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ReceiverServiceTests",
      dependencies: [
        "ReceiverService", "Kafka", "Model", "Providers", "Settings", "Signatures", "Stores",
        "Telemetry",
        "AdminServer", "CZlib", logging, lifecycle,
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ] + nio,
      swiftSettings: strict),
    .testTarget(
      name: "FuzzTests", dependencies: ["Fuzzing", "Model", "Providers"], exclude: ["Corpus"],
      swiftSettings: strict),
    .testTarget(
      name: "ChaosTests",
      dependencies: [
        "Chaos", "Kafka", "Model", "Sandbox", "Stores", "hookferry-chaos", "hookferry-consumer",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "OperatorCLITests",
      dependencies: [
        "OperatorCLI", "HTTPClient", "Model", "Providers", "ReceiverService", "Settings",
        "Signatures", logging, lifecycle,
      ],
      swiftSettings: strict),
    .testTarget(name: "TidyTests", swiftSettings: strict),
    .testTarget(
      name: "DeployTests",
      dependencies: [
        "OperatorCLI", "Settings", "hookferry-receiver", "hookferry-consumer", arguments,
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "SandboxTests", dependencies: ["Sandbox", "HTTPClient", "Model"] + nio,
      swiftSettings: strict),
    .testTarget(
      name: "ConsumerServiceTests",
      dependencies: [
        "ConsumerService", "Kafka", "Model", "Sandbox", "Settings", "Stores", "Telemetry",
        logging, lifecycle,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "IntegrationTests",
      dependencies: [
        "CSQLite", "Kafka", "KafkaTestSupport", "Model", "Providers", "Sandbox", "Signatures",
        "Stores",
        "hookferry", "hookferry-receiver",
        "hookferry-consumer",
      ],
      exclude: ["Clients"], swiftSettings: strict),
  ]
)
