// The part that tests and other processes steer by. It has no authentication: it belongs on a
// loopback address or a private network.

internal import Model

extension SandboxState {
  /// `/sandbox/{health,objects,faults,stats,webhook,poison}`.
  mutating func control(
    _ request: SandboxRequest, progress: SandboxProgress, nowMs: Int64
  ) -> SandboxReply {
    let path = Array(request.path.dropFirst())
    switch (request.method, path.first, path.count) {
    case ("GET", "health", 1): return .json(200, ["status": "ok"])
    case ("GET", "objects", 1): return list()
    case ("POST", "objects", 2): return put(path[1], objects.newId(), request.body, nowMs)
    case ("PUT", "objects", 3): return put(path[1], path[2], request.body, nowMs)
    case ("DELETE", "objects", 3): return delete(path[1], path[2], nowMs)
    case ("GET", "faults", 1): return .json(200, plan.faults(nowMs: nowMs))
    case ("DELETE", "faults", 1):
      setFaults(SandboxFaults(), nowMs: nowMs)
      return .json(200, plan.faults(nowMs: nowMs))
    case ("POST", "faults", 1): return changeFaults(request.body, nowMs)
    case ("GET", "stats", 1):
      return .json(
        200, StatsAnswer(requests: requestCounts, reads: plan.reads, webhooks: progress))
    case ("PUT", "webhook", 1): return setTarget(request.body)
    case ("POST", "poison", 1): return poison(request.body)
    default: return .error(404, "no such path or method", "NOT_FOUND")
    }
  }

  private func list() -> SandboxReply {
    .json(
      200,
      ListAnswer(
        results: objects.all.map { record in
          ListedObject(
            type: record.type, id: record.id, properties: record.properties,
            createdAt: Timestamp(ms: record.createdAtMs).text,
            updatedAt: Timestamp(ms: record.updatedAtMs).text, archived: record.isDeleted)
        }))
  }

  private mutating func put(
    _ type: String, _ id: String, _ body: [UInt8], _ nowMs: Int64
  ) -> SandboxReply {
    guard Self.isNumber(id) else {
      return .error(400, "a record's id must be a positive number", "VALIDATION_ERROR")
    }
    // `{"properties": {...}}`, as HubSpot has it, or the properties alone.
    let wrapped = JSONBody.decode([String: [String: PropertyValue]].self, body)?["properties"]
    guard let values = wrapped ?? JSONBody.decode([String: PropertyValue].self, body) else {
      return .error(400, "the body must be a JSON object of properties", "VALIDATION_ERROR")
    }
    let type = SandboxRecord.canonicalType(type)
    let isNew = objects.record(type, id).map(\.isDeleted) ?? true
    let events = objects.put(type, id, values.mapValues(\.text), nowMs: nowMs)
    guard let record = objects.record(type, id) else {
      return .error(500, "the record is gone", "SANDBOX")
    }
    var reply = SandboxReply.json(
      isNew ? 201 : 200, record.object(properties: record.properties.keys.sorted()))
    reply.effect = .deliver(events)
    return reply
  }

  private mutating func delete(_ type: String, _ id: String, _ nowMs: Int64) -> SandboxReply {
    let type = SandboxRecord.canonicalType(type)
    guard let events = objects.delete(type, id, nowMs: nowMs) else {
      return .error(404, "no such record", "OBJECT_NOT_FOUND")
    }
    return SandboxReply(status: 204, effect: .deliver(events))
  }

  private mutating func changeFaults(_ body: [UInt8], _ nowMs: Int64) -> SandboxReply {
    guard let change = JSONBody.decode(SandboxFaultsChange.self, body) else {
      return .error(400, "the body must be a JSON object of faults", "VALIDATION_ERROR")
    }
    var faults = plan.faults(nowMs: nowMs)
    change.apply(to: &faults)
    if let problem = faults.problem { return .error(400, problem, "VALIDATION_ERROR") }
    setFaults(faults, nowMs: nowMs)
    return .json(200, faults)
  }

  private func setTarget(_ body: [UInt8]) -> SandboxReply {
    guard let target = JSONBody.decode(WebhookTargetBody.self, body) else {
      return .error(400, "the body must be {\"url\": …, \"publicUrl\": …}", "VALIDATION_ERROR")
    }
    return SandboxReply(
      status: 204, effect: .target(url: target.url, publicURL: target.publicUrl))
  }

  private func poison(_ body: [UInt8]) -> SandboxReply {
    let count = body.isEmpty ? 1 : JSONBody.decode(PoisonBody.self, body)?.count ?? 0
    guard (1...1000).contains(count) else {
      return .error(400, "count must be 1 to 1000", "VALIDATION_ERROR")
    }
    return SandboxReply(status: 204, effect: .poison(count))
  }

  private static func isNumber(_ id: String) -> Bool {
    (Int64(id) ?? 0) > 0 && id.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }
}
