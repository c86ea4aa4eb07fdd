#include "tools/qaic-run/tensor_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <random>

#include "os/file.hpp"
#include "tools/qaic-run/npy.hpp"
#include "tools/qaic-run/tensor_type.hpp"

namespace qaic::tools::run {

using base::ByteVector;
using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;

namespace {

constexpr int kStdin = 0;
constexpr int kStdout = 1;
constexpr std::size_t kHeaderRoom = 1 << 20;  // of a .npy file, beside its data

std::string dims_text(const qaic_tensor& tensor) {
  std::string text;
  for (std::uint32_t i = 0; i < tensor.dim_count; ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : "x", tensor.dims[i]);
  }
  return text.empty() ? "scalar" : text;
}

const char* word(qaic_tensor_direction direction) {
  return direction == QAIC_TENSOR_INPUT ? "input" : "output";
}

std::string names_of(const std::vector<qaic_tensor>& tensors, qaic_tensor_direction direction) {
  std::string names;
  for (const auto& tensor : tensors) {
    if (tensor.direction == static_cast<std::uint32_t>(direction)) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", tensor.name);
    }
  }
  return names.empty() ? "none" : names;
}

}  // namespace

std::string tensor_text(const qaic_tensor& tensor) {
  return fmt::format("{} {}", tensor_type(tensor.type).name, dims_text(tensor));
}

Result<std::vector<TensorFile>> match_tensors(const std::vector<std::string>& arguments,
                                              const std::vector<qaic_tensor>& tensors,
                                              qaic_tensor_direction direction) {
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].direction == static_cast<std::uint32_t>(direction)) candidates.push_back(i);
  }
  std::vector<TensorFile> files;
  const auto taken = [&](std::size_t index) {
    return std::any_of(files.begin(), files.end(), [&](const auto& file) { return file.tensor == index; });
  };
  std::vector<std::string> unnamed;
  for (const auto& argument : arguments) {
    const auto equals = argument.find('=');
    if (equals == std::string::npos) {
      unnamed.push_back(argument);
      continue;
    }
    const std::string name = argument.substr(0, equals);
    std::size_t index = tensors.size();
    for (const auto i : candidates) {
      if (name == tensors[i].name) index = i;
    }
    std::size_t position = 0;
    const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), position);
    if (index == tensors.size() && error == std::errc() && rest == name.data() + name.size() &&
        position < candidates.size()) {
      index = candidates[position];
    }
    if (index == tensors.size()) {
      return fail(make_error(ErrorKind::bad_input, "tensor-unknown",
                             fmt::format("the program has no {} '{}'", word(direction), name),
                             fmt::format("its {}s: {}", word(direction), names_of(tensors, direction))));
    }
    if (taken(index)) {
      return fail(make_error(ErrorKind::usage, "tensor-twice",
                             fmt::format("{} '{}' is given twice", word(direction), tensors[index].name)));
    }
    files.push_back({index, argument.substr(equals + 1)});
  }
  for (const auto& path : unnamed) {
    const auto next = std::find_if(candidates.begin(), candidates.end(), [&](auto i) { return !taken(i); });
    if (next == candidates.end()) {
      return fail(make_error(
          ErrorKind::usage, "tensor-too-many",
          fmt::format("'{}': the program has only {} {}s", path, candidates.size(), word(direction)),
          fmt::format("its {}s: {}", word(direction), names_of(tensors, direction))));
    }
    files.push_back({*next, path});
  }
  return files;
}

Result<ByteVector> read_tensor(const std::string& path, const qaic_tensor& tensor) {
  const std::size_t limit = tensor.byte_size + kHeaderRoom;
  auto file = path == "-" ? os::read_rest(kStdin, limit, "stdin") : os::read_file(path, limit);
  if (!file) {
    if (file.error().domain == base::ErrorDomain::system) file.error().kind = ErrorKind::bad_input;
    return fail(file.error());
  }
  if (!is_npy(*file)) {
    if (file->size() != tensor.byte_size) {
      return fail(make_error(ErrorKind::bad_input, "tensor-size",
                             fmt::format("{}: {} bytes, but '{}' ({}) takes {}", path, file->size(),
                                         tensor.name, tensor_text(tensor), tensor.byte_size)));
    }
    return file;
  }
  auto npy = parse_npy(*file);
  if (!npy) {
    npy.error().what = path + ": " + npy.error().what;
    return fail(npy.error());
  }
  const auto& type = tensor_type(tensor.type);
  if (npy->type != type.numpy) {
    return fail(make_error(ErrorKind::bad_input, "tensor-type",
                           fmt::format("{}: elements are {}, but '{}' takes {} ({})", path, npy->type,
                                       tensor.name, type.numpy, type.name),
                           "convert it first: nothing is cast silently"));
  }
  const bool same = npy->shape.size() == tensor.dim_count &&
                    std::equal(npy->shape.begin(), npy->shape.end(), tensor.dims,
                               [](std::int64_t a, std::int32_t b) { return a == b; });
  if (!same) {
    std::string shape;
    for (const auto dimension : npy->shape) shape += fmt::format("{}{}", shape.empty() ? "" : "x", dimension);
    return fail(make_error(ErrorKind::bad_input, "tensor-shape",
                           fmt::format("{}: shape {}, but '{}' takes {}", path,
                                       shape.empty() ? "scalar" : shape, tensor.name, dims_text(tensor))));
  }
  file->erase(file->begin(), file->begin() + static_cast<std::ptrdiff_t>(npy->data_offset));
  return file;
}

Result<void> write_tensor(const std::string& path, const qaic_tensor& tensor, base::Bytes bytes) {
  ByteVector out;
  if (path.ends_with(".npy")) {
    const std::vector<std::int64_t> shape(tensor.dims, tensor.dims + tensor.dim_count);
    const std::string header = npy_header(std::string(tensor_type(tensor.type).numpy), shape);
    const auto head = base::as_bytes(header);
    out.assign(head.begin(), head.end());
  }
  out.insert(out.end(), bytes.begin(), bytes.end());
  return path == "-" ? os::write_all(kStdout, out) : os::write_file(path, out);
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
