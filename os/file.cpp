#include "os/file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <string_view>

namespace qaic::os {

using base::ByteVector;
using base::fail;
using base::Result;
using base::system_error;

Result<Fd> open_file(const std::string& path, OpenMode mode) {
  const int flags = (mode == OpenMode::read ? O_RDONLY : O_RDWR) | O_CLOEXEC;
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return fail(system_error(errno, "file-open", "cannot open " + path));
  return Fd(fd);
}

Result<std::uint64_t> file_size(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) < 0) return fail(system_error(errno, "file-stat", "cannot read a file's size"));
  return static_cast<std::uint64_t>(info.st_size);
}

namespace {

// Reads until the end of the file or until `limit` + 1 bytes are in `out`.
Result<void> read_up_to(int fd, std::size_t limit, const std::string& path, ByteVector& out) {
  std::array<std::byte, 65536> chunk;
  while (out.size() <= limit) {
    const ssize_t count = ::read(fd, chunk.data(), std::min(chunk.size(), limit + 1 - out.size()));
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail(system_error(errno, "file-read", "cannot read " + path));
    }
    if (count == 0) break;
    out.insert(out.end(), chunk.begin(), chunk.begin() + count);
  }
  return {};
}

}  // namespace

Result<ByteVector> read_file(const std::string& path, std::size_t limit) {
  QAIC_TRY(const Fd fd, open_file(path, OpenMode::read));
  return read_rest(fd.get(), limit, path);
}

Result<ByteVector> read_rest(int fd, std::size_t limit, const std::string& name) {
  ByteVector out;
  QAIC_CHECK(read_up_to(fd, limit, name, out));
  if (out.size() > limit) {
    return fail(base::make_error(base::ErrorKind::bad_input, "file-too-large",
                                 name + " is larger than " + std::to_string(limit) + " bytes"));
  }
  return out;
}

Result<std::string> read_text(const std::string& path) {
  QAIC_TRY(const Fd fd, open_file(path, OpenMode::read));
  std::array<char, 4096> buffer;
  ssize_t count = 0;
  do {
    count = ::read(fd.get(), buffer.data(), buffer.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) return fail(system_error(errno, "file-read", "cannot read " + path));
  std::string_view text(buffer.data(), static_cast<std::size_t>(count));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.remove_suffix(1);
  return std::string(text);
}

Result<std::vector<std::string>> list_folder(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
  if (!folder) return fail(system_error(errno, "folder-open", "cannot list " + path));
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) {
      if (errno != 0) return fail(system_error(errno, "folder-read", "cannot list " + path));
      break;
    }
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> read_link(const std::string& path) {
  std::array<char, PATH_MAX> buffer;
  const ssize_t count = ::readlink(path.c_str(), buffer.data(), buffer.size());
  if (count < 0) return fail(system_error(errno, "link-read", "cannot read the link " + path));
  return std::string(buffer.data(), static_cast<std::size_t>(count));
}

FileKind file_kind(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) < 0) return FileKind::missing;
  if (S_ISREG(info.st_mode)) return FileKind::regular;
  if (S_ISDIR(info.st_mode)) return FileKind::folder;
  if (S_ISCHR(info.st_mode)) return FileKind::character_device;
  return FileKind::other;
}

Result<void> write_all(int fd, base::Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail(system_error(errno, "file-write", "cannot write"));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> write_file(const std::string& path, base::Bytes bytes) {
  const int raw = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (raw < 0) return fail(system_error(errno, "file-create", "cannot create " + path));
  const Fd fd(raw);
  auto written = write_all(fd.get(), bytes);
  if (!written) written.error().what = path + ": " + written.error().what;
  return written;
}

}  // namespace qaic::os
