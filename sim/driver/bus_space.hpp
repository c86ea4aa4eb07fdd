// The bus addresses that this host gave to the card: each mapped range is
// memory of ours or of a client process. Plays the IOMMU: what is not mapped,
// or mapped for the other direction, is an error for the card.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "sim/driver/driver.hpp"

namespace qaic::sim::driver {

class BusSpace {
 public:
  enum class Access { read, write, read_write };  // what the card may do

  // `memory` must stay valid until unmap(). The address is page aligned.
  base::BusAddr map(base::MutableBytes memory, Access access);
  // Client memory for the card to read; keeps the offset in the page.
  base::BusAddr map_client(std::shared_ptr<ClientMemory> client, std::uint64_t address, std::uint64_t size);
  // `start` is what map() or map_client() gave.
  void unmap(base::BusAddr start);

  base::Result<void> read(base::BusAddr from, base::MutableBytes out);
  base::Result<void> write(base::BusAddr to, base::Bytes in);

  [[nodiscard]] std::size_t mapped_ranges() const { return ranges_.size(); }

 private:
  struct Range {
    std::uint64_t start = 0;
    std::uint64_t size = 0;
    Access access = Access::read;
    std::byte* memory = nullptr;  // or else:
    std::shared_ptr<ClientMemory> client;
    std::uint64_t client_address = 0;
  };

  std::uint64_t reserve(std::uint64_t offset_in_page, std::uint64_t size);
  // The range that holds all of [address, address + size), or null.
  const Range* find(std::uint64_t address, std::uint64_t size);

  // Addresses are never given twice, so appending keeps the order.
  std::vector<Range> ranges_;
  std::size_t last_hit_ = 0;
  std::uint64_t next_ = 0x10'0000'0000;
};

}  // namespace qaic::sim::driver
