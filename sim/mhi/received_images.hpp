// Firmware images by file name, as the host sent them over BHI and Sahara: what
// the card boots from. Single-threaded, like the card.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sim/device/ports.hpp"

namespace qaic::sim::mhi {

class ReceivedImages : public device::Storage {
 public:
  // `fallback` answers for names that the host never sent (a card that starts
  // in AMSS got none); nullptr = nobody does. It must outlive this object.
  explicit ReceivedImages(device::Storage* fallback = nullptr) : fallback_(fallback) {}

  // An image the host sent; a second one of the same name replaces the first.
  void put(std::string name, base::ByteVector bytes);
  // Forgets everything received: the card has no flash.
  void clear() { images_.clear(); }
  [[nodiscard]] bool holds(std::string_view name) const { return images_.contains(name); }

  base::Result<base::ByteVector> image(std::string_view name) override;

 private:
  std::map<std::string, base::ByteVector, std::less<>> images_;
  device::Storage* fallback_;
};

}  // namespace qaic::sim::mhi
