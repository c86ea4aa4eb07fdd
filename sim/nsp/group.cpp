#include "sim/nsp/group.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string_view>

#include "base/checked.hpp"
#include "sim/nsp/code_check.hpp"

namespace qaic::sim::nsp {
namespace {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;

constexpr std::uint32_t kTrampolineBytes = 0x100000;
constexpr std::uint64_t kHostPage = 4096;

std::uint32_t whole_guest_pages(std::uint64_t size) {
  return static_cast<std::uint32_t>((size + NSP_GUEST_PAGE - 1) & ~std::uint64_t{NSP_GUEST_PAGE - 1});
}

tl::unexpected<base::Error> refused(std::string what) {
  return fail(make_error(ErrorKind::bad_input, "cores-program", std::move(what)));
}

Result<void> check_counts(const device::CoreProgram& program) {
  if (program.nsp_count == 0 || program.nsp_count > NSP_CONTROL_MAX_NSPS)
    return refused("number of NSPs is not 1 … 16");
  if (program.threads.empty() || program.threads.size() > NSP_CONTROL_MAX_THREADS) {
    return refused("number of threads is not 1 … 16");
  }
  if (program.semaphores.size() > NSP_CONTROL_MAX_SEMAPHORES) return refused("more than 32 semaphores");
  if (program.l2tcm_size > (1U << 20) || program.vtcm_size > (8U << 20))
    return refused("local memories are too large");
  if (program.l2tcm_init.size() > program.l2tcm_size) return refused("initial L2TCM is larger than L2TCM");
  if (!program.multicast.empty() && program.multicast.size() != program.nsp_count) {
    return refused("there is not one multicast table per NSP");
  }
  if (!program.constants_begin.empty() && program.constants_begin.size() != program.nsp_count) {
    return refused("not every NSP is told where its constants begin");
  }
  for (const auto& thread : program.threads) {
    const bool inside =
        std::any_of(program.segments.begin(), program.segments.end(), [&](const auto& segment) {
          return segment.executable && thread.entry >= segment.address &&
                 thread.entry - segment.address < segment.file_bytes.size();
        });
    if (!inside) return refused("a thread's entry point is not in an executable segment");
  }
  return {};
}

std::size_t multicast_count(const device::CoreProgram& program) {
  std::size_t count = 0;
  for (const auto& table : program.multicast) count = std::max(count, table.size());
  return count;
}

std::uint64_t ticks_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto ns =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  return ns / 625 * 12 + ns % 625 * 12 / 625;  // 19.2 MHz
}

}  // namespace

nsp_control& QemuGroup::control() {
  return *reinterpret_cast<nsp_control*>(control_map_.writable_bytes().data() + NSP_CONTROL_OFFSET);
}

CommandRing& QemuGroup::ring() {
  return *reinterpret_cast<CommandRing*>(control_map_.writable_bytes().data() + NSP_RING_OFFSET);
}

Result<std::unique_ptr<QemuGroup>> QemuGroup::start(QemuCores& cores, std::uint32_t id,
                                                    const device::CoreProgram& program) {
  QAIC_CHECK(check_counts(program));
  QAIC_CHECK(check_code(program.segments));
  std::unique_ptr<QemuGroup> group(new QemuGroup(cores, id));
  QAIC_CHECK(group->make_memories(program));
  QAIC_CHECK(group->make_image(program));
  QAIC_CHECK(group->make_windows(program));
  group->fill_control(program);
  QAIC_TRY(group->commands_event_, os::make_event());
  group->control().event_fd = group->commands_event_.get();
  QAIC_CHECK(cores.watched_.add(group->commands_event_.get(), std::uint64_t{id} << 32 | kCommands));
  cores.groups_.push_back(group.get());
  QAIC_CHECK(group->start_processes());
  return group;
}

QemuGroup::~QemuGroup() {
  for (auto& process : processes_) process.child.kill();
  for (auto& process : processes_) process.child.wait();
  std::erase(cores_.groups_, this);
  if (commands_event_.valid()) cores_.watched_.remove(commands_event_.get());
  for (auto& process : processes_) {
    if (!process.ended) cores_.watched_.remove(process.notices.get());
  }
}

