// Any bytes as a file of tensors (.npy, .npz, JSON, raw): what is taken has the
// tensor's size, and is the same once written and read again.
//
// First byte: bits 0 and 1 the format, bit 2 --cast, from bit 3 which tensor.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "os/file.hpp"
#include "tools/qaic-run/npy.hpp"
#include "tools/qaic-run/tensor_data.hpp"
#include "tools/qaic-run/tensor_files.hpp"
#include "tools/qaic-run/tensor_type.hpp"

namespace {

using namespace qaic;
using namespace qaic::tools::run;

constexpr std::array<const char*, 4> kEndings{".npy", ".npz", ".json", ".raw"};

void require(bool good) {
  if (!good) std::abort();
}

// Where tensors come from and go to, in memory if the host has that.
class Folder {
 public:
  Folder() {
    const bool memory = std::filesystem::is_directory("/dev/shm");
    path_ = std::string(memory ? "/dev/shm" : "/tmp") + "/qaic-fuzz-XXXXXX";
    require(::mkdtemp(path_.data()) != nullptr);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::vector<qaic_tensor> all_tensors() {
  struct Kind {
    const char* name;
    qaic_tensor_type type;
    std::vector<std::int32_t> dims;
  };
  const std::vector<Kind> kinds{{"x", QAIC_TYPE_FLOAT32, {2, 3}},  {"h", QAIC_TYPE_FLOAT16, {4}},
                                {"b", QAIC_TYPE_UINT8_Q, {}},      {"l", QAIC_TYPE_INT64, {2, 2}},
                                {"none", QAIC_TYPE_INT32, {3, 0}}, {"s", QAIC_TYPE_INT16_Q, {1, 2, 1}},
                                {"i", QAIC_TYPE_INT8, {5}}};
  std::vector<qaic_tensor> tensors;
  for (const Kind& kind : kinds) {
    qaic_tensor tensor{};
    tensor.index = static_cast<std::uint32_t>(tensors.size());
    tensor.direction = QAIC_TENSOR_OUTPUT;
    tensor.type = kind.type;
    tensor.dim_count = static_cast<std::uint32_t>(kind.dims.size());
    tensor.byte_size = tensor_type(kind.type).size;
    for (std::size_t i = 0; i < kind.dims.size(); ++i) {
      tensor.dims[i] = kind.dims[i];
      tensor.byte_size *= static_cast<std::uint64_t>(kind.dims[i]);
    }
    tensor.name = kind.name;
    tensors.push_back(tensor);
  }
  return tensors;
}

bool has_nan(const qaic_tensor& tensor, const base::ByteVector& bytes) {
  const std::size_t size = tensor_type(tensor.type).size;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    if (std::isnan(element(tensor.type, bytes.data() + at))) return true;
  }
  return false;
}

void read_and_write(const Folder& folder, const std::vector<qaic_tensor>& tensors, const std::string& path,
                    std::size_t index, Cast cast) {
  const qaic_tensor& tensor = tensors[index];
  const auto read = read_tensor(path, tensor, cast);
  if (!read) {
    require(!read.error().what.empty() && read.error().kind == base::ErrorKind::bad_input);
    return;
  }
  require(read->size() == tensor.byte_size);
  std::vector<base::ByteVector> contents(tensors.size());
  contents[index] = *read;
  for (const char* ending : kEndings) {
    // JSON has one NaN, numbers have many.
    if (ending == kEndings[2] && has_nan(tensor, *read)) continue;
    // Raw bytes are taken for what they look like.
    if (ending == kEndings[3] && is_npy(*read)) continue;
    const std::string copy = folder.file(std::string("copy") + ending);
    require(write_tensors({{index, copy}}, tensors, contents).has_value());
    const auto again = read_tensor(copy, tensor, Cast::refused);
    require(again.has_value() && *again == *read);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  static const std::vector<qaic_tensor> tensors = all_tensors();
  if (size == 0) return 0;
  const std::string path = folder.file(std::string("given") + kEndings[data[0] & 3]);
  const Cast cast = (data[0] & 4) != 0 ? Cast::allowed : Cast::refused;
  const base::Bytes bytes(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  require(os::write_file(path, bytes).has_value());
  read_and_write(folder, tensors, path, (data[0] >> 3) % tensors.size(), cast);
  const auto files = match_tensors({path}, tensors, QAIC_TENSOR_OUTPUT);
  if (!files) return 0;
  for (const auto& file : *files) {
    require(file.tensor < tensors.size() && file.path == path);
    read_and_write(folder, tensors, path, file.tensor, cast);
  }
  return 0;
}
