// Which file of the command line belongs to which tensor.
#pragma once

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

// Files that may hold several tensors by name, told by their own name: .npz and .json.
[[nodiscard]] bool is_archive(const std::string& path);
[[nodiscard]] bool is_json(const std::string& path);
// The whole of such a file. A file that cannot be read is bad input.
[[nodiscard]] base::Result<base::ByteVector> read_bundle(const std::string& path);

// Matches arguments to tensors of one direction: NAME=FILE by name or by
// position (0=FILE), FILE alone takes the next one not named. A bundle alone
// stands for all tensors of this direction that are in it; what it holds of the
// other direction is left alone. Error ids: tensor-unknown, tensor-twice,
// tensor-too-many, tensor-zip, tensor-json.
[[nodiscard]] base::Result<std::vector<TensorFile>> match_tensors(const std::vector<std::string>& arguments,
                                                                  const std::vector<qaic_tensor>& tensors,
                                                                  qaic_tensor_direction direction);
// The same for files to write: a bundle alone takes all outputs.
[[nodiscard]] base::Result<std::vector<TensorFile>> match_saves(const std::vector<std::string>& arguments,
                                                                const std::vector<qaic_tensor>& tensors);

}  // namespace qaic::tools::run
