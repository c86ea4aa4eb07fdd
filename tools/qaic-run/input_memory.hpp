// Data of inputs on its way into an inference.
#pragma once

#include <cstddef>
#include <qaic/qaic.hpp>

#include "base/bytes.hpp"

namespace qaic::tools::run {

// `form` is the tensor as it is given (InputShapes): of a partial input only so
// much is sent, of any other what is not given is zero.
[[nodiscard]] Expected<Done> put_input(Inference& inference, std::size_t index, base::Bytes data,
                                       const qaic_tensor& form);

}  // namespace qaic::tools::run
