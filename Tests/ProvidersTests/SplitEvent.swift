// An event of a body, copied out of the splitter's draft.

import Model
import Providers
import Testing

struct SplitEvent {
  let event: Event
  let value: String
  /// The provider's own headers.
  let carried: HeaderList

  /// The draft must say what the event says that is read back from it, in the same words.
  init(_ draft: EventDraft, _ value: UnsafeRawBufferPointer) throws {
    event = try draft.event
    self.value = String(decoding: value, as: UTF8.self)
    var (ours, carried) = (HeaderList(), HeaderList())
    let written = draft.headers
    for index in 0..<written.count {
      let (name, value) = (written.nameBytes(at: index), written.valueBytes(at: index))
      if index < event.headers.count {
        ours.append(nameBytes: name, valueBytes: value)
      } else {
        carried.append(nameBytes: name, valueBytes: value)
      }
    }
    self.carried = carried
    #expect(ours == event.headers, "\(ours.texts) and \(event.headers.texts)")
    #expect(draft.key.map { Array($0) } == event.key?.encoded)
    #expect(String(decoding: draft.id, as: UTF8.self) == event.id)
    #expect(draft.tenant.map { String(decoding: $0, as: UTF8.self) } == event.key?.tenant)
  }
}
