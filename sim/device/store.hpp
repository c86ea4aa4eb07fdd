// Networks and constants that users loaded, by id and owner.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/ids.hpp"
#include "sim/device/network.hpp"
#include "sim/device/range_allocator.hpp"

namespace qaic::sim::device {

// Keeps a loaded thing from being unloaded. Move-only.
class Pin {
 public:
  Pin() = default;
  explicit Pin(unsigned& users) : users_(&users) { ++users; }
  Pin(Pin&& other) noexcept : users_(std::exchange(other.users_, nullptr)) {}
  Pin& operator=(Pin&& other) noexcept {
    std::swap(users_, other.users_);
    return *this;
  }
  ~Pin() {
    if (users_ != nullptr) --*users_;
  }

 private:
  unsigned* users_ = nullptr;
};

struct Constants {
  base::UserHandle owner;
  std::string name;
  Range memory;
  std::uint64_t size = 0;      // static and dynamic part
  std::uint64_t received = 0;  // payload bytes so far
  unsigned users = 0;          // activations, transfers on their way
};

struct LoadedNetwork {
  base::UserHandle owner;
  Network network;
  Range memory;  // the ELF file keeps its room in DDR (the model's choice)
  unsigned users = 0;
};

// Ids start at 1 (0 means none on the wire) and are not used again. STATUS
// counts networks in a byte, so there are at most 255 of each.
template <class T>
class Store {
 public:
  static constexpr std::size_t kMost = 255;

  [[nodiscard]] bool full() const { return items_.size() >= kMost; }
  std::uint32_t add(T item) {
    items_.emplace(next_, std::move(item));
    return next_++;
  }
  [[nodiscard]] T* find(std::uint32_t id) {
    const auto found = items_.find(id);
    return found == items_.end() ? nullptr : &found->second;
  }
  void remove(std::uint32_t id) { items_.erase(id); }
  void remove_owned_by(base::UserHandle owner) {
    std::erase_if(items_, [&](const auto& item) { return item.second.owner == owner; });
  }
  [[nodiscard]] const std::map<std::uint32_t, T>& items() const { return items_; }
  [[nodiscard]] std::map<std::uint32_t, T>& items() { return items_; }

 private:
  std::map<std::uint32_t, T> items_;
  std::uint32_t next_ = 1;
};

}  // namespace qaic::sim::device
