// Many inferences, each with files of its own: folders and lists of files.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "tools/qaic-run/cast.hpp"
#include "tools/qaic-run/input_shapes.hpp"
#include "tools/qaic-run/tensor_files.hpp"

namespace qaic::tools::run {

struct Batch {
  using Files = std::map<std::size_t, std::vector<std::string>>;  // by tensor index, one per inference

  std::vector<std::string> stems;  // of the first batched input: a name for each inference, none twice
  Files inputs;
  std::map<std::size_t, std::vector<InputForm>> forms;  // of the files of `inputs`
  Files expected;
  Files saves;
};

// The files that `path` stands for, when it is a folder (its files, by name) or
// "@FILE" (the lines of a text file); nothing for any other path.
[[nodiscard]] base::Result<std::optional<std::vector<std::string>>> batch_files(const std::string& path);

// The batch that these inputs make; nothing when none is a folder or list.
// Expected outputs are then files of the same stem in a folder, a list, or one
// file for all; outputs to save go to a folder, one .npy file per stem, or to
// names with {} in them for the number. All files are read and checked. Error
// ids: batch, and those of read_input().
[[nodiscard]] base::Result<std::optional<Batch>> make_batch(const std::vector<TensorFile>& inputs,
                                                            const std::vector<TensorFile>& expected,
                                                            const std::vector<TensorFile>& saves,
                                                            const std::vector<qaic_tensor>& tensors,
                                                            Cast cast, const InputShapes& shapes);

}  // namespace qaic::tools::run
