#include "lib/core/host_form.hpp"

#include <utility>

namespace qaic::core {

HostForm::HostForm(transform::Chain chain, wire::qpc::Transfer direction)
    : chain_(std::move(chain)),
      user_(direction == wire::qpc::Transfer::in ? chain_.input_size() : chain_.output_size()),
      scratch_(chain_.scratch_size().value_or(0)) {}

// The sizes fit: both ends were made from the same descriptor.
void HostForm::give(base::MutableBytes moved) {
  (void)chain_.run(user_, moved, scratch_);
}

void HostForm::give_first(std::size_t elements, base::MutableBytes moved) {
  (void)chain_.run_first(elements, user_, moved, scratch_);
}

void HostForm::take(base::Bytes moved) {
  (void)chain_.run(moved, user_, scratch_);
}

}  // namespace qaic::core
