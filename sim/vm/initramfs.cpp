#include "sim/vm/initramfs.hpp"

#include <array>
#include <cstdio>

namespace qaic::sim::vm {
namespace {

void pad(std::string& text) {
  while (text.size() % 4 != 0) text.push_back('\0');
}

}  // namespace

void Initramfs::add(std::string_view path, std::uint32_t mode, std::string_view content,
                    std::uint32_t device) {
  const std::array<std::uint32_t, 13> fields{inode_++,
                                             mode,
                                             0,
                                             0,
                                             1,
                                             0,
                                             static_cast<std::uint32_t>(content.size()),
                                             0,
                                             0,
                                             device >> 8,
                                             device & 0xff,
                                             static_cast<std::uint32_t>(path.size() + 1),
                                             0};
  archive_ += "070701";
  for (const std::uint32_t field : fields) {
    std::array<char, 9> digits{};
    std::snprintf(digits.data(), digits.size(), "%08X", field);
    archive_.append(digits.data(), 8);
  }
  archive_.append(path).push_back('\0');
  pad(archive_);
  archive_.append(content);
  pad(archive_);
}

std::string Initramfs::finish() {
  add("TRAILER!!!", 0, {}, 0);
  return std::move(archive_);
}

}  // namespace qaic::sim::vm
