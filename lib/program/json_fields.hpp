// Keys with values of a JSON object, for what is shown of a program.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.hpp"
#include "lib/program/descriptor.hpp"

namespace qaic::program::json {

using base::JsonWriter;

inline void put(JsonWriter& out, std::string_view key, std::uint64_t value) {
  out.key(key).number(value);
}
inline void put(JsonWriter& out, std::string_view key, std::int32_t value) {
  out.key(key).number(value);
}
inline void put(JsonWriter& out, std::string_view key, std::string_view value) {
  out.key(key).string(value);
}
inline void put(JsonWriter& out, std::string_view key, const char* value) {
  out.key(key).string(value);
}
inline void put(JsonWriter& out, std::string_view key, bool value) {
  out.key(key);
  value ? out.boolean_true() : out.boolean_false();
}

// Calls `one(item)` between the brackets of an array of objects.
template <class List, class F>
void put_objects(JsonWriter& out, std::string_view key, const List& list, F one) {
  out.key(key).begin_array();
  for (const auto& item : list) {
    out.begin_object();
    one(item);
    out.end_object();
  }
  out.end_array();
}

template <class Number>
void put_numbers(JsonWriter& out, std::string_view key, const std::vector<Number>& numbers) {
  out.key(key).begin_array();
  for (const Number number : numbers) out.number(number);
  out.end_array();
}

inline void put_texts(JsonWriter& out, std::string_view key, const std::vector<std::string>& texts) {
  out.key(key).begin_array();
  for (const auto& text : texts) out.string(text);
  out.end_array();
}

inline void put_dims(JsonWriter& out, const std::vector<std::int32_t>& dims) {
  put_numbers(out, "dims", dims);
}

// Null for a type that has no name.
inline void put_type(JsonWriter& out, std::uint32_t type) {
  out.key("type");
  const auto name = data_type_name(type);
  name.empty() ? out.null() : out.string(name);
}

inline std::string_view direction_name(wire::qpc::Transfer transfer) {
  return transfer == wire::qpc::Transfer::in ? "in" : "out";
}

}  // namespace qaic::program::json
