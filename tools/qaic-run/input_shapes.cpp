#include "tools/qaic-run/input_shapes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/checked.hpp"
#include "tools/qaic-run/tensor_type.hpp"

namespace qaic::tools::run {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;

namespace {

constexpr std::size_t kShown = 8;  // shapes or tuples in an error

// Bytes that are no number are more than any tensor has.
template <class Dims>
qaic_tensor reshaped(const qaic_tensor& tensor, const Dims& dims) {
  qaic_tensor out = tensor;
  out.dim_count = static_cast<std::uint32_t>(dims.size());
  out.byte_size = tensor_type(tensor.type).size;
  std::fill(std::begin(out.dims), std::end(out.dims), 0);
  for (std::size_t i = 0; i < dims.size(); ++i) {
    out.dims[i] = static_cast<std::int32_t>(dims[i]);
    out.byte_size = base::checked_multiply(out.byte_size, static_cast<std::uint64_t>(dims[i]))
                        .value_or(std::numeric_limits<std::uint64_t>::max());
  }
  return out;
}

template <class Dims>
bool has_dims(const qaic_tensor& tensor, const Dims& dims) {
  return std::equal(
      dims.begin(), dims.end(), tensor.dims, tensor.dims + tensor.dim_count,
      [](auto a, auto b) { return static_cast<std::int64_t>(a) == static_cast<std::int64_t>(b); });
}

bool same_dims(const qaic_tensor& a, const qaic_tensor& b) {
  return has_dims(a, std::vector<std::int32_t>(b.dims, b.dims + b.dim_count));
}

std::string dims_text(const qaic_tensor& tensor) {
  if (tensor.byte_size == 0) return "nothing";
  std::string text;
  for (std::uint32_t i = 0; i < tensor.dim_count; ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : "x", tensor.dims[i]);
  }
  return text.empty() ? "scalar" : text;
}

// "nothing of it": a partial input that is skipped goes with every tuple.
bool is_skipped(const InputForm& given) {
  return is_partial(given.form) && given.form.byte_size == 0;
}

bool agrees(const InputForm& given, const qaic_tensor& allowed) {
  if (is_skipped(given)) return true;
  return given.known == InputForm::Known::dims ? same_dims(given.form, allowed)
                                               : given.form.byte_size == allowed.byte_size;
}

// A tuple of the document that the tensors can take. One that asks for more
// bytes than a tensor has says nothing that could be sent.
std::optional<std::vector<qaic_tensor>> tuple_from(const nlohmann::json& tuple,
                                                   const std::vector<qaic_tensor>& tensors) {
  if (tuple.size() != tensors.size()) return std::nullopt;
  std::vector<qaic_tensor> out;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto dims = tuple[i].at("dims").get<std::vector<std::int32_t>>();
    if (dims.size() > QAIC_MAX_DIMS || std::any_of(dims.begin(), dims.end(), [](auto d) { return d < 0; })) {
      return std::nullopt;
    }
    out.push_back(reshaped(tensors[i], dims));
    if (out.back().byte_size > tensors[i].byte_size) return std::nullopt;
  }
  return out;
}

bool is_input(const qaic_tensor& tensor) {
  return tensor.direction == QAIC_TENSOR_INPUT;
}

}  // namespace

InputShapes::InputShapes(const std::vector<qaic_tensor>& tensors, const nlohmann::json& inspection)
    : own_(tensors) {
  const auto& tuples = inspection.at("program").at("allowed_shapes");
  has_allowed_ = !tuples.empty();
  for (const auto& tuple : tuples) {
    if (auto read = tuple_from(tuple, tensors)) allowed_.push_back(std::move(*read));
  }
  std::stable_partition(allowed_.begin(), allowed_.end(), [&](const Tuple& tuple) {
    return std::equal(tuple.begin(), tuple.end(), own_.begin(),
                      [](const auto& a, const auto& b) { return !is_input(a) || same_dims(a, b); });
  });
}

std::vector<qaic_tensor> InputShapes::allowed_for(const qaic_tensor& tensor) const {
  std::vector<qaic_tensor> out;
  for (const Tuple& tuple : allowed_) {
    const qaic_tensor& form = tuple[tensor.index];
    const bool known = std::any_of(out.begin(), out.end(), [&](const auto& o) { return same_dims(o, form); });
    if (!known) out.push_back(form);
  }
  return out;
}

