#include "lib/core/card_ids.hpp"

namespace qaic::core {

std::shared_ptr<const CardIds::Claim> CardIds::claim(Kind kind, std::uint32_t id) {
  auto& held = held_[{kind, id}];
  if (held) held->lost_.store(true, std::memory_order_release);
  held = std::make_shared<Claim>(id);
  return held;
}

void CardIds::release(Kind kind, const Claim& claim) {
  const auto held = held_.find({kind, claim.id()});
  if (held != held_.end() && held->second.get() == &claim) held_.erase(held);
}

}  // namespace qaic::core