Result<void> QemuGroup::make_memories(const device::CoreProgram& program) {
  const std::size_t table = program.nsp_count * multicast_count(program) * sizeof(nsp_multicast_entry);
  const std::size_t control_size = NSP_TABLE_OFFSET + whole_guest_pages(table);
  QAIC_TRY(control_file_, os::memory_file("qaic-control", control_size));
  QAIC_TRY(control_map_,
           os::Mapping::shared(control_file_.get(), 0, control_size, os::Mapping::Access::read_write));

  l2tcm_size_ = program.l2tcm_size;
  vtcm_size_ = program.vtcm_size;
  vtcm_offset_ = whole_guest_pages(l2tcm_size_);
  local_stride_ = std::max<std::uint32_t>(vtcm_offset_ + whole_guest_pages(vtcm_size_), NSP_GUEST_PAGE);
  const std::uint64_t local_size = std::uint64_t{local_stride_} * program.nsp_count;
  QAIC_TRY(local_file_, os::memory_file("qaic-local", local_size));
  QAIC_TRY(local_map_, os::Mapping::shared(local_file_.get(), 0, static_cast<std::size_t>(local_size),
                                           os::Mapping::Access::read_write));
  for (unsigned nsp = 0; nsp < program.nsp_count && !program.l2tcm_init.empty(); ++nsp) {
    std::memcpy(local_map_.writable_bytes().data() + std::size_t{nsp} * local_stride_,
                program.l2tcm_init.data(), program.l2tcm_init.size());
  }
  return {};
}

Result<void> QemuGroup::make_image(const device::CoreProgram& program) {
  std::uint32_t begin = kImageEnd;
  std::uint32_t end = kImageBegin;
  nsp_control& shared = control();
  for (const auto& segment : program.segments) {
    if (segment.memory_size == 0) continue;
    begin = std::min(begin, segment.address);
    end = std::max(end, segment.address + segment.memory_size);
    for (const auto& code : segment.code) {
      if (shared.code_range_count == NSP_CONTROL_MAX_CODE_RANGES)
        return refused("too many executable sections");
      const std::uint32_t start = segment.address + code.offset;  // check_code() looked at it
      shared.code[shared.code_range_count++] = {start, start + (code.size & ~std::uint32_t{3})};
    }
  }
  begin &= ~std::uint32_t{NSP_GUEST_PAGE - 1};
  end = whole_guest_pages(end);
  shared.image_begin = begin;
  shared.image_end = end;
  shared.trampoline_begin = begin - kTrampolineBytes;
  shared.trampoline_end = begin;
  QAIC_TRY(image_file_, os::memory_file("qaic-image", end - begin));
  QAIC_TRY(os::Mapping image,
           os::Mapping::shared(image_file_.get(), 0, end - begin, os::Mapping::Access::read_write));
  for (const auto& segment : program.segments) {
    if (segment.file_bytes.empty()) continue;
    std::memcpy(image.writable_bytes().data() + (segment.address - begin), segment.file_bytes.data(),
                segment.file_bytes.size());
  }
  return {};
}

Result<void> QemuGroup::make_windows(const device::CoreProgram& program) {
  for (nsp_window& window : control().window) window.fd = -1;
  QAIC_CHECK(make_window(NSP_WINDOW_SHARED, program.shared_ddr_offset, program.shared_ddr_size));
  QAIC_CHECK(make_window(NSP_WINDOW_HEAP, program.heap_offset, program.heap_size));
  for (unsigned nsp = 0; nsp < program.nsp_count; ++nsp) {
    const std::uint64_t begin = program.constants_begin.empty() ? 0 : program.constants_begin[nsp];
    if (begin > program.constants_size) return refused("an NSP's constants begin behind their end");
    if (nsp != 0 && begin == (program.constants_begin.empty() ? 0 : program.constants_begin[nsp - 1])) {
      control().window[NSP_WINDOW_CONSTANTS + nsp] = control().window[NSP_WINDOW_CONSTANTS + nsp - 1];
      continue;
    }
    QAIC_CHECK(make_window(NSP_WINDOW_CONSTANTS + nsp, program.constants_offset + begin,
                           program.constants_size - begin));
  }
  return {};
}

// A part of the card's DDR for the guest, under a descriptor of its own.
Result<void> QemuGroup::make_window(unsigned index, std::uint64_t offset, std::uint64_t size) {
  if (size == 0) return {};
  const std::uint64_t all = cores_.options_.ddr_bytes;
  if (offset > all || size > all - offset) return refused("a range of DDR is outside the card's DDR");
  nsp_window& window = control().window[index];
  window.skip = static_cast<std::uint32_t>(offset % kHostPage);
  window.base = offset - window.skip;
  window.size = size + window.skip;
  QAIC_TRY(os::Fd fd, os::duplicate(cores_.ddr_file_.get()));
  window.fd = fd.get();
  windows_.push_back(std::move(fd));
  return {};
}

