// Where a card stands in sysfs, and what root may do to it there.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "conformance/run.hpp"

namespace qaic::conformance {

// 0, or -errno of the open or the write. Nothing is created or cut off.
[[nodiscard]] int write_attribute(const std::string& path, std::string_view text);

class Location {
 public:
  // Of the card behind `node`; nothing, or the case fails, if sysfs shows none.
  static std::optional<Location> find(const std::string& node);
  static std::optional<Location> of(Run& run, const std::string& node);

  // "0000:81:00.0", and its folder.
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] std::string function() const { return "/sys/bus/pci/devices/" + address_; }
  // The node that the card has now: "" when it has none.
  [[nodiscard]] std::string node() const;
  // "mhi0"; "" while there is none.
  [[nodiscard]] std::string mhi() const;
  // dbcN_state; nothing where the driver has no such attribute (6.12).
  [[nodiscard]] std::optional<unsigned> dbc_state(unsigned dbc) const;

  [[nodiscard]] int reset_function() const { return write_attribute(function() + "/reset", "1"); }
  [[nodiscard]] int reset_soc() const;
  [[nodiscard]] int unbind() const { return write_attribute("/sys/bus/pci/drivers/qaic/unbind", address_); }
  [[nodiscard]] int bind() const { return write_attribute("/sys/bus/pci/drivers/qaic/bind", address_); }

  // Until the node can be opened; the result of the last attempt.
  [[nodiscard]] int wait_until_online(std::chrono::seconds limit = std::chrono::seconds(60)) const;

 private:
  explicit Location(std::string address) : address_(std::move(address)) {}
  std::string address_;
};

}  // namespace qaic::conformance
