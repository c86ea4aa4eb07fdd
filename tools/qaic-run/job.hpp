// What is to be run: the program and all files, read and checked before a card
// is opened.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <qaic/qaic.hpp>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "tools/common/failure.hpp"
#include "tools/qaic-run/batch.hpp"
#include "tools/qaic-run/input_shapes.hpp"
#include "tools/qaic-run/options.hpp"
#include "tools/qaic-run/tensor_data.hpp"

namespace qaic::tools::run {

struct Job {
  Program program;
  std::vector<qaic_tensor> tensors;
  std::vector<base::ByteVector> inputs;  // by tensor index, empty for outputs
  std::map<std::size_t, base::ByteVector> expected;
  std::vector<TensorFile> saves;
  std::optional<Batch> batch;  // then what it has is not in the three above
  InputShapes shapes;
  // By inference, or one for all: what each tensor is then (its bytes, of an
  // input, are the first ones of the tensor's).
  std::vector<std::vector<qaic_tensor>> forms;

  [[nodiscard]] const std::vector<qaic_tensor>& forms_of(std::size_t inference) const {
    return forms[std::min(inference, forms.size() - 1)];
  }
};

[[nodiscard]] std::variant<Job, Failure> prepare_job(const RunOptions& options);

// More time to load a program with many constants: one second for each 256 MiB.
[[nodiscard]] std::chrono::milliseconds loading_allowance(const std::string& program);

[[nodiscard]] Failure failure_of(const base::Error& error);

}  // namespace qaic::tools::run
