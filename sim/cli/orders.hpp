// Where a card behind PCIe hears of what is to befall it: a socket for
// `qaic-sim inject`. Commands are heard one after the other; never blocks.
// Thread rule: the thread that owns the card.
#pragma once

#include <functional>
#include <optional>

#include "os/local_stream.hpp"
#include "sim/cli/link.hpp"

namespace qaic::sim::cli {

class Orders {
 public:
  using Inject = std::function<base::Result<void>(const nlohmann::json& order)>;
  Orders(os::LocalListener listener, Inject inject)
      : listener_(std::move(listener)), inject_(std::move(inject)) {}

  // Readable: call hear().
  [[nodiscard]] int fd() const { return client_ ? client_->fd() : listener_.fd(); }
  void hear();

 private:
  [[nodiscard]] base::Result<void> answer(const nlohmann::json& fields);

  os::LocalListener listener_;
  Inject inject_;
  std::optional<Link> client_;
};

}  // namespace qaic::sim::cli