void QemuGroup::fill_control(const device::CoreProgram& program) {
  nsp_control& shared = control();
  shared.nsp_count = program.nsp_count;
  shared.thread_count = static_cast<std::uint32_t>(program.threads.size());
  for (std::size_t i = 0; i < program.threads.size(); ++i) shared.thread_entry[i] = program.threads[i].entry;
  shared.semaphore_count = static_cast<std::uint32_t>(program.semaphores.size());
  std::copy(program.semaphores.begin(), program.semaphores.end(), shared.semaphore_number);
  shared.control_fd = control_file_.get();
  shared.local_fd = local_file_.get();
  shared.image_fd = image_file_.get();
  shared.l2tcm_size = l2tcm_size_;
  shared.vtcm_size = vtcm_size_;
  shared.local_stride = local_stride_;
  shared.vtcm_offset = vtcm_offset_;
  shared.heap_size_low = static_cast<std::uint32_t>(program.heap_size);
  shared.heap_size_high = static_cast<std::uint32_t>(program.heap_size >> 32);
  shared.start_ticks = ticks_now();
  shared.generation = 1;
  const std::size_t count = multicast_count(program);
  shared.multicast_count = static_cast<std::uint32_t>(count);
  auto* entries =
      reinterpret_cast<nsp_multicast_entry*>(control_map_.writable_bytes().data() + NSP_TABLE_OFFSET);
  for (std::size_t nsp = 0; nsp < program.multicast.size(); ++nsp) {
    for (std::size_t i = 0; i < program.multicast[nsp].size(); ++i) {
      const device::CoreMulticast& entry = program.multicast[nsp][i];
      // An offset beyond 32 bits can only be beyond the memory: kept invalid.
      const auto offset =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(entry.base_offset, ~std::uint32_t{0}));
      entries[nsp * count + i] = {entry.mask, entry.memory, offset, entry.size};
    }
  }
  shared.magic = NSP_CONTROL_MAGIC;
  ring().announce_idle();
}

Result<void> QemuGroup::start_processes() {
  const unsigned count = control().nsp_count;
  processes_.resize(count);
  // All pipes first: the processes read their numbers when they start.
  std::vector<os::Pipe> notices;
  std::vector<os::Pipe> errors;
  for (unsigned nsp = 0; nsp < count; ++nsp) {
    QAIC_TRY(os::Pipe notice, os::make_pipe());
    QAIC_TRY(os::Pipe error, os::make_pipe());
    control().notice_fd[nsp] = notice.write_end.get();
    notices.push_back(std::move(notice));
    errors.push_back(std::move(error));
  }
  for (unsigned nsp = 0; nsp < count; ++nsp) {
    QAIC_CHECK(start_process(nsp, std::move(notices[nsp]), std::move(errors[nsp])));
  }
  return {};
}

Result<void> QemuGroup::start_process(unsigned nsp, os::Pipe notices, os::Pipe errors) {
  Process& process = processes_[nsp];
  const std::string number = std::to_string(nsp);
  const std::string control_fd = std::to_string(control_file_.get());
  os::Child::Options options;
  options.path = cores_.options_.emulator;
  // 7.2 refuses ELFs of v68 unless told a CPU; v67 runs everything it knows.
  options.arguments = {"qaic-nsp" + number, "-cpu", "v67", cores_.options_.shim, number, control_fd};
  options.environment = {
      "LD_PRELOAD=" + cores_.options_.store_trap,
      "QAIC_NSP=" + control_fd + ":" + number + ":" + std::to_string(os::own_process_id())};
  options.standard_error = errors.write_end.get();
  options.kept = {control_file_.get(), local_file_.get(), image_file_.get(), commands_event_.get(),
                  notices.write_end.get()};
  for (const auto& window : windows_) options.kept.push_back(window.get());
  QAIC_TRY(process.child, os::Child::spawn(options));
  process.notices = std::move(notices.read_end);
  process.errors = std::move(errors.read_end);
  return cores_.watched_.add(process.notices.get(), std::uint64_t{id_} << 32 | (1 + nsp));
}

base::MutableBytes QemuGroup::l2tcm(unsigned nsp) {
  if (nsp >= processes_.size()) return {};
  return local_map_.writable_bytes().subspan(std::size_t{nsp} * local_stride_, l2tcm_size_);
}

base::MutableBytes QemuGroup::vtcm(unsigned nsp) {
  if (nsp >= processes_.size()) return {};
  return local_map_.writable_bytes().subspan(std::size_t{nsp} * local_stride_ + vtcm_offset_, vtcm_size_);
}

void QemuGroup::notify() {
  nsp_control& shared = control();
  std::atomic_ref(shared.generation).fetch_add(1);
  if (std::atomic_ref(shared.sleepers).load() != 0) os::futex_wake_all(&shared.generation);
}

}  // namespace qaic::sim::nsp
