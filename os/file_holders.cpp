#include "os/file_holders.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "os/file.hpp"
#include "os/foreign_process.hpp"

namespace qaic::os {

namespace {

// What is looked for.
struct Wanted {
  std::string path;
  struct stat info {};
};

bool is_same(const Wanted& wanted, const std::string& link) {
  struct stat info {};
  if (::stat(link.c_str(), &info) < 0) return false;
  if (S_ISCHR(wanted.info.st_mode)) return S_ISCHR(info.st_mode) && info.st_rdev == wanted.info.st_rdev;
  if (info.st_dev == wanted.info.st_dev && info.st_ino == wanted.info.st_ino) return true;
  // Some file systems open another file than they show.
  return S_ISREG(info.st_mode) && read_link(link).value_or(std::string()) == wanted.path;
}

bool has_mapped(const Wanted& wanted, pid_t process) {
  const FileIdentity file{static_cast<std::uint64_t>(wanted.info.st_dev),
                          static_cast<std::uint64_t>(wanted.info.st_ino)};
  const auto ranges = mapped_ranges(process);
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const MappedRange& range) { return range.file == file; });
}

// Of /proc/PID/stat (proc(5)): "pid (command) state parent …", flags the ninth.
struct ProcessState {
  std::string command;
  char state = '?';
  pid_t parent = 0;
  unsigned long flags = 0;

  [[nodiscard]] bool has_files() const {
    constexpr unsigned long kKernelThread = 0x00200000;
    return (flags & kKernelThread) == 0 && state != 'Z' && state != 'X';
  }
};

std::optional<ProcessState> state_of(const std::string& folder) {
  const auto text = read_text(folder + "/stat");
  if (!text) return std::nullopt;
  const auto open = text->find('(');
  const auto close = text->rfind(')');  // a command may have some of its own
  if (open == std::string::npos || close == std::string::npos || close < open) return std::nullopt;
  ProcessState out;
  out.command = text->substr(open + 1, close - open - 1);
  std::string_view rest = std::string_view(*text).substr(close + 1);
  constexpr int kState = 3;
  constexpr int kParent = 4;
  constexpr int kFlags = 9;
  for (int field = kState; field <= kFlags; ++field) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (word.empty()) return std::nullopt;
    if (field == kState) out.state = word.front();
    if (field == kParent) std::from_chars(word.data(), word.data() + word.size(), out.parent);
    if (field == kFlags) std::from_chars(word.data(), word.data() + word.size(), out.flags);
    rest.remove_prefix(word.size());
  }
  return out;
}

std::optional<pid_t> process_number(const std::string& name) {
  pid_t number = 0;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

bool some_are_hidden() {
  constexpr std::string_view kFirstNamespace = "pid:[4026531836]";  // PROC_PID_INIT_INO
  return read_link("/proc/self/ns/pid").value_or(std::string()) != kFirstNamespace ||
         file_kind("/proc/1") == FileKind::missing;
}

}  // namespace

FileHolders holders_of(const std::string& path) {
  FileHolders out;
  out.others_hidden = some_are_hidden();
  Wanted wanted{path, {}};
  if (::stat(path.c_str(), &wanted.info) < 0) return out;
  const auto names = list_folder("/proc");
  if (!names) {
    out.others_hidden = true;
    return out;
  }
  for (const std::string& name : *names) {
    const auto process = process_number(name);
    if (!process || *process == ::getpid()) continue;
    const std::string folder = "/proc/" + name;
    const auto state = state_of(folder);
    if (!state || !state->has_files()) continue;  // or it has ended meanwhile
    const auto descriptors = list_folder(folder + "/fd");
    if (!descriptors) {
      if (descriptors.error().kind == base::ErrorKind::permission) ++out.closed_to_us;
      continue;
    }
    const bool open = std::any_of(descriptors->begin(), descriptors->end(), [&](const std::string& fd) {
      return is_same(wanted, folder + "/fd/" + fd);
    });
    if (!open && !has_mapped(wanted, *process)) continue;
    out.seen.push_back({*process, state->parent, user_of(*process).value_or(0), state->command});
  }
  std::sort(out.seen.begin(), out.seen.end(),
            [](const FileHolder& a, const FileHolder& b) { return a.process < b.process; });
  return out;
}

}  // namespace qaic::os
