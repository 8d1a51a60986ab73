// The shim over simdjson's on-demand parser. The text is copied once, into a padded buffer that the
// parser keeps and reuses; offsets are the same in the copy and in the caller's bytes.
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>
#include <vector>

#include "CSimdJSON.h"

namespace {

using namespace simdjson;

constexpr size_t length_max = 0xFFFFFF00u;

struct names_view {
  const csimdjson_name *names;
  size_t count;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view white = " \n\r\t";
  while (!text.empty() && white.find(text.back()) != white.npos) {
    text.remove_suffix(1);
  }
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_number(std::string_view text) {
  size_t at = 0;
  auto digits = [&] {
    size_t start = at;
    while (at < text.size() && is_digit(text[at])) at++;
    return at - start;
  };
  if (at < text.size() && text[at] == '-') at++;
  size_t first = at;
  size_t whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) return false;
  if (at < text.size() && text[at] == '.') {
    at++;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    at++;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) at++;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

}  // namespace

struct csimdjson_parser {
  ondemand::parser parser;
  std::vector<char> text;
  std::vector<csimdjson_span> spans;
  uint32_t depth_max;

  csimdjson_span span(std::string_view slice, uint32_t kind) const {
    return {uint32_t(slice.data() - text.data()), uint32_t(slice.size()), kind};
  }

  // A number, string or literal, checked against its grammar.
  int32_t scalar(std::string_view token, csimdjson_span &out) const {
    token = trimmed(token);
    if (token.empty()) return CSIMDJSON_MALFORMED;
    switch (token.front()) {
      case '"': {
        if (token.size() < 2 || token.back() != '"') return CSIMDJSON_MALFORMED;
        std::string_view inner = token.substr(1, token.size() - 2);
        bool escaped = std::memchr(inner.data(), '\\', inner.size()) != nullptr;
        out = span(inner, escaped ? CSIMDJSON_ESCAPED_STRING : CSIMDJSON_STRING);
        return CSIMDJSON_OK;
      }
      case 't':
        out = span(token, CSIMDJSON_TRUE);
        return token == "true" ? CSIMDJSON_OK : CSIMDJSON_MALFORMED;
      case 'f':
        out = span(token, CSIMDJSON_FALSE);
        return token == "false" ? CSIMDJSON_OK : CSIMDJSON_MALFORMED;
      case 'n':
        out = span(token, CSIMDJSON_NULL);
        return token == "null" ? CSIMDJSON_OK : CSIMDJSON_MALFORMED;
      default:
        out = span(token, CSIMDJSON_NUMBER);
        return is_number(token) ? CSIMDJSON_OK : CSIMDJSON_MALFORMED;
    }
  }

  int32_t value(ondemand::value item, csimdjson_span &out) const {
    ondemand::json_type type;
    if (item.type().get(type)) return CSIMDJSON_MALFORMED;
    std::string_view slice;
    switch (type) {
      case ondemand::json_type::object: {
        ondemand::object object;
        if (item.get_object().get(object) || object.raw_json().get(slice)) {
          return CSIMDJSON_MALFORMED;
        }
        out = span(trimmed(slice), CSIMDJSON_OBJECT);
        return CSIMDJSON_OK;
      }
      case ondemand::json_type::array: {
        ondemand::array array;
        if (item.get_array().get(array) || array.raw_json().get(slice)) {
          return CSIMDJSON_MALFORMED;
        }
        out = span(trimmed(slice), CSIMDJSON_ARRAY);
        return CSIMDJSON_OK;
      }
      default:
        return scalar(item.raw_json_token(), out);
    }
  }

  int32_t fields(ondemand::object &object, names_view wanted, size_t row) {
    for (auto entry : object) {
      ondemand::field field;
      if (std::move(entry).get(field)) return CSIMDJSON_MALFORMED;
      const char *key = field.key().raw();
      for (size_t index = 0; index < wanted.count; index++) {
        const csimdjson_name &name = wanted.names[index];
        // Most names differ in their first character, which costs no call to find out.
        if ((name.length > 0 && key[0] != name.bytes[0]) ||
            std::memcmp(key, name.bytes, name.length) != 0 || key[name.length] != '"') {
          continue;
        }
        int32_t failure = value(field.value(), spans[row + 1 + index]);
        if (failure) return failure;
        break;
      }
    }
    return CSIMDJSON_OK;
  }

