// JSON by slices: where the elements of an array and named fields of each lie in the text. A C face
// over libsimdjson; nothing throws through it and nothing here keeps the caller's bytes.
#ifndef HOOKFERRY_CSIMDJSON_H
#define HOOKFERRY_CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// One parser; to be used by one thread at a time.
typedef struct csimdjson_parser csimdjson_parser;

enum {
  CSIMDJSON_MISSING = 0,
  CSIMDJSON_STRING = 1,
  /// A string with at least one backslash in it.
  CSIMDJSON_ESCAPED_STRING = 2,
  CSIMDJSON_NUMBER = 3,
  CSIMDJSON_TRUE = 4,
  CSIMDJSON_FALSE = 5,
  CSIMDJSON_NULL = 6,
  CSIMDJSON_OBJECT = 7,
  CSIMDJSON_ARRAY = 8,
};

enum {
  CSIMDJSON_OK = 0,
  CSIMDJSON_MALFORMED = 1,
  CSIMDJSON_NO_SUCH_FIELD = 2,
  CSIMDJSON_NO_MEMORY = 3,
  CSIMDJSON_TOO_LARGE = 4,
  CSIMDJSON_TOO_DEEP = 5,
  CSIMDJSON_BAD_POINTER = 6,
};

/// A value's place in the text. A string's span is what stands between its quotes.
typedef struct csimdjson_span {
  uint32_t offset;
  uint32_t length;
  uint32_t kind;
} csimdjson_span;

/// A field name; it must not need escaping.
typedef struct csimdjson_name {
  const char *_Nonnull bytes;
  size_t length;
} csimdjson_name;

/// The answer of csimdjson_scan: `count` rows of 1 + number of names spans, the element itself
/// first. It stands until the next call with the same parser.
typedef struct csimdjson_rows {
  const csimdjson_span *_Nullable spans;
  size_t count;
  /// 1 when the value looked at was an array, 0 when it was anything else (then one row).
  int32_t is_array;
} csimdjson_rows;

/// `depth_max`: objects and arrays nested deeper than this are refused.
csimdjson_parser *_Nullable csimdjson_parser_new(uint32_t depth_max);
void csimdjson_parser_free(csimdjson_parser *_Nullable parser);

/// Looks at the value at `pointer` (RFC 6901 without ~ escapes; "" is the whole text). Of a
/// repeated field the last one counts. What is inside of values that nobody asked for is checked
/// for balance and UTF-8 only.
int32_t csimdjson_scan(
  csimdjson_parser *_Nonnull parser, const uint8_t *_Nullable bytes, size_t length,
  const char *_Nonnull pointer, size_t pointer_length, const csimdjson_name *_Nullable names,
  size_t name_count, csimdjson_rows *_Nonnull rows);

#ifdef __cplusplus
}
#endif
#endif
