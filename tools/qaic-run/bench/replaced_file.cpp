#include "tools/qaic-run/bench/replaced_file.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "os/file.hpp"

namespace qaic::tools::run::bench {

base::Result<ReplacedFile> ReplacedFile::create(const std::string& path) {
  ReplacedFile file;
  file.path_ = path;
  const auto kind = os::file_kind(path);
  if (kind == os::FileKind::folder) {
    QAIC_CHECK(os::write_file(path, {}));  // says why not
  }
  if (kind != os::FileKind::missing && kind != os::FileKind::regular) return file;
  std::error_code unknown;
  const auto target = std::filesystem::canonical(path, unknown);  // what a link points to
  if (!unknown) file.path_ = target.string();
  file.beside_ = file.path_ + ".part";
  QAIC_CHECK(os::write_file(file.beside_, {}));
  return file;
}

ReplacedFile::ReplacedFile(ReplacedFile&& other) noexcept
    : path_(std::move(other.path_)), beside_(std::exchange(other.beside_, {})) {}

ReplacedFile& ReplacedFile::operator=(ReplacedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(beside_, other.beside_);
  return *this;
}

ReplacedFile::~ReplacedFile() {
  std::error_code ignored;
  if (!beside_.empty()) std::filesystem::remove(beside_, ignored);
}

base::Result<void> ReplacedFile::replace(base::Bytes content) {
  if (beside_.empty()) return os::write_file(path_, content);
  QAIC_CHECK(os::write_file(beside_, content));
  std::error_code refused;
  std::filesystem::rename(beside_, path_, refused);
  if (refused)
    return base::fail(base::system_error(refused.value(), "file-create", "cannot create " + path_));
  beside_.clear();
  return {};
}

}  // namespace qaic::tools::run::bench
