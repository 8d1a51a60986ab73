// The part that looks like HubSpot: reading one object and reading many.

internal import Model

extension SandboxState {
  /// `/crm/v3/objects/{type}/{id}` and `/crm/v3/objects/{type}/batch/read`.
  mutating func crm(_ request: SandboxRequest, nowMs: Int64) -> SandboxReply {
    let path = request.path
    let isObjects = path.count > 3 && path[1] == "v3" && path[2] == "objects"
    let isBatch = isObjects && path.count == 6 && path[4] == "batch" && path[5] == "read"
    guard isBatch || (isObjects && path.count == 5) else {
      return .error(404, "no such path", "NOT_FOUND")
    }
    let endpoint = isBatch ? "batch_read" : "read"
    var reply = answer(request, isBatch: isBatch, nowMs: nowMs)
    reply.endpoint = endpoint
    return reply
  }

  private mutating func answer(
    _ request: SandboxRequest, isBatch: Bool, nowMs: Int64
  ) -> SandboxReply {
    if plan.isDead(nowMs: nowMs) { return SandboxReply(status: 0, isDropped: true) }
    let faults = plan.faults
    guard tokens.take(request.authorization, faults: faults, nowMs: nowMs) else {
      plan.reads.unauthorized += 1
      return Self.unauthorized
    }
    let verdict = plan.verdict(nowMs: nowMs)
    var reply: SandboxReply
    switch verdict.refusal {
    case .unauthorized:
      plan.reads.unauthorized += 1
      reply = Self.unauthorized
    case .status(let status): reply = .error(status, "the sandbox was told to fail", "SANDBOX")
    case .throttled(let retryAfter):
      reply = .error(
        429, "You have reached your ten_secondly_rolling limit.", "RATE_LIMITS",
        policyName: "TEN_SECONDLY_ROLLING")
      reply.headers.append(("Retry-After", retryAfter))
    case nil:
      let type = SandboxRecord.canonicalType(request.path[3])
      switch (isBatch, request.method) {
      case (true, "POST"): reply = batchRead(type, request.body, nowMs)
      case (false, "GET"): reply = read(type, request.path[4], request.query, nowMs)
      default: reply = .error(405, "method not allowed", "METHOD_NOT_ALLOWED")
      }
    }
    reply.headers += plan.rateHeaders
    reply.delayMs = verdict.delayMs
    return reply
  }

  private mutating func read(
    _ type: String, _ id: String, _ query: [(name: String, value: String)], _ nowMs: Int64
  ) -> SandboxReply {
    let asked = query.filter { $0.name == "properties" }
      .flatMap { $0.value.split(separator: ",").map(String.init) }
    if plan.faults.stuckIds.contains(id) { return stuck }
    plan.reads.singles += 1
    guard let object = visible(type, id, nowMs)?.object(properties: asked) else {
      return .error(404, "Object not found. objectId are usually numeric.", "OBJECT_NOT_FOUND")
    }
    return .json(200, object)
  }

  private mutating func batchRead(
    _ type: String, _ body: [UInt8], _ nowMs: Int64
  ) -> SandboxReply {
    guard let asked = JSONBody.decode(BatchReadBody.self, body) else {
      return .error(400, "Invalid input JSON", "VALIDATION_ERROR")
    }
    guard !asked.inputs.isEmpty, asked.inputs.count <= 100 else {
      return .error(400, "inputs must hold 1 to 100 ids", "VALIDATION_ERROR")
    }
    if asked.inputs.contains(where: { plan.faults.stuckIds.contains($0.id) }) { return stuck }
    plan.reads.batchCalls += 1
    plan.reads.batchIds += asked.inputs.count
    var results: [CRMObject] = []
    var missing: [String] = []
    var seen: Set<String> = []
    for input in asked.inputs where seen.insert(input.id).inserted {
      if let record = visible(type, input.id, nowMs) {
        results.append(record.object(properties: asked.properties ?? []))
      } else {
        missing.append(input.id)
      }
    }
    let now = Timestamp(ms: nowMs).text
    var answer = BatchReadAnswer(results: results, startedAt: now, completedAt: now)
    if missing.isEmpty { return .json(200, answer) }
    answer.numErrors = 1
    answer.errors = [
      BatchReadAnswer.BatchError(
        message: "Could not get some \(type.uppercased()) objects, they may be deleted or not "
          + "exist. Check that ids are valid.", context: ["ids": missing])
    ]
    return .json(207, answer)
  }

  /// What a reader gets to see of a record now, which may be an older state.
  private mutating func visible(_ type: String, _ id: String, _ nowMs: Int64) -> SandboxRecord? {
    guard let record = objects.record(type, id) else { return nil }
    let shown =
      switch plan.sight() {
      case .now: record
      case .beforeLastChange: record.stale
      case .past(let ms): record.state(atMs: nowMs - ms)
      }
    return shown?.isDeleted == false ? shown : nil
  }

  private var stuck: SandboxReply {
    .error(plan.faults.errorStatus, "the sandbox was told to fail for this record", "SANDBOX")
  }

  private static var unauthorized: SandboxReply {
    .error(401, "Authentication credentials not found or expired.", "INVALID_AUTHENTICATION")
  }
}
