// A file that takes the place of an older one only when it is whole.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace qaic::tools::run::bench {

// Written beside `path` under a name of its own, so that the older one stays
// what it was until then. What is no regular file, as a pipe, is written itself.
class ReplacedFile {
 public:
  ReplacedFile() = default;
  // Creates the one beside, and so finds a name that cannot be. Error ids: file-create.
  static base::Result<ReplacedFile> create(const std::string& path);
  ReplacedFile(ReplacedFile&& other) noexcept;
  ReplacedFile& operator=(ReplacedFile&& other) noexcept;
  ReplacedFile(const ReplacedFile&) = delete;
  ReplacedFile& operator=(const ReplacedFile&) = delete;
  // Without replace() nothing is left.
  ~ReplacedFile();

  // Once. Error ids: file-create, file-write.
  [[nodiscard]] base::Result<void> replace(base::Bytes content);

 private:
  std::string path_;
  std::string beside_;  // "" = none
};

}  // namespace qaic::tools::run::bench
