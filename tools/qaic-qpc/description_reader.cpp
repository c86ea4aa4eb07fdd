#include "tools/qaic-qpc/description_reader.hpp"

#include <algorithm>
#include <charconv>

namespace qaic::qpc {

ObjectReader::ObjectReader(const Json& value, std::string path, std::initializer_list<std::string_view> keys)
    : value_(value), path_(std::move(path)) {
  if (!value.is_object()) throw DescriptionError{(path_.empty() ? "the document" : path_) + " is no object"};
  for (const auto& [key, ignored] : value.items()) {
    if (std::ranges::find(keys, std::string_view(key)) == keys.end())
      refuse(key, "is not a key that belongs here");
  }
}

bool ObjectReader::has(std::string_view key) const {
  const auto it = value_.find(key);
  return it != value_.end() && !it->is_null();
}

const Json& ObjectReader::at(std::string_view key) const {
  const auto it = value_.find(key);
  if (it == value_.end()) refuse(key, "is missing");
  return *it;
}

std::string ObjectReader::path(std::string_view key) const {
  return path_ + "/" + std::string(key);
}

void ObjectReader::refuse(std::string_view key, const std::string& why) const {
  throw DescriptionError{path(key) + " " + why};
}

std::string ObjectReader::text(std::string_view key) const {
  const Json& value = at(key);
  if (!value.is_string()) refuse(key, "is no text");
  return value.get<std::string>();
}

bool ObjectReader::flag(std::string_view key) const {
  if (!has(key)) return false;
  const Json& value = at(key);
  if (!value.is_boolean()) refuse(key, "is neither true nor false");
  return value.get<bool>();
}

double ObjectReader::real(std::string_view key, double otherwise) const {
  if (!has(key)) return otherwise;
  const Json& value = at(key);
  if (!value.is_number()) refuse(key, "is no number");
  return value.get<double>();
}

base::ByteVector ObjectReader::bytes(std::string_view key) const {
  base::ByteVector out;
  if (!has(key)) return out;
  const std::string digits = text(key);
  if (digits.size() % 2 != 0) refuse(key, "has an odd number of hexadecimal digits");
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    unsigned value = 0;
    const char* first = digits.data() + i;
    const auto [end, error] = std::from_chars(first, first + 2, value, 16);
    if (error != std::errc{} || end != first + 2) refuse(key, "is not all hexadecimal digits");
    out.push_back(static_cast<std::byte>(value));
  }
  return out;
}

std::vector<std::string> ObjectReader::texts(std::string_view key) const {
  std::vector<std::string> out;
  for (const auto& item : list(key)) {
    if (!item.is_string())
      throw DescriptionError{path(key) + "/" + std::to_string(out.size()) + " is no text"};
    out.push_back(item.get<std::string>());
  }
  return out;
}

const Json& ObjectReader::list(std::string_view key) const {
  static const Json kEmpty = Json::array();
  if (!has(key)) return kEmpty;
  const Json& value = at(key);
  if (!value.is_array()) refuse(key, "is no list");
  return value;
}

ObjectReader::Integer ObjectReader::integer(const Json& value, const std::string& where) {
  if (value.is_number_unsigned()) return {value.get<std::uint64_t>(), false};
  if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    return {static_cast<std::uint64_t>(number), number < 0};
  }
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.starts_with("0x") && text.size() > 2) {
      std::uint64_t bits = 0;
      const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), bits, 16);
      if (error == std::errc{} && end == text.data() + text.size()) return {bits, false};
    }
  }
  throw DescriptionError{where + " is no whole number (hexadecimal ones are text: \"0x460\")"};
}

}  // namespace qaic::qpc
