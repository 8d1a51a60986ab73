// One record on its way into librdkafka.

import CRdKafka

/// What `rd_kafka_produceva` takes, borrowed for the length of one call.
struct RawRecord {
  let topic: OpaquePointer
  let key: UnsafeRawBufferPointer?
  let value: UnsafeRawBufferPointer?
  let timestampMs: Int64?
  let ticket: UInt64
  let partition: Int32?

  private static let fieldsMax = 8

  /// Nil: taken. librdkafka copies key and value; the header list is its own, or gone, afterwards.
  func enqueue(_ client: OpaquePointer, _ list: OpaquePointer?) -> KafkaError? {
    let error = withUnsafeTemporaryAllocation(
      of: rd_kafka_vu_t.self, capacity: Self.fieldsMax
    ) { fields in
      let count = fill(fields, list)
      return rd_kafka_produceva(client, fields.baseAddress, count)
    }
    guard let error else { return nil }
    // The header list becomes librdkafka's only when the record does.
    if let list { rd_kafka_headers_destroy(list) }
    return KafkaError(consuming: error)
  }

  private func fill(
    _ fields: UnsafeMutableBufferPointer<rd_kafka_vu_t>, _ headers: OpaquePointer?
  ) -> Int {
    var count = 0
    func add(_ type: rd_kafka_vtype_t, _ set: (inout rd_kafka_vu_t) -> Void) {
      var field = rd_kafka_vu_t()
      field.vtype = type
      set(&field)
      fields.initializeElement(at: count, to: field)
      count += 1
    }
    add(RD_KAFKA_VTYPE_RKT) { $0.u.rkt = topic }
    add(RD_KAFKA_VTYPE_MSGFLAGS) { $0.u.i = RD_KAFKA_MSG_F_COPY }
    add(RD_KAFKA_VTYPE_OPAQUE) { $0.u.ptr = UnsafeMutableRawPointer(bitPattern: UInt(ticket)) }
    if let partition { add(RD_KAFKA_VTYPE_PARTITION) { $0.u.i32 = partition } }
    if let key { add(RD_KAFKA_VTYPE_KEY) { Self.set(&$0, key) } }
    if let value { add(RD_KAFKA_VTYPE_VALUE) { Self.set(&$0, value) } }
    if let timestampMs { add(RD_KAFKA_VTYPE_TIMESTAMP) { $0.u.i64 = timestampMs } }
    if let headers { add(RD_KAFKA_VTYPE_HEADERS) { $0.u.headers = headers } }
    return count
  }

  /// An empty buffer may have no address, which librdkafka would take for null: any address does,
  /// because no byte of it is read.
  private static func set(_ field: inout rd_kafka_vu_t, _ bytes: UnsafeRawBufferPointer) {
    field.u.mem.ptr = UnsafeMutableRawPointer(
      mutating: bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1))
    field.u.mem.size = bytes.count
  }
}
