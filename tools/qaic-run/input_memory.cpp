#include "tools/qaic-run/input_memory.hpp"

#include <algorithm>
#include <cstring>

#include "tools/qaic-run/input_shapes.hpp"

namespace qaic::tools::run {

Expected<Done> put_input(Inference& inference, std::size_t index, base::Bytes data, const qaic_tensor& form) {
  const auto memory = inference.tensor(index);
  const std::size_t size = std::min<std::size_t>({memory.size(), data.size(), form.byte_size});
  if (size != 0) std::memcpy(memory.data(), data.data(), size);
  if (is_partial(form)) return inference.set_size(index, form.byte_size);
  std::fill(memory.begin() + static_cast<std::ptrdiff_t>(size), memory.end(), std::byte{0});
  return Done{};
}

}  // namespace qaic::tools::run
