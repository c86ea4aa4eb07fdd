#include "sim/cli/orders.hpp"

#include <utility>

namespace qaic::sim::cli {

using base::ErrorKind;
using base::make_error;
using base::Result;

void Orders::hear() {
  if (!client_) {
    if (auto stream = listener_.accept()) client_.emplace(std::move(*stream));
    return;
  }
  while (const auto message = client_->receive()) {
    if (const auto done = answer(message->fields); done) {
      client_->send(nlohmann::json::object());
    } else {
      client_->send(done.error());
    }
  }
  if (client_->closed()) client_.reset();
}

Result<void> Orders::answer(const nlohmann::json& fields) {
  if (text_of(fields, "do") == "inject") return inject_(fields);
  return base::fail(make_error(ErrorKind::usage, "usage", "a card behind PCIe takes no order but inject",
                               "its virtual machine ends it"));
}

}  // namespace qaic::sim::cli
