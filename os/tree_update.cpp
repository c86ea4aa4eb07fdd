// File trees as text, and changes of a tree that is already laid out.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>

#include "os/file.hpp"
#include "os/file_tree.hpp"
#include "os/owned_files.hpp"

namespace qaic::os {

using base::Result;

namespace {

// Folder, file, link: kind, mode, length of path, length of content, path, content.
constexpr char kFolder = 'd';
constexpr char kFile = 'f';
constexpr char kLink = 'l';

void put(std::string& out, char kind, unsigned mode, const std::string& path, std::string_view content) {
  out += kind;
  out += ' ' + std::to_string(mode) + ' ' + std::to_string(path.size()) + ' ' +
         std::to_string(content.size()) + '\n';
  out += path;
  out += content;
}

bool take_number(std::string_view& text, char end, std::size_t& value) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto used = static_cast<std::size_t>(rest - text.data());
  if (error != std::errc{} || used >= text.size() || text[used] != end) return false;
  text.remove_prefix(used + 1);
  return true;
}

}  // namespace

void FileTree::pack(const std::string& path, std::string& out) const {
  if (covers_) put(out, kFolder, 0, path, {});
  const std::string prefix = path.empty() ? path : path + "/";
  for (const auto& [name, file] : files_) put(out, kFile, file.mode, prefix + name, file.content);
  for (const auto& [name, link] : links_) put(out, kLink, 0, prefix + name, link.target);
  for (const auto& [name, folder] : folders_) folder.pack(prefix + name, out);
}

std::string FileTree::pack() const {
  std::string out;
  pack({}, out);
  return out;
}

Result<FileTree> FileTree::unpack(std::string_view text) {
  const auto refuse = [] {
    return base::fail(base::make_error(base::ErrorKind::internal, "tree-text", "a file tree is garbled"));
  };
  FileTree out;
  while (!text.empty()) {
    const char kind = text[0];
    text.remove_prefix(1);
    std::size_t mode = 0;
    std::size_t path_size = 0;
    std::size_t size = 0;
    if (!text.starts_with(' ')) return refuse();
    text.remove_prefix(1);
    if (!take_number(text, ' ', mode) || !take_number(text, ' ', path_size) ||
        !take_number(text, '\n', size) || path_size > text.size() || size > text.size() - path_size) {
      return refuse();
    }
    const auto path = text.substr(0, path_size);
    const auto content = text.substr(path_size, size);
    text.remove_prefix(path_size + size);
    if (kind == kFolder) {
      out.add_folder(path);
    } else if (kind == kFile) {
      out.add_file(path, std::string(content), static_cast<unsigned>(mode));
    } else if (kind == kLink) {
      out.add_link(path, std::string(content));
    } else {
      return refuse();
    }
  }
  return out;
}

namespace {

void remove_tree(int folder, const FileTree& tree) {
  for (const auto& [name, file] : tree.files()) (void)::unlinkat(folder, name.c_str(), 0);
  for (const auto& [name, link] : tree.links()) (void)::unlinkat(folder, name.c_str(), 0);
  for (const auto& [name, child] : tree.folders()) {
    const Fd fd(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid()) continue;
    remove_tree(fd.get(), child);
    (void)::unlinkat(folder, name.c_str(), AT_REMOVEDIR);
  }
}

void add_file(int folder, const std::string& name, const FileTree::File& file) {
  const Fd fd(::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return;
  if (write_all(fd.get(), base::as_bytes(file.content))) (void)::fchmod(fd.get(), file.mode);
}

}  // namespace

void update_tree(int folder, const FileTree& before, const FileTree& after) {
  for (const auto& [name, file] : before.files()) {
    if (!after.files().contains(name)) (void)::unlinkat(folder, name.c_str(), 0);
  }
  for (const auto& [name, link] : before.links()) {
    const auto now = after.links().find(name);
    if (now == after.links().end() || now->second.target != link.target) {
      (void)::unlinkat(folder, name.c_str(), 0);
    }
  }
  static const FileTree kNothing;
  for (const auto& [name, child] : before.folders()) {
    if (after.folders().contains(name)) continue;
    const Fd fd(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (fd.valid()) remove_tree(fd.get(), child);
    (void)::unlinkat(folder, name.c_str(), AT_REMOVEDIR);
  }
  for (const auto& [name, file] : after.files()) {
    const auto was = before.files().find(name);
    if (was == before.files().end()) {
      add_file(folder, name, file);
    } else if (was->second.content != file.content) {
      overwrite_at(folder, name, file.content);
    }
  }
  for (const auto& [name, link] : after.links()) {
    const auto was = before.links().find(name);
    if (was == before.links().end() || was->second.target != link.target) {
      (void)!::symlinkat(link.target.c_str(), folder, name.c_str());
    }
  }
  for (const auto& [name, child] : after.folders()) {
    const auto was = before.folders().find(name);
    if (was == before.folders().end()) (void)::mkdirat(folder, name.c_str(), 0755);
    const Fd fd(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (fd.valid()) update_tree(fd.get(), was == before.folders().end() ? kNothing : was->second, child);
  }
}

}  // namespace qaic::os
