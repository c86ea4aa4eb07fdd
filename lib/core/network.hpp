// A program loaded and activated on a card. Source: runtime-protocols §2.4.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "lib/core/device.hpp"
#include "lib/program/plan.hpp"
#include "lib/program/program.hpp"

namespace qaic::core {

// Keeps its device open. What it holds on the card goes with unload(), with
// the destructor (silently), or with the device. One thread at a time.
class Network {
 public:
  // Asks the card for its status, for the firmware may have changed with a reset,
  // loads constants and code and activates them; a step that fails undoes the ones
  // before it. The bytes of `program` are only needed during the call. A
  // card that is restarting an NSP (status -36) is asked again up to 5 times,
  // a second apart. Errors: network-short (kind unavailable when the card has
  // not enough free now, bad_input when it never has), network-refused, and
  // those of Device::status() (unsupported: firmware of another protocol, to which
  // nothing else is sent), exchange() and program::plan_submission().
  static base::Result<std::unique_ptr<Network>> load(std::shared_ptr<Device> device,
                                                     const program::Program& program);

  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network();

  // Deactivates and unloads everything, as far as it goes; the first thing that
  // went wrong is the error; what the card has given to another network since (it
  // was reset, or this one crashed) is let be, and is channel-lost. Calling it
  // again does nothing.
  [[nodiscard]] base::Result<void> unload();

  [[nodiscard]] const std::shared_ptr<Device>& device() const { return device_; }
  [[nodiscard]] base::DbcId dbc() const { return channel_ ? base::DbcId(channel_->id()) : base::DbcId{}; }
  // Null after unload().
  [[nodiscard]] const std::shared_ptr<const CardIds::Claim>& channel() const { return channel_; }
  [[nodiscard]] const program::Plan& plan() const { return plan_; }
  [[nodiscard]] const program::ActivationBases& bases() const { return bases_; }
  [[nodiscard]] const std::vector<program::Tensor>& tensors() const { return tensors_; }

 private:
  using Held = std::shared_ptr<const CardIds::Claim>;  // null: nothing

  explicit Network(std::shared_ptr<Device> device) : device_(std::move(device)) {}

  [[nodiscard]] base::Result<void> load_constants(const program::Program& program);
  [[nodiscard]] base::Result<void> load_constants_parts(const program::Program& program);
  [[nodiscard]] base::Result<void> load_constants_part(base::Bytes bytes, std::uint64_t offset);
  [[nodiscard]] base::Result<void> load_elf(const program::Program& program, const Status& card);
  [[nodiscard]] base::Result<void> activate(const program::Program& program);
  [[nodiscard]] base::Result<void> deactivate();
  [[nodiscard]] base::Result<void> unload_one(CardIds::Kind kind, Held& held, base::Bytes request,
                                              wire::nnc::Command answer, const char* part);
  [[nodiscard]] base::Error channel_lost(std::uint32_t channel) const;

  std::shared_ptr<Device> device_;
  std::string name_;
  program::Plan plan_;
  std::vector<program::Tensor> tensors_;
  program::ActivationBases bases_;
  Held constants_, code_, activation_, channel_;
};

// Queue elements to ask for at activation, so that several inferences of
// `plan` fit, fragmented host memory included.
[[nodiscard]] std::uint32_t queue_elements(const program::Plan& plan);

}  // namespace qaic::core
