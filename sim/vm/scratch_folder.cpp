#include "sim/vm/scratch_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

#include "os/child.hpp"

namespace qaic::sim::vm {

base::Result<ScratchFolder> ScratchFolder::create() {
  std::string path = "/tmp/qaic-vm." + std::to_string(os::own_process_id()) + ".XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return base::fail(base::system_error(errno, "vm-scratch", "cannot make a folder in /tmp"));
  }
  return ScratchFolder(std::move(path));
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

base::Result<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&::free)> found(::realpath(path.c_str(), nullptr), &::free);
  if (!found) return base::fail(base::system_error(errno, "vm-folder", path));
  return std::string(found.get());
}

unsigned own_umask() {
  const mode_t now = ::umask(0);
  ::umask(now);
  return now;
}

}  // namespace qaic::sim::vm
