#include "tools/qaic-run/tensor_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "os/file.hpp"
#include "tools/qaic-run/json_tensor.hpp"
#include "tools/qaic-run/npy.hpp"
#include "tools/qaic-run/tensor_type.hpp"
#include "tools/qaic-run/zip.hpp"

namespace qaic::tools::run {

using base::Bytes;
using base::ByteVector;
using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;

namespace {

constexpr int kStdin = 0;
constexpr int kStdout = 1;
constexpr std::size_t kHeaderRoom = 1 << 20;  // of a .npy file, beside its data
constexpr std::size_t kWidestElement = 8;     // bytes, of what can be cast

std::string dims_text(const qaic_tensor& tensor) {
  std::string text;
  for (std::uint32_t i = 0; i < tensor.dim_count; ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : "x", tensor.dims[i]);
  }
  return text.empty() ? "scalar" : text;
}

// As many bytes as the tensor's elements can have in any type.
std::size_t content_limit(const qaic_tensor& tensor) {
  return tensor.byte_size / tensor_type(tensor.type).size * kWidestElement + kHeaderRoom;
}

Result<InputData> from_npy(Bytes file, const qaic_tensor& tensor, Cast cast, const InputShapes& shapes) {
  QAIC_TRY(const auto npy, parse_npy(file));
  const auto& type = tensor_type(tensor.type);
  const bool same_type = npy.type == type.numpy;
  if (!same_type && cast == Cast::refused) {
    return fail(make_error(
        ErrorKind::bad_input, "tensor-type",
        fmt::format("elements are {}, but '{}' takes {} ({})", npy.type, tensor.name, type.numpy, type.name),
        "nothing is cast silently; --cast converts what the tensor can hold"));
  }
  const auto given = shapes.with_dims(tensor, npy.shape);
  if (!given) {
    std::string shape;
    for (const auto dimension : npy.shape) shape += fmt::format("{}{}", shape.empty() ? "" : "x", dimension);
    return fail(make_error(ErrorKind::bad_input, "tensor-shape",
                           fmt::format("shape {}, but '{}' takes {}", shape.empty() ? "scalar" : shape,
                                       tensor.name, shapes.text(tensor))));
  }
  const Bytes data = file.subspan(npy.data_offset, npy.data_size);
  if (same_type) return InputData{{data.begin(), data.end()}, *given};
  QAIC_TRY(auto cast_data, cast_elements(npy.type, data, tensor));
  return InputData{std::move(cast_data), *given};
}

Result<InputData> from_archive(const std::string& path, const qaic_tensor& tensor, Cast cast,
                               const InputShapes& shapes) {
  QAIC_TRY(const auto archive, read_bundle(path));
  QAIC_TRY(const auto members, zip_members(archive));
  for (const auto& member : members) {
    if (member.name != std::string(tensor.name) + ".npy" && member.name != tensor.name) continue;
    QAIC_TRY(const auto content, zip_content(archive, member, content_limit(tensor)));
    return from_npy(content, tensor, cast, shapes);
  }
  return fail(
      make_error(ErrorKind::bad_input, "tensor-unknown", fmt::format("no array '{}' in it", tensor.name)));
}

Result<InputData> from_lists(const nlohmann::json& lists, const qaic_tensor& tensor, Cast cast,
                             const InputShapes& shapes) {
  const auto given = shapes.with_dims(tensor, lengths_of(lists, tensor)).value_or(InputForm{tensor});
  QAIC_TRY(auto bytes, tensor_from_json(lists, given.form, cast));
  return InputData{std::move(bytes), given};
}

Result<InputData> from_json(const std::string& path, const qaic_tensor& tensor, Cast cast,
                            const InputShapes& shapes) {
  QAIC_TRY(const auto text, read_bundle(path));
  QAIC_TRY(const auto document, parse_json(text));
  if (!document.is_object()) return from_lists(document, tensor, cast, shapes);
  const auto found = document.find(tensor.name);
  if (found != document.end()) return from_lists(*found, tensor, cast, shapes);
  return fail(make_error(ErrorKind::bad_input, "tensor-unknown", fmt::format("no '{}' in it", tensor.name)));
}

Result<InputData> from_single(const std::string& path, const qaic_tensor& tensor, Cast cast,
                              const InputShapes& shapes) {
  const std::size_t limit = content_limit(tensor);
  auto file = path == "-" ? os::read_rest(kStdin, limit, "stdin") : os::read_file(path, limit);
  if (!file) {
    if (file.error().domain == base::ErrorDomain::system) file.error().kind = ErrorKind::bad_input;
    return fail(file.error());
  }
  if (is_npy(*file)) return from_npy(*file, tensor, cast, shapes);
  if (const auto given = shapes.with_bytes(tensor, file->size())) return InputData{std::move(*file), *given};
  return fail(make_error(ErrorKind::bad_input, "tensor-size",
                         fmt::format("{} bytes, but '{}' ({} {}) takes {}", file->size(), tensor.name,
                                     tensor_type(tensor.type).name, shapes.text(tensor), tensor.byte_size)));
}

ByteVector npy_of_tensor(const qaic_tensor& tensor, Bytes bytes) {
  const std::vector<std::int64_t> shape(tensor.dims, tensor.dims + tensor.dim_count);
  const std::string header = npy_header(std::string(tensor_type(tensor.type).numpy), shape);
  const auto head = base::as_bytes(header);
  ByteVector out(head.size() + bytes.size());
  std::copy(bytes.begin(), bytes.end(), std::copy(head.begin(), head.end(), out.begin()));
  return out;
}

}  // namespace

