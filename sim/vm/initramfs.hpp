// The file system that a kernel starts with: an archive in the kernel's "newc"
// cpio format (Documentation/driver-api/early-userspace/buffer-format.rst).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qaic::sim::vm {

class Initramfs {
 public:
  // Paths have no leading slash; a folder comes before what is in it.
  void add_folder(std::string_view path) { add(path, 0040755, {}, 0); }
  void add_file(std::string_view path, std::string_view content) { add(path, 0100644, content, 0); }
  void add_program(std::string_view path, std::string_view content) { add(path, 0100755, content, 0); }
  void add_character_device(std::string_view path, std::uint32_t major, std::uint32_t minor) {
    add(path, 0020600, {}, (major << 8) | minor);
  }
  // The whole archive; nothing may be added afterwards.
  [[nodiscard]] std::string finish();

 private:
  void add(std::string_view path, std::uint32_t mode, std::string_view content, std::uint32_t device);

  std::string archive_;
  std::uint32_t inode_ = 1;
};

}  // namespace qaic::sim::vm