  int32_t element(ondemand::document &document, ondemand::value item, names_view wanted) {
    size_t row = spans.size();
    spans.resize(row + 1 + wanted.count);
    ondemand::json_type type;
    if (item.type().get(type)) return CSIMDJSON_MALFORMED;
    if (type != ondemand::json_type::object) return value(item, spans[row]);
    ondemand::object object;
    std::string_view slice;
    if (item.get_object().get(object) || object.raw_json().get(slice)) return CSIMDJSON_MALFORMED;
    spans[row] = span(trimmed(slice), CSIMDJSON_OBJECT);
    if (wanted.count == 0) return CSIMDJSON_OK;
    bool has_fields;
    if (object.reset().get(has_fields)) return CSIMDJSON_MALFORMED;
    if (!has_fields) return CSIMDJSON_OK;
    int32_t failure = fields(object, wanted, row);
    if (failure) return failure;
    // Skipping a value only counts brackets; in a malformed text the object can have ended
    // elsewhere for those who looked at its fields.
    const char *end;
    if (document.current_location().get(end)) return CSIMDJSON_MALFORMED;
    return end == slice.data() + slice.size() ? CSIMDJSON_OK : CSIMDJSON_MALFORMED;
  }

  int32_t elements(
    ondemand::document &document, ondemand::array array, names_view wanted,
    csimdjson_rows &rows) {
    rows.is_array = 1;
    for (auto entry : array) {
      ondemand::value item;
      if (std::move(entry).get(item)) return CSIMDJSON_MALFORMED;
      int32_t failure = element(document, item, wanted);
      if (failure) return failure;
      rows.count++;
    }
    return CSIMDJSON_OK;
  }

  int32_t root_object(ondemand::document &document, names_view wanted) {
    spans.resize(1 + wanted.count);
    ondemand::object object;
    if (document.get_object().get(object)) return CSIMDJSON_MALFORMED;
    std::string_view slice;
    if (object.raw_json().get(slice)) return CSIMDJSON_MALFORMED;
    spans[0] = span(trimmed(slice), CSIMDJSON_OBJECT);
    if (!is_at_end(document)) return CSIMDJSON_MALFORMED;
    document.rewind();
    if (document.get_object().get(object)) return CSIMDJSON_MALFORMED;
    int32_t failure = fields(object, wanted, 0);
    if (failure) return failure;
    return is_at_end(document) ? CSIMDJSON_OK : CSIMDJSON_MALFORMED;
  }

  int32_t root(ondemand::document &document, names_view wanted, csimdjson_rows &rows) {
    ondemand::json_type type;
    if (document.type().get(type)) return CSIMDJSON_MALFORMED;
    if (type == ondemand::json_type::array) {
      ondemand::array array;
      if (document.get_array().get(array)) return CSIMDJSON_MALFORMED;
      int32_t failure = elements(document, array, wanted, rows);
      if (failure) return failure;
      return is_at_end(document) ? CSIMDJSON_OK : CSIMDJSON_MALFORMED;
    }
    rows.count = 1;
    if (type == ondemand::json_type::object) return root_object(document, wanted);
    spans.resize(1 + wanted.count);
    std::string_view token;
    if (document.raw_json_token().get(token)) return CSIMDJSON_MALFORMED;
    int32_t failure = scalar(token, spans[0]);
    if (failure) return failure;
    // A scalar must be the whole text: its token ends where the text ends.
    return trimmed({text.data(), length}).data() + trimmed({text.data(), length}).size() ==
            trimmed(token).data() + trimmed(token).size()
        ? CSIMDJSON_OK : CSIMDJSON_MALFORMED;
  }

  static bool is_at_end(ondemand::document &document) {
    return document.current_location().error() == OUT_OF_BOUNDS;
  }

