#include "os/file_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "os/fd.hpp"
#include "os/file.hpp"
#include "os/namespace.hpp"

namespace qaic::os {

using base::fail;
using base::Result;
using base::system_error;

FileTree& FileTree::folder(std::string_view path) {
  if (path.empty()) return *this;
  const auto slash = path.find('/');
  FileTree& next = folders_[std::string(path.substr(0, slash))];
  return slash == std::string_view::npos ? next : next.folder(path.substr(slash + 1));
}

namespace {

std::pair<std::string_view, std::string_view> split(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

void FileTree::add_folder(std::string_view path) {
  folder(path).covers_ = true;
}

void FileTree::add_file(std::string_view path, std::string content, unsigned mode) {
  const auto [parent, name] = split(path);
  folder(parent).files_[std::string(name)] = File{std::move(content), mode};
}

void FileTree::add_link(std::string_view path, std::string target) {
  const auto [parent, name] = split(path);
  folder(parent).links_[std::string(name)] = Link{std::move(target)};
}

void FileTree::set_content(std::string_view path, std::string content) {
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) {
    const auto file = files_.find(std::string(path));
    if (file != files_.end()) file->second.content = std::move(content);
    return;
  }
  const auto child = folders_.find(std::string(path.substr(0, slash)));
  if (child != folders_.end()) child->second.set_content(path.substr(slash + 1), std::move(content));
}

namespace {

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) < 0) {
    return fail(system_error(errno, "tree-folder", "cannot make the folder " + path));
  }
  return {};
}

Result<void> make_link(const std::string& path, const std::string& target) {
  if (::symlink(target.c_str(), path.c_str()) < 0) {
    return fail(system_error(errno, "tree-link", "cannot make the link " + path));
  }
  return {};
}

Result<void> make_file(const std::string& path, const FileTree::File& file) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return fail(system_error(errno, "tree-file", "cannot make the file " + path));
  QAIC_CHECK(write_all(fd.get(), base::as_bytes(file.content)));
  if (::fchmod(fd.get(), file.mode) < 0) {
    return fail(system_error(errno, "tree-file", "cannot set the mode of " + path));
  }
  return {};
}

// Everything in `tree`, in a folder where nothing real is.
Result<void> build(const std::string& path, const FileTree& tree) {
  for (const auto& [name, file] : tree.files()) {
    QAIC_CHECK(make_file(path + "/" + name, file));
  }
  for (const auto& [name, link] : tree.links()) {
    QAIC_CHECK(make_link(path + "/" + name, link.target));
  }
  for (const auto& [name, folder] : tree.folders()) {
    QAIC_CHECK(make_folder(path + "/" + name));
    QAIC_CHECK(build(path + "/" + name, folder));
  }
  return {};
}

// Where the real folder is seen as a whole, inside what covers it.
constexpr const char* kRealFolder = ".real";

// The terminal multiplexer looks for "pts" beside itself, which it does not
// find when it is mounted alone.
bool needs_its_folder(const struct stat& info) {
  constexpr unsigned kTerminals = 5;
  constexpr unsigned kMultiplexer = 2;
  return S_ISCHR(info.st_mode) && info.st_rdev == makedev(kTerminals, kMultiplexer);
}

bool holds_multiplexer(int folder, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [folder](const std::string& name) {
    struct stat info {};
    return ::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && needs_its_folder(info);
  });
}

// Shows one real entry again, from the folder held by `real` at `path`.
Result<void> show(int real, const std::string& path, const std::string& name) {
  struct stat info {};
  if (::fstatat(real, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0) return {};  // gone meanwhile
  const std::string source = "/proc/self/fd/" + std::to_string(real) + "/" + name;
  const std::string target = path + "/" + name;
  if (S_ISLNK(info.st_mode)) {
    QAIC_TRY(const std::string link, read_link(source));
    return make_link(target, link);
  }
  if (needs_its_folder(info)) {
    return make_link(target, std::string(kRealFolder) + "/" + name);
  }
  if (S_ISDIR(info.st_mode)) {
    QAIC_CHECK(make_folder(target));
  } else {
    QAIC_CHECK(make_file(target, {}));
  }
  return mount_again(source, target);
}

class Overlay {
 public:
  Result<void> graft(const std::string& path, const FileTree& tree) {
    const bool covers = gains_entries(path, tree);
    if (covers) {
      QAIC_CHECK(cover(path, tree));
    }
    for (const auto& [name, folder] : tree.folders()) {
      const std::string child = path + "/" + name;
      if (file_kind(child) == FileKind::folder) {
        QAIC_CHECK(graft(child, folder));
      } else {
        QAIC_CHECK(make_folder(child));
        QAIC_CHECK(build(child, folder));
      }
    }
    return {};
  }
  std::vector<std::string> take_mounts() { return std::move(mounts_); }

 private:
  static bool gains_entries(const std::string& path, const FileTree& tree) {
    if (tree.covers() || !tree.files().empty() || !tree.links().empty()) return true;
    for (const auto& [name, folder] : tree.folders()) {
      if (file_kind(path + "/" + name) != FileKind::folder) return true;
    }
    return false;
  }

  // Replaces the real folder by a memory file system with its entries and the
  // tree's files and links.
  Result<void> cover(const std::string& path, const FileTree& tree) {
    const Fd real(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!real.valid()) return fail(system_error(errno, "tree-folder", "cannot open the folder " + path));
    QAIC_TRY(const auto names, list_folder(path));
    const bool keep_whole = holds_multiplexer(real.get(), names);
    Fd whole;
    if (keep_whole) {
      QAIC_TRY(whole, detached_mounts(path));
    }
    QAIC_CHECK(mount_memory_folder(path));
    mounts_.push_back(path);
    if (keep_whole) {
      QAIC_CHECK(make_folder(path + "/" + kRealFolder));
      QAIC_CHECK(attach_mount(whole, path + "/" + kRealFolder));
    }
    for (const std::string& name : names) {
      if (tree.files().contains(name) || tree.links().contains(name)) continue;
      QAIC_CHECK(show(real.get(), path, name));
    }
    for (const auto& [name, file] : tree.files()) {
      QAIC_CHECK(make_file(path + "/" + name, file));
    }
    for (const auto& [name, link] : tree.links()) {
      QAIC_CHECK(make_link(path + "/" + name, link.target));
    }
    return {};
  }

  std::vector<std::string> mounts_;
};

}  // namespace

Result<std::vector<std::string>> lay_over(const std::string& root, const FileTree& tree) {
  Overlay overlay;
  QAIC_CHECK(overlay.graft(root, tree));
  return overlay.take_mounts();
}

}  // namespace qaic::os
