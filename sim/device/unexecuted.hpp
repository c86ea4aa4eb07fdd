// NSPs whose network is not executed: memories for the host's data to land in,
// and nothing that computes.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "sim/device/ports.hpp"

namespace qaic::sim::device {

class UnexecutedGroup final : public CoreGroup {
 public:
  // Ids of groups that Cores starts stay below this.
  static constexpr std::uint32_t kFirstId = 0x8000'0000;

  UnexecutedGroup(std::uint32_t activation, const CoreProgram& program);

  [[nodiscard]] std::uint32_t id() const override { return id_; }
  MutableBytes l2tcm(unsigned nsp) override { return {memories_[nsp].get(), l2tcm_size_}; }
  MutableBytes vtcm(unsigned nsp) override { return {memories_[nsp].get() + l2tcm_size_, vtcm_size_}; }
  void notify() override {}

 private:
  using Memory = std::unique_ptr<std::byte, decltype(&std::free)>;

  std::uint32_t id_;
  std::size_t l2tcm_size_;
  std::size_t vtcm_size_;
  std::vector<Memory> memories_;  // of each NSP: L2TCM, then VTCM
};

}  // namespace qaic::sim::device
