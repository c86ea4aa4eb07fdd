// Identifiers that must not be mixed up: distinct types, no implicit
// conversion, comparable and hashable.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace qaic::base {

template <class Tag, class T>
struct Id {
  T value{};
  constexpr Id() = default;
  constexpr explicit Id(T v) : value(v) {}
  friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

using DbcId = Id<struct DbcIdTag, std::uint32_t>;            // DMA bridge channel 0-15
using BoHandle = Id<struct BoHandleTag, std::uint32_t>;      // GEM handle, per open file
using UserHandle = Id<struct UserHandleTag, std::uint32_t>;  // NNC header handle: one open file
using BusAddr = Id<struct BusAddrTag, std::uint64_t>;        // host memory as the card sees it

}  // namespace qaic::base

template <class Tag, class T>
struct std::hash<qaic::base::Id<Tag, T>> {
  std::size_t operator()(const qaic::base::Id<Tag, T>& id) const { return std::hash<T>{}(id.value); }
};
