#include "tools/qaic-run/json_tensor.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "tools/qaic-run/tensor_type.hpp"

namespace qaic::tools::run {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;
using nlohmann::json;

namespace {

bool is_float(std::uint32_t type) {
  return type == QAIC_TYPE_FLOAT32 || type == QAIC_TYPE_FLOAT16;
}

std::optional<Number> number_of(const json& value, const qaic_tensor& tensor, Cast cast) {
  if (value.is_number_unsigned()) return static_cast<Number>(value.get<std::uint64_t>());
  if (value.is_number_integer()) return static_cast<Number>(value.get<std::int64_t>());
  if (value.is_number_float() && (is_float(tensor.type) || cast == Cast::allowed)) {
    return static_cast<Number>(value.get<double>());
  }
  if (value.is_string() && is_float(tensor.type)) {
    const auto& text = value.get_ref<const std::string&>();
    if (text == "NaN") return std::numeric_limits<Number>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<Number>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<Number>::infinity();
  }
  return std::nullopt;
}

class Reader {
 public:
  Reader(const qaic_tensor& tensor, Cast cast)
      : tensor_(tensor), cast_(cast), size_(tensor_type(tensor.type).size), out_(tensor.byte_size) {}

  // As deep as the tensor has dimensions, however deep the document is.
  Result<void> read(const json& value, std::uint32_t dimension) {
    if (dimension == tensor_.dim_count) return store(value);
    const auto wanted = static_cast<std::size_t>(tensor_.dims[dimension]);
    if (!value.is_array() || value.size() != wanted) {
      return fail(make_error(
          ErrorKind::bad_input, "tensor-shape",
          fmt::format(
              "'{}' wants a list of {} in dimension {}, not {}", tensor_.name, wanted, dimension,
              value.is_array() ? fmt::format("one of {}", value.size()) : std::string(value.type_name()))));
    }
    for (const auto& part : value) {
      QAIC_CHECK(read(part, dimension + 1));
    }
    return {};
  }

  base::ByteVector take() { return std::move(out_); }

 private:
  Result<void> store(const json& value) {
    const std::size_t at = next_++ * size_;
    const auto number = number_of(value, tensor_, cast_);
    if (!number) {
      return fail(make_error(ErrorKind::bad_input, "tensor-type",
                             fmt::format("element {} of '{}' is a {}, no {}", next_ - 1, tensor_.name,
                                         value.is_number_float() ? "number with a point" : value.type_name(),
                                         tensor_type(tensor_.type).name),
                             "nothing is cast silently; --cast takes 3.0 for 3"));
    }
    if (at + size_ > out_.size() || !store_number(tensor_.type, *number, out_.data() + at)) {
      return fail(make_error(
          ErrorKind::bad_input, "tensor-range",
          fmt::format("element {} is {:g}, which '{}' ({}) cannot hold", next_ - 1,
                      static_cast<double>(*number), tensor_.name, tensor_type(tensor_.type).name)));
    }
    return {};
  }

  const qaic_tensor& tensor_;
  Cast cast_;
  std::size_t size_;
  base::ByteVector out_;
  std::size_t next_ = 0;
};

std::string element_json(std::uint32_t type, const std::byte* data) {
  if (!is_float(type)) return element_text(type, data);
  const double value = element(type, data);
  if (std::isnan(value)) return "\"NaN\"";
  if (std::isinf(value)) return value < 0 ? "\"-Infinity\"" : "\"Infinity\"";
  // The shortest that reads as the same float, which every half is too.
  auto text = fmt::format("{}", static_cast<float>(value));
  // With a point: -0 is read as the integer 0.
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

void append_json(std::string& out, const qaic_tensor& tensor, std::uint32_t dimension, base::Bytes bytes) {
  if (dimension == tensor.dim_count) {
    out += element_json(tensor.type, bytes.data());
    return;
  }
  const auto count = static_cast<std::size_t>(tensor.dims[dimension]);
  out += '[';
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) out += dimension + 1 == tensor.dim_count ? ", " : ",\n";
    append_json(out, tensor, dimension + 1, bytes.subspan(i * (bytes.size() / count), bytes.size() / count));
  }
  out += ']';
}

}  // namespace

Result<json> parse_json(base::Bytes text) {
  const auto characters = base::as_text(text);
  auto document = json::parse(characters.begin(), characters.end(), nullptr, false);
  if (!document.is_discarded()) return document;
  return fail(make_error(ErrorKind::bad_input, "tensor-json", "the file is no JSON document",
                         "a tensor is nested lists of numbers; several are {\"name\": lists}"));
}

Result<base::ByteVector> tensor_from_json(const json& value, const qaic_tensor& tensor, Cast cast) {
  Reader reader(tensor, cast);
  QAIC_CHECK(reader.read(value, 0));
  return reader.take();
}

std::vector<std::int64_t> lengths_of(const json& value, const qaic_tensor& tensor) {
  std::vector<std::int64_t> out(tensor.dims, tensor.dims + tensor.dim_count);
  const json* level = &value;
  for (auto& length : out) {
    if (!level->is_array()) break;
    length = static_cast<std::int64_t>(level->size());
    if (level->empty()) break;
    level = &level->front();
  }
  return out;
}

std::string json_of_tensor(const qaic_tensor& tensor, base::Bytes bytes) {
  std::string out;
  append_json(out, tensor, 0, bytes);
  return out;
}

}  // namespace qaic::tools::run
