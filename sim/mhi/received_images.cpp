#include "sim/mhi/received_images.hpp"

#include <utility>

namespace qaic::sim::mhi {

void ReceivedImages::put(std::string name, base::ByteVector bytes) {
  images_.insert_or_assign(std::move(name), std::move(bytes));
}

base::Result<base::ByteVector> ReceivedImages::image(std::string_view name) {
  if (const auto found = images_.find(name); found != images_.end()) return found->second;
  if (fallback_ != nullptr) return fallback_->image(name);
  return base::fail(base::make_error(base::ErrorKind::bad_input, "sim-image-missing",
                                     "the host never sent " + std::string(name)));
}

}  // namespace qaic::sim::mhi
