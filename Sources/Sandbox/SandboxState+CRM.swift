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
    guard request.authorization == "Bearer \(token)" else { return Self.unauthorized }
    let verdict = plan.verdict(nowMs: nowMs)
    var reply: SandboxReply
    switch verdict.refusal {
    case .unauthorized: reply = Self.unauthorized
    case .status(let status): reply = .error(status, "the sandbox was told to fail", "SANDBOX")
    case .throttled(let retryAfterS):
      reply = .error(
        429, "You have reached your ten_secondly_rolling limit.", "RATE_LIMITS",
        policyName: "TEN_SECONDLY_ROLLING")
      reply.headers.append(("Retry-After", String(retryAfterS)))
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

  /// What a reader gets to see of a record now, which may be its state before the last change.
  private mutating func visible(_ type: String, _ id: String, _ nowMs: Int64) -> SandboxRecord? {
    guard let record = objects.record(type, id) else { return nil }
    let shown =
      plan.isStale(changedAtMs: record.changedAtMs, nowMs: nowMs) ? record.stale : record
    return shown?.isDeleted == false ? shown : nil
  }

  private static var unauthorized: SandboxReply {
    .error(401, "Authentication credentials not found or expired.", "INVALID_AUTHENTICATION")
  }
}
