// Strict reading of a JSON object: every key must be known, every number in
// range, and an error says where in the document it is.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace qaic::qpc {

using Json = nlohmann::json;

// What is wrong with a description, thrown inside this tool's reader only and
// turned into a value where reading began.
struct DescriptionError {
  std::string what;
};

class ObjectReader {
 public:
  // `path` as a JSON pointer, "" for the document. Throws if `value` is no
  // object or has a key outside `keys`.
  ObjectReader(const Json& value, std::string path, std::initializer_list<std::string_view> keys);

  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] const Json& at(std::string_view key) const;  // throws if absent
  [[nodiscard]] std::string path(std::string_view key) const;
  [[noreturn]] void refuse(std::string_view key, const std::string& why) const;

  [[nodiscard]] std::string text(std::string_view key) const;
  [[nodiscard]] bool flag(std::string_view key) const;  // absent is false
  [[nodiscard]] double real(std::string_view key, double otherwise) const;
  [[nodiscard]] base::ByteVector bytes(std::string_view key) const;  // hex digits; absent is empty

  // Numbers may also be text such as "0x460".
  template <std::integral T>
  [[nodiscard]] T number(std::string_view key) const {
    return narrow<T>(at(key), path(key));
  }
  template <std::integral T>
  [[nodiscard]] T number(std::string_view key, T otherwise) const {
    return has(key) ? number<T>(key) : otherwise;
  }
  template <std::integral T>
  [[nodiscard]] std::vector<T> numbers(std::string_view key) const {
    std::vector<T> out;
    if (!has(key)) return out;
    std::size_t index = 0;
    for (const auto& item : list(key))
      out.push_back(narrow<T>(item, path(key) + "/" + std::to_string(index++)));
    return out;
  }
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
  // An array; absent is empty.
  [[nodiscard]] const Json& list(std::string_view key) const;

  // One of a few words.
  template <class E>
  [[nodiscard]] E word(std::string_view key,
                       std::initializer_list<std::pair<std::string_view, E>> words) const {
    const std::string given = text(key);
    std::string known;
    for (const auto& [name, value] : words) {
      if (name == given) return value;
      known += known.empty() ? std::string(name) : ", " + std::string(name);
    }
    refuse(key, "'" + given + "' is none of " + known);
  }

  template <std::integral T>
  [[nodiscard]] static T narrow(const Json& value, const std::string& where) {
    const Integer wide = integer(value, where);
    if (wide.negative ? !std::in_range<T>(static_cast<std::int64_t>(wide.bits))
                      : !std::in_range<T>(wide.bits)) {
      throw DescriptionError{where + " is out of range"};
    }
    return static_cast<T>(wide.bits);
  }

 private:
  struct Integer {
    std::uint64_t bits = 0;  // two's complement when negative
    bool negative = false;
  };
  static Integer integer(const Json& value, const std::string& where);

  const Json& value_;
  std::string path_;
};

}  // namespace qaic::qpc