std::string tensor_text(const qaic_tensor& tensor) {
  return fmt::format("{} {}", tensor_type(tensor.type).name, dims_text(tensor));
}

Result<ByteVector> read_tensor(const std::string& path, const qaic_tensor& tensor, Cast cast) {
  QAIC_TRY(auto content, read_input(path, tensor, cast, {}));
  return std::move(content.bytes);
}

Result<InputData> read_input(const std::string& path, const qaic_tensor& tensor, Cast cast,
                             const InputShapes& shapes) {
  auto content = is_archive(path) ? from_archive(path, tensor, cast, shapes)
                 : is_json(path)  ? from_json(path, tensor, cast, shapes)
                                  : from_single(path, tensor, cast, shapes);
  if (!content && !content.error().what.starts_with(path)) {
    content.error().what = path + ": " + content.error().what;
  }
  return content;
}

Result<void> write_tensors(const std::vector<TensorFile>& files, const std::vector<qaic_tensor>& tensors,
                           const std::vector<ByteVector>& contents) {
  std::map<std::string, std::vector<std::size_t>> bundles;
  for (const auto& file : files) {
    if (is_archive(file.path) || is_json(file.path)) {
      bundles[file.path].push_back(file.tensor);
      continue;
    }
    const auto& bytes = contents[file.tensor];
    const auto out = file.path.ends_with(".npy") ? npy_of_tensor(tensors[file.tensor], bytes) : bytes;
    QAIC_CHECK(file.path == "-" ? os::write_all(kStdout, out) : os::write_file(file.path, out));
  }
  for (const auto& [path, indexes] : bundles) {
    if (is_archive(path)) {
      std::vector<ZipInput> members;
      for (const auto i : indexes) {
        members.push_back({std::string(tensors[i].name) + ".npy", npy_of_tensor(tensors[i], contents[i])});
      }
      QAIC_TRY(const auto archive, make_zip(members));
      QAIC_CHECK(os::write_file(path, archive));
    } else {
      std::string text;
      for (const auto i : indexes) {
        text += fmt::format("{}{}: {}", text.empty() ? "{" : ",\n ", nlohmann::json(tensors[i].name).dump(),
                            json_of_tensor(tensors[i], contents[i]));
      }
      QAIC_CHECK(os::write_file(path, base::as_bytes(text + "}\n")));
    }
  }
  return {};
}

ByteVector random_tensor(const qaic_tensor& tensor, std::uint64_t seed) {
  std::mt19937_64 generator(seed + tensor.index);
  ByteVector out(tensor.byte_size);
  const std::size_t element = tensor_type(tensor.type).size;
  for (std::size_t at = 0; at < out.size(); at += element) {
    const std::uint64_t bits = generator();
    if (tensor.type == QAIC_TYPE_FLOAT32) {
      const float value = static_cast<float>(static_cast<std::int64_t>(bits >> 40) - (1 << 23)) / (1 << 23);
      std::memcpy(out.data() + at, &value, sizeof(value));
    } else if (tensor.type == QAIC_TYPE_FLOAT16) {
      // Exponent below 15 keeps it in (-1, 1).
      const auto value = static_cast<std::uint16_t>((bits & 0x83FF) | ((bits >> 16) % 15) << 10);
      std::memcpy(out.data() + at, &value, sizeof(value));
    } else {
      std::memcpy(out.data() + at, &bits, std::min(element, out.size() - at));
    }
  }
  return out;
}

}  // namespace qaic::tools::run
