// One open accel node of a qaic card.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "lib/core/bo_handles.hpp"
#include "lib/core/card_ids.hpp"
#include "os/fd.hpp"
#include "wire/nnc.hpp"
#include "wire/uapi.hpp"

namespace qaic::core {

// The card's answers as they came, checked.
struct Status {
  wire::nnc::StatusResponse card;
  wire::uapi::StatusFromDev transaction;  // version of the transaction protocol, and features
};

// Everything that is loaded or allocated through a Device belongs to it and
// goes, on the card too, when it closes. Any thread may call any function.
// Closing may block up to 60 s when the card does not answer.
class Device {
 public:
  // Errors: device-node (no such node), device-permission, device-offline
  // (unavailable: resetting or booting), device-not-qaic, device-open.
  static base::Result<std::shared_ptr<Device>> open(const std::string& node);

  [[nodiscard]] const std::string& node() const { return node_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] BoHandles& bo_handles() { return bo_handles_; }
  [[nodiscard]] CardIds& card_ids() { return card_ids_; }

  // One MANAGE message with STATUS and the transaction protocol's own status.
  // Errors: those of exchange() and of nnc::parse_status(), transaction-status.
  [[nodiscard]] base::Result<Status> status();
  [[nodiscard]] base::Result<wire::nnc::ResourceInfo> resources();
  [[nodiscard]] base::Result<wire::nnc::PerformanceInfo> performance();

 private:
  Device(std::string node, os::Fd fd) : node_(std::move(node)), fd_(std::move(fd)) {}

  std::string node_;
  os::Fd fd_;
  BoHandles bo_handles_;
  CardIds card_ids_;
};

}  // namespace qaic::core
