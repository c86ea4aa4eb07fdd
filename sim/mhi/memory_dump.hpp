// What a card that crashed keeps for the host to fetch at its next boot.
// Sahara carries it; the regions and their names are ours: which ones the real
// firmware offers is not known.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace qaic::sim::mhi {

struct MemoryDump {
  struct Region {
    std::string description;  // at most 19 bytes arrive, as of the file name
    std::string file_name;
    base::ByteVector bytes;  // not empty
  };
  std::vector<Region> regions;
};

}  // namespace qaic::sim::mhi
