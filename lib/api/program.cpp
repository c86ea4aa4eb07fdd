#include <qaic/qaic.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "lib/api/boundary.hpp"
#include "lib/api/objects.hpp"
#include "lib/program/inspect.hpp"
#include "lib/program/packing.hpp"

namespace qaic::api {

namespace {

// Text for qaic_string_free(), which takes what malloc gave.
char* to_c_string(const std::string& text) {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) throw std::bad_alloc();
  std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

base::Result<qaic_tensor> tensor_from_program(const program::Tensor& tensor, std::size_t index) {
  if (tensor.dims.size() > QAIC_MAX_DIMS) {
    return base::fail(
        base::make_error(base::ErrorKind::unsupported, "tensor-dims",
                         "tensor " + tensor.name + " has " + std::to_string(tensor.dims.size()) +
                             " dimensions, this library handles " + std::to_string(QAIC_MAX_DIMS)));
  }
  qaic_tensor out{};
  out.index = static_cast<std::uint32_t>(index);
  out.direction = tensor.direction == wire::qpc::Transfer::in ? QAIC_TENSOR_INPUT : QAIC_TENSOR_OUTPUT;
  out.type = tensor.type;
  out.dim_count = static_cast<std::uint32_t>(tensor.dims.size());
  std::copy(tensor.dims.begin(), tensor.dims.end(), out.dims);
  out.byte_size = tensor.byte_size;
  out.scale = tensor.scale;
  out.offset = tensor.offset;
  out.name = tensor.name.c_str();
  if (tensor.chain) out.flags |= QAIC_TENSOR_CONVERTED;
  if (program::is_partial(tensor)) out.flags |= QAIC_TENSOR_PARTIAL;
  return out;
}

}  // namespace

}  // namespace qaic::api

using namespace qaic;

extern "C" {

int qaic_program_open(const char* path, qaic_program** out, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (path == nullptr) return base::fail(api::null_argument("path"));
    if (out == nullptr) return base::fail(api::null_argument("out"));
    QAIC_TRY(auto file, core::ProgramFile::open(path));
    *out = std::make_unique<qaic_program>(qaic_program{std::move(file)}).release();
    return {};
  });
}

int qaic_program_from_bytes(const void* bytes, size_t size, qaic_program** out, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (bytes == nullptr) return base::fail(api::null_argument("bytes"));
    if (out == nullptr) return base::fail(api::null_argument("out"));
    QAIC_TRY(auto file, core::ProgramFile::parse({static_cast<const std::byte*>(bytes), size}));
    *out = std::make_unique<qaic_program>(qaic_program{std::move(file)}).release();
    return {};
  });
}

void qaic_program_free(qaic_program* program) {
  const std::unique_ptr<qaic_program> owner(program);
}

int qaic_program_inspect(const qaic_program* program, char** json, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (program == nullptr) return base::fail(api::null_argument("program"));
    if (json == nullptr) return base::fail(api::null_argument("json"));
    *json = api::to_c_string(program::inspect_json(program->file.program()));
    return {};
  });
}

size_t qaic_program_tensor_count(const qaic_program* program) {
  return program == nullptr ? 0 : program->file.program().tensors.size();
}

int qaic_program_tensor(const qaic_program* program, size_t index, qaic_tensor* out, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (program == nullptr) return base::fail(api::null_argument("program"));
    const auto& tensors = program->file.program().tensors;
    if (index >= tensors.size()) {
      return base::fail(base::make_error(base::ErrorKind::usage, "index",
                                         "the program has no tensor " + std::to_string(index)));
    }
    QAIC_TRY(const auto tensor, api::tensor_from_program(tensors[index], index));
    return api::give(out, tensor);
  });
}

const char* qaic_program_name(const qaic_program* program) {
  return program == nullptr ? "" : program->file.program().descriptor.network_name.c_str();
}

}  // extern "C"
