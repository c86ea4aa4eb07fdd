// A folder for one run, gone with everything in it when its owner goes.
#pragma once

#include <string>
#include <utility>

#include "base/result.hpp"

namespace qaic::sim::vm {

class ScratchFolder {
 public:
  // In /tmp: sockets need a short path. Error id: vm-scratch.
  static base::Result<ScratchFolder> create();
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

// A path without links and dots. Error id: vm-folder.
[[nodiscard]] base::Result<std::string> real_path(const std::string& path);
// The calling process's umask.
[[nodiscard]] unsigned own_umask();

}  // namespace qaic::sim::vm