  int32_t at_pointer(
    ondemand::document &document, std::string_view pointer, names_view wanted,
    csimdjson_rows &rows) {
    ondemand::value found;
    switch (document.at_pointer(pointer).get(found)) {
      case SUCCESS: break;
      case NO_SUCH_FIELD:
      case INDEX_OUT_OF_BOUNDS:
      case INCORRECT_TYPE:
        return CSIMDJSON_NO_SUCH_FIELD;
      case INVALID_JSON_POINTER: return CSIMDJSON_BAD_POINTER;
      default: return CSIMDJSON_MALFORMED;
    }
    ondemand::json_type type;
    if (found.type().get(type)) return CSIMDJSON_MALFORMED;
    if (type == ondemand::json_type::array) {
      ondemand::array array;
      if (found.get_array().get(array)) return CSIMDJSON_MALFORMED;
      return elements(document, array, wanted, rows);
    }
    rows.count = 1;
    return element(document, found, wanted);
  }

  // Nesting outside of strings. Nothing in the scan recurses; this protects whoever reads the
  // slices afterwards.
  bool is_too_deep() const {
    // Nearly every text has too few brackets to be too deep, and counting them is vectorised.
    // '[' and '{' differ in one bit.
    const char *bytes = text.data();
    const size_t count = length;
    uint32_t openings = 0;
    for (size_t at = 0; at < count;) {
      // So few at a time that their number fits a byte, and sixteen are counted at once.
      const size_t end = std::min(count, at + 240);
      uint8_t few = 0;
      for (; at < end; at++) few += (bytes[at] | 0x20) == '{';
      openings += few;
    }
    if (openings <= depth_max) return false;
    uint32_t depth = 0;
    bool in_string = false;
    for (size_t at = 0; at < length; at++) {
      char c = text[at];
      if (in_string) {
        if (c == '\\') at++;
        else if (c == '"') in_string = false;
      } else if (c == '"') {
        in_string = true;
      } else if (c == '{' || c == '[') {
        if (++depth > depth_max) return true;
      } else if ((c == '}' || c == ']') && depth > 0) {
        depth--;
      }
    }
    return false;
  }

  size_t length = 0;
};

csimdjson_parser *csimdjson_parser_new(uint32_t depth_max) {
  auto *parser = new (std::nothrow) csimdjson_parser();
  if (parser) parser->depth_max = depth_max;
  return parser;
}

void csimdjson_parser_free(csimdjson_parser *parser) { delete parser; }

int32_t csimdjson_scan(
  csimdjson_parser *parser, const uint8_t *bytes, size_t length, const char *pointer,
  size_t pointer_length, const csimdjson_name *names, size_t name_count, csimdjson_rows *rows) {
  *rows = {nullptr, 0, 0};
  if (length > length_max) return CSIMDJSON_TOO_LARGE;
  if (length == 0) return CSIMDJSON_MALFORMED;
  try {
    if (parser->text.size() < length + SIMDJSON_PADDING) {
      parser->text.resize(length + SIMDJSON_PADDING);
    }
    std::memcpy(parser->text.data(), bytes, length);
    // What an earlier, longer text left behind must not look like a part of this one.
    std::memset(parser->text.data() + length, ' ', SIMDJSON_PADDING);
    parser->length = length;
    parser->spans.clear();
    if (parser->is_too_deep()) return CSIMDJSON_TOO_DEEP;
    ondemand::document document;
    auto failure =
      parser->parser.iterate(parser->text.data(), length, parser->text.size()).get(document);
    if (failure == MEMALLOC) return CSIMDJSON_NO_MEMORY;
    if (failure == CAPACITY) return CSIMDJSON_TOO_LARGE;
    if (failure) return CSIMDJSON_MALFORMED;
    names_view wanted{names, name_count};
    int32_t result = pointer_length == 0
      ? parser->root(document, wanted, *rows)
      : parser->at_pointer(document, {pointer, pointer_length}, wanted, *rows);
    if (result) {
      *rows = {nullptr, 0, 0};
    } else {
      rows->spans = parser->spans.data();
    }
    return result;
  } catch (...) {
    // Only the vectors allocate through C++; simdjson itself is built without exceptions.
    *rows = {nullptr, 0, 0};
    return CSIMDJSON_NO_MEMORY;
  }
}
