#include "os/foreign_process.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <string_view>

#include "os/file.hpp"

namespace qaic::os {

namespace {

constexpr std::uint64_t kPage = 4096;

std::string process_path(pid_t thread, std::string_view rest) {
  std::string path = "/proc/" + std::to_string(thread);
  path += '/';
  path += rest;
  return path;
}

// The number behind `name` at the start of a line ("SigPnd:\t…").
std::optional<std::uint64_t> field(std::string_view text, std::string_view name, int radix) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    std::uint64_t value = 0;
    const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), value, radix);
    (void)rest;
    if (error == std::errc{}) return value;
  }
  return std::nullopt;
}

std::optional<std::string> read_proc(const std::string& path) {
  const auto bytes = read_file(path, std::size_t{1} << 26);
  if (!bytes) return std::nullopt;
  return std::string(base::as_text(*bytes));
}

std::optional<FileIdentity> identity(const struct stat& info) {
  return FileIdentity{static_cast<std::uint64_t>(info.st_dev), static_cast<std::uint64_t>(info.st_ino)};
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

bool read_memory(pid_t thread, std::uint64_t address, base::MutableBytes out) {
  if (out.empty()) return true;
  const iovec local{out.data(), out.size()};
  const iovec remote{reinterpret_cast<void*>(address), out.size()};
  return ::process_vm_readv(thread, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(out.size());
}

bool write_memory(pid_t thread, std::uint64_t address, base::Bytes in) {
  if (in.empty()) return true;
  const iovec local{const_cast<std::byte*>(in.data()), in.size()};
  const iovec remote{reinterpret_cast<void*>(address), in.size()};
  return ::process_vm_writev(thread, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(in.size());
}

std::optional<std::string> read_c_string(pid_t thread, std::uint64_t address, std::size_t limit) {
  std::string text;
  while (text.size() < limit) {
    // Never past the end of a page: the next one may not be there.
    const std::size_t chunk = std::min<std::uint64_t>(kPage - address % kPage, limit - text.size());
    const std::size_t before = text.size();
    text.resize(before + chunk);
    if (!read_memory(thread, address, std::as_writable_bytes(std::span(text).subspan(before)))) {
      return std::nullopt;
    }
    const auto end = text.find('\0', before);
    if (end != std::string::npos) return text.substr(0, end);
    address += chunk;
  }
  return std::nullopt;
}

std::optional<FileIdentity> identity_of_fd(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) < 0) return std::nullopt;
  return identity(info);
}

std::optional<FileIdentity> identity_of_foreign_fd(pid_t thread, std::int64_t fd) {
  // On the way of every ioctl: no allocation.
  std::array<char, 64> path;
  constexpr std::string_view kProc = "/proc/";
  constexpr std::string_view kFd = "/fd/";
  char* at = std::copy(kProc.begin(), kProc.end(), path.data());
  at = std::to_chars(at, path.data() + 32, thread).ptr;
  at = std::copy(kFd.begin(), kFd.end(), at);
  at = std::to_chars(at, path.data() + path.size() - 1, fd).ptr;
  *at = '\0';
  struct stat info {};
  if (::stat(path.data(), &info) < 0) return std::nullopt;
  return identity(info);
}

namespace {

constexpr int kMostAttempts = 1000;

// linux/openat2.h
struct OpenHow {
  std::uint64_t flags;
  std::uint64_t mode;
  std::uint64_t resolve;
};
constexpr std::uint64_t kInRoot = 0x10;

// N of ".../fd/N" when that names a descriptor of the thread itself.
std::optional<std::int64_t> own_descriptor(pid_t thread, std::string_view path) {
  const std::string by_number = process_path(thread, "fd/");
  for (const std::string_view prefix :
       {std::string_view("/proc/self/fd/"), std::string_view("/proc/thread-self/fd/"),
        std::string_view("/dev/fd/"), std::string_view(by_number)}) {
    if (!path.starts_with(prefix)) continue;
    const std::string_view rest = path.substr(prefix.size());
    std::int64_t number = 0;
    if (!is_number(rest)) return std::nullopt;
    if (std::from_chars(rest.data(), rest.data() + rest.size(), number).ec == std::errc{}) return number;
  }
  return std::nullopt;
}

}  // namespace

std::optional<FileIdentity> identity_of_foreign_path(pid_t thread, std::int64_t folder_fd,
                                                     const std::string& path, LastLink last_link) {
  if (path.empty()) return std::nullopt;
  if (const auto number = own_descriptor(thread, path)) return identity_of_foreign_fd(thread, *number);
  std::string whole = path;
  if (path.front() != '/') {
    const std::string folder =
        static_cast<int>(folder_fd) == AT_FDCWD
            ? process_path(thread, "cwd")
            : process_path(thread, "fd/" + std::to_string(static_cast<int>(folder_fd)));
    auto text = read_link(folder);
    if (!text || text->empty() || text->front() != '/') return std::nullopt;
    // Below a chroot both are told from the root of all mounts.
    const auto root_text = read_link(process_path(thread, "root"));
    if (root_text && *root_text != "/" && (*text + "/").starts_with(*root_text + "/")) {
      text->erase(0, root_text->size());
    }
    whole = *text + "/" + path;
  }
  const Fd root(::open(process_path(thread, "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return std::nullopt;
  const int flags = O_PATH | O_CLOEXEC | (last_link == LastLink::keep ? O_NOFOLLOW : 0);
  OpenHow how{static_cast<std::uint64_t>(flags), 0, kInRoot};
  // EAGAIN: something anywhere on the host was renamed or mounted while the
  // kernel went through a "..".
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    const Fd file(static_cast<int>(::syscall(SYS_openat2, root.get(), whole.c_str(), &how, sizeof how)));
    if (file.valid()) return identity_of_fd(file.get());
    if (errno != EAGAIN) break;
  }
  return std::nullopt;
}

std::optional<Fd> copy_foreign_fd(pid_t thread, int fd) {
  pid_t process = thread;
  if (const auto status = read_proc(process_path(thread, "status"))) {
    if (const auto group = field(*status, "Tgid:", 10)) process = static_cast<pid_t>(*group);
  }
  const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  if (!handle.valid()) return std::nullopt;
  Fd copy(static_cast<int>(::syscall(SYS_pidfd_getfd, handle.get(), fd, 0)));
  if (!copy.valid()) return std::nullopt;
  return copy;
}

bool is_dma_buf(pid_t thread, int fd) {
  const auto link = read_link(process_path(thread, "fd/" + std::to_string(fd)));
  return link && link->starts_with("/dmabuf:");
}

std::optional<int> foreign_fd_flags(pid_t thread, int fd) {
  const auto text = read_proc(process_path(thread, "fdinfo/" + std::to_string(fd)));
  if (!text) return std::nullopt;
  const auto flags = field(*text, "flags:", 8);
  if (!flags) return std::nullopt;
  return static_cast<int>(*flags);
}

std::optional<unsigned> user_of(pid_t thread) {
  const auto status = read_proc(process_path(thread, "status"));
  if (!status) return std::nullopt;
  std::string_view text(*status);
  const auto at = text.find("\nUid:\t");  // real, effective, saved, file system
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + 6);
  text.remove_prefix(std::min(text.find('\t') + 1, text.size()));
  unsigned user = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), user).ec != std::errc{}) return std::nullopt;
  return user;
}