std::optional<InputForm> InputShapes::with_dims(const qaic_tensor& tensor,
                                                const std::vector<std::int64_t>& dims) const {
  if (has_dims(tensor, dims)) return InputForm{tensor};
  if (own_.empty() || !is_input(tensor)) return std::nullopt;
  if (is_partial(tensor) && std::find(dims.begin(), dims.end(), 0) != dims.end()) {
    return InputForm{reshaped(tensor, std::vector<std::int32_t>{0})};
  }
  for (const auto& form : allowed_for(tensor)) {
    if (has_dims(form, dims)) return InputForm{form};
  }
  if (has_allowed_ || !is_partial(tensor) || dims.size() != tensor.dim_count || dims.empty()) {
    return std::nullopt;
  }
  if (dims[0] < 0 || dims[0] > tensor.dims[0]) return std::nullopt;
  for (std::size_t i = 1; i < dims.size(); ++i) {
    if (dims[i] != tensor.dims[i]) return std::nullopt;
  }
  return InputForm{reshaped(tensor, dims)};
}

std::optional<InputForm> InputShapes::with_bytes(const qaic_tensor& tensor, std::size_t bytes) const {
  using Known = InputForm::Known;
  if (bytes == tensor.byte_size) return InputForm{tensor, Known::bytes};
  if (own_.empty() || !is_input(tensor)) return std::nullopt;
  if (is_partial(tensor) && bytes == 0) {
    return InputForm{reshaped(tensor, std::vector<std::int32_t>{0}), Known::bytes};
  }
  for (const auto& form : allowed_for(tensor)) {
    if (form.byte_size == bytes) return InputForm{form, Known::bytes};
  }
  if (has_allowed_ || !is_partial(tensor) || tensor.dim_count == 0 || tensor.dims[0] <= 0)
    return std::nullopt;
  const std::uint64_t row = tensor.byte_size / static_cast<std::uint64_t>(tensor.dims[0]);
  if (bytes > tensor.byte_size || row == 0 || bytes % row != 0) return std::nullopt;
  std::vector<std::int64_t> dims(tensor.dims, tensor.dims + tensor.dim_count);
  dims[0] = static_cast<std::int64_t>(bytes / row);
  return InputForm{reshaped(tensor, dims), Known::bytes};
}

std::string InputShapes::text(const qaic_tensor& tensor) const {
  std::string text = dims_text(tensor);
  if (own_.empty() || !is_input(tensor)) return text;
  if (!has_allowed_) return is_partial(tensor) ? text + ", or less in the first dimension" : text;
  const auto forms = allowed_for(tensor);
  text.clear();
  for (std::size_t i = 0; i < std::min(forms.size(), kShown); ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : " or ", dims_text(forms[i]));
  }
  if (forms.size() > kShown) text += " or …";
  return is_partial(tensor) ? text + " or nothing" : text;
}

std::string InputShapes::tuples_text() const {
  std::string text;
  for (std::size_t i = 0; i < std::min(allowed_.size(), kShown); ++i) {
    text += i == 0 ? "" : "; or ";
    bool first = true;
    for (const auto& form : allowed_[i]) {
      if (!is_input(form)) continue;
      text += fmt::format("{}{} {}", first ? "" : ", ", form.name, dims_text(form));
      first = false;
    }
  }
  if (allowed_.size() > kShown) text += fmt::format("; and {} more", allowed_.size() - kShown);
  return text.empty() ? "none that its tensors could have" : text;
}

Result<std::vector<qaic_tensor>> InputShapes::complete(
    const std::vector<std::optional<InputForm>>& given) const {
  const auto merged = [&](const Tuple& tuple) {
    Tuple out = tuple;
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (given[i] && (!has_allowed_ || is_skipped(*given[i]))) out[i] = given[i]->form;
    }
    return out;
  };
  if (!has_allowed_) return merged(own_);
  const auto found = std::find_if(allowed_.begin(), allowed_.end(), [&](const Tuple& tuple) {
    for (std::size_t i = 0; i < tuple.size(); ++i) {
      if (given[i] && !agrees(*given[i], tuple[i])) return false;
    }
    return true;
  });
  if (found != allowed_.end()) return merged(*found);
  std::string shapes;
  for (const auto& form : given) {
    if (!form) continue;
    shapes += fmt::format("{}{} {}", shapes.empty() ? "" : ", ", form->form.name,
                          form->known == InputForm::Known::dims || is_skipped(*form)
                              ? dims_text(form->form)
                              : fmt::format("of {} bytes", form->form.byte_size));
  }
  return fail(make_error(ErrorKind::bad_input, "tensor-shapes",
                         fmt::format("the program does not allow these shapes together: {}",
                                     shapes.empty() ? "the tensors' own" : shapes),
                         fmt::format("it allows {}", tuples_text())));
}

}  // namespace qaic::tools::run
