// Writes one JSON document into a string. For the library, which must not
// depend on a JSON package; the tools use nlohmann/json.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qaic::base {

class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  // Bytes that are not UTF-8 become U+FFFD.
  JsonWriter& string(std::string_view text);
  JsonWriter& number(std::uint64_t value);
  JsonWriter& number(std::int64_t value);
  JsonWriter& number(std::uint32_t value) { return number(std::uint64_t{value}); }
  JsonWriter& number(std::int32_t value) { return number(std::int64_t{value}); }
  JsonWriter& number(double value);  // shortest form that reads back equal; not finite becomes null
  JsonWriter& boolean_true();
  JsonWriter& boolean_false();
  JsonWriter& null();
  // "0x" and lower-case hex digits: how addresses and masks are given.
  JsonWriter& hex(std::uint64_t value);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void before_value();

  std::string text_;
  std::vector<bool> needs_comma_{false};
  bool after_key_ = false;
};

// `text` with every byte sequence that is not UTF-8 replaced by U+FFFD.
std::string to_utf8(std::string_view text);

}  // namespace qaic::base