PendingSignals pending_signals(pid_t thread) {
  const auto status = read_proc(process_path(thread, "status"));
  if (!status) return {};
  const std::uint64_t taken = ~field(*status, "SigBlk:", 16).value_or(0);
  PendingSignals out;
  out.for_thread = (field(*status, "SigPnd:", 16).value_or(0) & taken) != 0;
  out.for_process = (field(*status, "ShdPnd:", 16).value_or(0) & taken) != 0;
  out.is_leader = field(*status, "Tgid:", 10) == static_cast<std::uint64_t>(thread);
  return out;
}

namespace {

// "start-end perms offset major:minor inode path"
std::optional<MappedRange> parse_map(std::string_view line) {
  const char* at = line.data();
  const char* end = at + line.size();
  const auto number = [&](int radix, char after) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [rest, error] = std::from_chars(at, end, value, radix);
    if (error != std::errc{} || rest == end || *rest != after) return std::nullopt;
    at = rest + 1;
    return value;
  };
  MappedRange out;
  const auto first = number(16, '-');
  const auto last = number(16, ' ');
  if (!first || !last || end - at < 5) return std::nullopt;
  out.readable = *at == 'r';
  at += 5;  // permissions
  const auto offset = number(16, ' ');
  const auto device_major = number(16, ':');
  const auto device_minor = number(16, ' ');
  const auto inode = number(10, ' ');
  if (!offset || !device_major || !device_minor || !inode) return std::nullopt;
  out.start = *first;
  out.end = *last;
  out.offset = *offset;
  if (*inode != 0) {
    const auto device = makedev(static_cast<unsigned>(*device_major), static_cast<unsigned>(*device_minor));
    out.file = {static_cast<std::uint64_t>(device), *inode};
  }
  return out;
}

std::vector<MappedRange> ranges_of(const std::string& process) {
  std::vector<MappedRange> out;
  const auto maps = read_proc("/proc/" + process + "/maps");
  if (!maps) return out;
  std::string_view rest = *maps;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (const auto range = parse_map(rest.substr(0, end))) out.push_back(*range);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

}  // namespace

std::vector<MappedRange> mapped_ranges(pid_t thread) {
  return ranges_of(std::to_string(thread));
}

std::string own_mount_namespace() {
  return read_link("/proc/self/ns/mnt").value_or(std::string());
}

bool mapped_by_others(FileIdentity file, std::uint64_t offset, std::uint64_t size,
                      const std::string& except) {
  const auto names = list_folder("/proc");
  if (!names) return false;
  const std::string own = std::to_string(::getpid());
  return std::any_of(names->begin(), names->end(), [&](const std::string& name) {
    if (!is_number(name) || name == own) return false;
    if (!except.empty() && read_link("/proc/" + name + "/ns/mnt").value_or(std::string()) == except)
      return false;
    const auto ranges = ranges_of(name);
    return std::any_of(ranges.begin(), ranges.end(), [&](const MappedRange& range) {
      return range.file == file && range.offset < offset + size &&
             offset < range.offset + (range.end - range.start);
    });
  });
}

std::vector<pid_t> own_children() {
  std::vector<pid_t> out;
  const auto names = list_folder("/proc");
  if (!names) return out;
  const auto self = static_cast<std::uint64_t>(::getpid());
  for (const std::string& name : *names) {
    if (!is_number(name)) continue;
    const auto status = read_proc("/proc/" + name + "/status");
    if (status && field(*status, "PPid:", 10) == self) {
      pid_t pid = 0;
      std::from_chars(name.data(), name.data() + name.size(), pid);
      out.push_back(pid);
    }
  }
  return out;
}

}  // namespace qaic::os
