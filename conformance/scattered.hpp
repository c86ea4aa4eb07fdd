// Memory of which no two pages stand side by side for the card.
#pragma once

#include <cstdint>
#include <optional>

#include "conformance/run.hpp"

namespace qaic::conformance {

// Address pairs that one MANAGE message takes when a transfer stands first in it
// (kernel-interface §2.6). With an IOMMU a transfer may need fewer.
inline constexpr std::size_t kAddressesOfOneMessage = 4028;

class Scattered {
 public:
  // `pages` times one page, mapped one after the other; the case fails without.
  static std::optional<Scattered> make(Run& run, std::size_t pages);
  Scattered(Scattered&& other) noexcept;
  Scattered& operator=(Scattered&&) = delete;
  Scattered(const Scattered&) = delete;
  Scattered& operator=(const Scattered&) = delete;
  ~Scattered();

  [[nodiscard]] std::uint64_t address() const { return reinterpret_cast<std::uintptr_t>(at_); }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  Scattered(void* at, std::size_t size) : at_(at), size_(size) {}
  void* at_;
  std::size_t size_;
};

}  // namespace qaic::conformance
