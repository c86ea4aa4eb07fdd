// Open nodes: which descriptor belongs to which, and when one is closed.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "os/owned_files.hpp"
#include "sim/syscall/open_node.hpp"

namespace qaic::sim::syscall {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using CloseOnExec = os::SeccompListener::CloseOnExec;

namespace {

// Positions in the node's own file that no program seeks to by itself.
constexpr std::uint64_t kFirstTag = std::uint64_t{0x51A1C} << 40;

}  // namespace

bool Supervisor::Memory::readable(std::uint64_t address, std::uint64_t size) {
  const std::uint64_t end = address + size;
  for (const os::MappedRange& range : os::mapped_ranges(thread_)) {
    if (address >= end) break;
    if (range.end <= address) continue;
    if (range.start > address || !range.readable || supervisor_.open_.contains(range.file)) return false;
    address = range.end;
  }
  return address >= end && listener_->valid(id_);
}

Supervisor::OpenNode* Supervisor::find(os::FileIdentity identity) {
  const auto at = open_.find(identity);
  return at == open_.end() ? nullptr : at->second.get();
}

std::optional<std::size_t> Supervisor::slot_at(const Run& run, os::FileIdentity identity) const {
  const auto node = run.nodes.find(identity);
  if (node != run.nodes.end()) return node->second;
  // An open node opened again by way of /proc/self/fd is another open node.
  const auto at = open_.find(identity);
  if (at == open_.end()) return std::nullopt;
  return at->second->slot;
}

Supervisor::OpenNode* Supervisor::resolve(Run& run, const os::Notification& call, int fd, bool& ended) {
  const auto identity = os::identity_of_foreign_fd(call.thread, fd);
  if (!identity) return nullptr;
  if (OpenNode* file = find(*identity)) return file;
  const auto slot = slot_at(run, *identity);
  if (!slot) return nullptr;
  OpenNode* file = nullptr;
  const int result = adopt_read_only(run, call, fd, *slot, file);
  // Not open for ioctls at all, or gone meanwhile: the kernel knows the words.
  if (result == -EBADF) return nullptr;
  if (result < 0) {
    ended = true;
    (void)run.listener->respond(call.id, result);
  }
  return file;
}

int Supervisor::create_open_node(Run& run, const os::Notification& call, std::size_t slot, OpenNode*& out) {
  auto memory = NodeFile::create();
  if (!memory) return memory.error().code > 0 ? -memory.error().code : -ENOMEM;
  auto open = std::make_unique<OpenNode>();
  open->run = &run;
  open->slot = slot;
  open->process = call.thread;
  open->memory = std::move(*memory);
  const auto watch = closes_.add(open->memory->fd());
  if (!watch) return -watch.error().code;
  open->watch = *watch;
  const int result = options_.nodes[slot].driver->open(*open->memory, open->file);
  if (result < 0) {
    closes_.remove(open->watch);
    return result;
  }
  open->tag = kFirstTag + next_tag_++;
  out = open.get();
  by_watch_[open->watch] = out;
  open_.emplace(open->memory->identity(), std::move(open));
  return 0;
}

// A descriptor that the kernel opened for reading, on the node's own file. It
// is replaced by an open node. Other descriptors of the same description find
// the same open node by the file position, which they share.
int Supervisor::adopt_read_only(Run& run, const os::Notification& call, int fd, std::size_t slot,
                                OpenNode*& out) {
  const auto copy = os::copy_foreign_fd(call.thread, fd);
  const auto flags = os::foreign_fd_flags(call.thread, fd);
  if (!copy || !flags || (*flags & O_PATH) != 0 || !run.listener->valid(call.id)) return -EBADF;
  const std::uint64_t tag = os::file_position(copy->get());
  const auto known = std::find_if(open_.begin(), open_.end(), [&](const auto& entry) {
    return entry.second->tag == tag && entry.second->slot == slot;
  });
  OpenNode* file = known == open_.end() ? nullptr : known->second.get();
  if (file == nullptr) {
    if (const int result = create_open_node(run, call, slot, file); result < 0) return result;
    os::set_file_position(copy->get(), file->tag);
  }
  const auto own = file->memory->open_again(*flags);
  if (!own) return -ENFILE;
  const int result = run.listener->replace_fd(call.id, own->get(), fd,
                                              (*flags & O_CLOEXEC) != 0 ? CloseOnExec::yes : CloseOnExec::no);
  if (result < 0) return result;
  out = file;
  return 0;
}

void Supervisor::after_closes() {
  bool look = false;
  if (look_at_given_.count() != 0 && options_.now() >= look_at_given_) {
    forget_buffers();
    look_at_given_ = nanoseconds{0};
  }
  for (const int watch : closes_.take_closed()) {
    look |=
        std::any_of(given_.begin(), given_.end(), [&](const auto& entry) { return entry.watch == watch; });
    const auto at = by_watch_.find(watch);
    if (at == by_watch_.end()) continue;
    at->second->ask_after = nanoseconds{0};
    try_close(*at->second);
  }
  if (look) forget_buffers();
  const nanoseconds now = options_.now();
  for (auto at = by_watch_.begin(); at != by_watch_.end();) {
    OpenNode* file = at->second;
    ++at;
    if (file->ask_again && file->ask_at <= now) try_close(*file);
  }
}

// A call waits whose caller may know that a close has returned.
void Supervisor::close_what_ended() {
  for (auto at = by_watch_.begin(); at != by_watch_.end();) {
    OpenNode* file = at->second;
    ++at;
    if (file->ask_again && os::open_only_here(file->memory->fd())) force_close(*file);
  }
}

void Supervisor::try_close(OpenNode& file) {
  constexpr milliseconds kFirst{1};
  constexpr milliseconds kLast{2000};
  if (!os::open_only_here(file.memory->fd())) {
    // Either another description is left, or the kernel is still closing this
    // one: it tells us a moment before it is done.
    file.ask_after = std::clamp<nanoseconds>(file.ask_after * 2, kFirst, 2 * kLast);
    file.ask_again = file.ask_after <= kLast;
    file.ask_at = options_.now() + file.ask_after;
    return;
  }
  force_close(file);
}

void Supervisor::force_close(OpenNode& file) {
  const std::size_t slot = file.slot;
  options_.nodes[slot].driver->close(file.file);
  closes_.remove(file.watch);
  by_watch_.erase(file.watch);
  const auto at = open_.find(file.memory->identity());
  closed_.push_back(std::move(at->second));
  open_.erase(at);
  publish(slot);
}

// Nobody of an ended program is left; what it had open is closed by now, or
// soon. A file that somebody outside received is taken away at last.
void Supervisor::carry_on_ending() {
  std::vector<ProgramId> ended;
  for (const auto& [id, run] : runs_) {
    if (!run->when_ended) continue;
    const bool give_up = options_.now() >= run->give_up;
    bool left = false;
    for (auto at = open_.begin(); at != open_.end();) {
      OpenNode& file = *at->second;
      ++at;
      if (file.run != run.get()) continue;
      give_up ? force_close(file) : try_close(file);
    }
    for (const auto& entry : open_) left |= entry.second->run == run.get();
    if (!left) ended.push_back(id);
  }
  for (const ProgramId id : ended) {
    const auto done = std::move(runs_[id]->when_ended);
    runs_.erase(id);
    forget_buffers();
    done();
  }
}

void Supervisor::bury() {
  std::erase_if(closed_, [](const auto& file) { return file->memory->empty(); });
}

}  // namespace qaic::sim::syscall
