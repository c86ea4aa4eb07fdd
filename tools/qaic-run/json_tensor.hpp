// Tensors as JSON: nested lists, one level per dimension.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "tools/qaic-run/cast.hpp"

namespace qaic::tools::run {

// The document in `text`. Error id: tensor-json.
[[nodiscard]] base::Result<nlohmann::json> parse_json(base::Bytes text);

// A tensor's elements from nested lists of just its shape. Numbers are numbers
// here: 3 is also a float, but 3.0 is no integer unless `cast`. Floats that JSON
// lacks are the texts "NaN", "Infinity" and "-Infinity". Error ids:
// tensor-shape, tensor-type, tensor-range.
[[nodiscard]] base::Result<base::ByteVector> tensor_from_json(const nlohmann::json& value,
                                                              const qaic_tensor& tensor, Cast cast);

// How long the lists are, the first one at each level; a tensor's dims where they
// are no deeper. An empty list has those of the tensor below it.
[[nodiscard]] std::vector<std::int64_t> lengths_of(const nlohmann::json& value, const qaic_tensor& tensor);

// The same way back; every number reads as it was.
[[nodiscard]] std::string json_of_tensor(const qaic_tensor& tensor, base::Bytes bytes);

}  // namespace qaic::tools::run
