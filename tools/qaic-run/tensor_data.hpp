// Bytes of tensors from and to files.
#pragma once

#include <cstdint>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "tools/qaic-run/cast.hpp"
#include "tools/qaic-run/input_shapes.hpp"
#include "tools/qaic-run/tensor_files.hpp"

namespace qaic::tools::run {

// Reads a file for a tensor: the array of its name in a .npz file, the lists in
// a .json file (of its name, when that is an object), a .npy file by its own
// header, anything else as raw bytes of exactly the tensor's size. Type and
// shape must be the tensor's; another type only with `cast`. Error ids:
// tensor-npy, tensor-zip, tensor-json, tensor-type, tensor-shape, tensor-size,
// tensor-range, tensor-unknown.
[[nodiscard]] base::Result<base::ByteVector> read_tensor(const std::string& path, const qaic_tensor& tensor,
                                                         Cast cast);

// The same where `shapes` may say that the tensor can have others than its own.
struct InputData {
  base::ByteVector bytes;
  InputForm given;
};
[[nodiscard]] base::Result<InputData> read_input(const std::string& path, const qaic_tensor& tensor,
                                                 Cast cast, const InputShapes& shapes);

// Writes them: as .npz, .json or .npy when the name ends so, else raw. Several
// with one .npz or .json name go into that file together.
[[nodiscard]] base::Result<void> write_tensors(const std::vector<TensorFile>& files,
                                               const std::vector<qaic_tensor>& tensors,
                                               const std::vector<base::ByteVector>& contents);

// Repeatable data for a tensor: integers over their whole range, floats in [-1, 1).
[[nodiscard]] base::ByteVector random_tensor(const qaic_tensor& tensor, std::uint64_t seed);

// "int8 1x64"
[[nodiscard]] std::string tensor_text(const qaic_tensor& tensor);

}  // namespace qaic::tools::run
