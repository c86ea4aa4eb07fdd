// Shapes that inputs may have besides their own: the beginning of a partial
// input, and those of the program's allowed shapes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace qaic::tools::run {

// Whether less than all of it may be given.
[[nodiscard]] inline bool is_partial(const qaic_tensor& tensor) {
  return (tensor.flags & QAIC_TENSOR_PARTIAL) != 0;
}

// An input as it is given: `form` is the tensor with other dims and byte_size.
struct InputForm {
  qaic_tensor form{};
  enum class Known { dims, bytes } known = Known::dims;  // raw bytes have no dims of their own
};

class InputShapes {
 public:
  // Each tensor has its own shape, and no other.
  InputShapes() = default;
  // Of a program; `inspection` is the document of Program::inspect().
  InputShapes(const std::vector<qaic_tensor>& tensors, const nlohmann::json& inspection);

  // The tensor with these dims, or with as many bytes; nothing where it cannot
  // have them. Of a partial input the first dimension may be less, unless the
  // program has allowed shapes; then any shape that one of them has for this
  // tensor, or nothing at all of a partial input.
  [[nodiscard]] std::optional<InputForm> with_dims(const qaic_tensor& tensor,
                                                   const std::vector<std::int64_t>& dims) const;
  [[nodiscard]] std::optional<InputForm> with_bytes(const qaic_tensor& tensor, std::size_t bytes) const;
  // "1x32, 1x8 or nothing", for an error.
  [[nodiscard]] std::string text(const qaic_tensor& tensor) const;

  // Whether an input that is not given may have another form with other inputs.
  [[nodiscard]] bool vary() const { return has_allowed_; }

  // The forms of all tensors, by index, when these are the forms of the inputs
  // that are given: an input that is not given has its own, or that which the
  // others leave it. Error id: tensor-shapes (bad input: not allowed together).
  [[nodiscard]] base::Result<std::vector<qaic_tensor>> complete(
      const std::vector<std::optional<InputForm>>& given) const;

 private:
  // One of the allowed tuples, or the tensors' own shapes.
  using Tuple = std::vector<qaic_tensor>;

  // All that `tensor` can have, its own first; empty if only that.
  [[nodiscard]] std::vector<qaic_tensor> allowed_for(const qaic_tensor& tensor) const;
  [[nodiscard]] std::string tuples_text() const;

  Tuple own_;
  std::vector<Tuple> allowed_;  // the own one first, if it is among them
  bool has_allowed_ = false;    // the program names some
};

}  // namespace qaic::tools::run
