// Bytes of tensors from and to files: which file belongs to which tensor, and
// whether what is in it is that tensor.
#pragma once

#include <cstdint>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace qaic::tools::run {

// "NAME=FILE" or "FILE" from the command line, matched to a tensor.
struct TensorFile {
  std::size_t tensor = 0;  // index
  std::string path;        // "-" is stdin or stdout
};

// Matches arguments to tensors of one direction: NAME=FILE by name or by
// position (0=FILE), FILE alone takes the next one not named. Error ids:
// tensor-unknown, tensor-twice, tensor-too-many.
[[nodiscard]] base::Result<std::vector<TensorFile>> match_tensors(const std::vector<std::string>& arguments,
                                                                  const std::vector<qaic_tensor>& tensors,
                                                                  qaic_tensor_direction direction);

// Reads a file for a tensor: .npy by its own header (type and shape must be
// the tensor's), anything else as raw bytes of exactly the tensor's size.
// Error ids: tensor-npy, tensor-type, tensor-shape, tensor-size.
[[nodiscard]] base::Result<base::ByteVector> read_tensor(const std::string& path, const qaic_tensor& tensor);

// Writes one: .npy when the name ends so, else raw.
[[nodiscard]] base::Result<void> write_tensor(const std::string& path, const qaic_tensor& tensor,
                                              base::Bytes bytes);

// Repeatable data for a tensor: integers over their whole range, floats in [-1, 1).
[[nodiscard]] base::ByteVector random_tensor(const qaic_tensor& tensor, std::uint64_t seed);

// "int8 1x64"
[[nodiscard]] std::string tensor_text(const qaic_tensor& tensor);

}  // namespace qaic::tools::run
