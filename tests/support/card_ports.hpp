// Scripted doubles of the card's five ports: a block of host memory, recorded
// interrupts, a clock that a test moves, images in a map, and cores that run
// nothing but let a test look into and play the NSPs.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/device/ports.hpp"

namespace qaic::tests {

// Host memory mapped at [kBase, kBase + size); everything else is a fault.
class HostBlock : public sim::device::HostMemory {
 public:
  static constexpr std::uint64_t kBase = 0x1'0000'0000;

  explicit HostBlock(std::size_t size) : bytes_(size) {}

  base::Result<void> read(base::BusAddr from, base::MutableBytes out) override {
    ++reads;
    if (!inside(from, out.size())) return fault();
    std::memcpy(out.data(), bytes_.data() + (from.value - kBase), out.size());
    return {};
  }
  base::Result<void> write(base::BusAddr to, base::Bytes in) override {
    ++writes;
    if (!inside(to, in.size())) return fault();
    std::memcpy(bytes_.data() + (to.value - kBase), in.data(), in.size());
    return {};
  }
  // What the host itself sees.
  base::MutableBytes at(std::uint64_t address, std::size_t size) {
    return base::MutableBytes(bytes_).subspan(static_cast<std::size_t>(address - kBase), size);
  }

  void clear() {
    std::fill(bytes_.begin(), bytes_.end(), std::byte{0});
    reads = writes = 0;
  }

  unsigned reads = 0;
  unsigned writes = 0;

 private:
  [[nodiscard]] bool inside(base::BusAddr address, std::size_t size) const {
    return address.value >= kBase && address.value - kBase <= bytes_.size() &&
           size <= bytes_.size() - (address.value - kBase);
  }
  static tl::unexpected<base::Error> fault() {
    return base::fail(base::make_error(base::ErrorKind::device, "test-fault", "not mapped"));
  }
  std::vector<std::byte> bytes_;
};

class RecordedInterrupts : public sim::device::Interrupts {
 public:
  void raise(unsigned vector) override { raised.push_back(vector); }
  std::vector<unsigned> raised;
};

class HandClock : public sim::device::Clock {
 public:
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override { return now; }
  [[nodiscard]] std::chrono::microseconds utc() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(now);
  }
  std::chrono::nanoseconds now{std::chrono::seconds(1)};
};

class ImageMap : public sim::device::Storage {
 public:
  base::Result<base::ByteVector> image(std::string_view name) override {
    const auto found = images.find(std::string(name));
    if (found == images.end()) {
      return base::fail(base::make_error(base::ErrorKind::bad_input, "test-no-image", std::string(name)));
    }
    const auto bytes = base::as_bytes(found->second);
    return base::ByteVector(bytes.begin(), bytes.end());
  }
  std::map<std::string, std::string> images;
};

// Memory that costs only the pages that were touched, between two pages that
// nobody may touch.
class LazyMemory {
 public:
  explicit LazyMemory(std::size_t size) : size_(size), whole_((size + kPage - 1) / kPage * kPage) {
    void* at =
        ::mmap(nullptr, whole_ + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) std::abort();
    base_ = static_cast<std::byte*>(at) + kPage;
    if (::mprotect(base_, whole_, PROT_READ | PROT_WRITE) != 0) std::abort();
  }
  LazyMemory(const LazyMemory&) = delete;
  LazyMemory& operator=(const LazyMemory&) = delete;
  ~LazyMemory() { ::munmap(base_ - kPage, whole_ + 2 * kPage); }

  base::MutableBytes bytes() { return {base_, size_}; }
  // The range reads as zero again.
  void forget(std::size_t offset, std::size_t size) {
    const std::size_t first = std::min((offset + kPage - 1) / kPage * kPage, offset + size);
    const std::size_t last = std::max((offset + size) / kPage * kPage, first);
    std::memset(base_ + offset, 0, first - offset);
    if (last > first && ::madvise(base_ + first, last - first, MADV_DONTNEED) != 0) std::abort();
    std::memset(base_ + last, 0, offset + size - last);
  }

 private:
  static constexpr std::size_t kPage = 4096;
  std::size_t size_;
  std::size_t whole_;
  std::byte* base_;
};

// Cores without code. A test reads `started`, plays NSPs through `groups`.
class PlayedCores : public sim::device::Cores {
 public:
  class Group : public sim::device::CoreGroup {
   public:
    Group(PlayedCores& cores, std::uint32_t id, const sim::device::CoreProgram& program)
        : cores_(cores),
          id_(id),
          l2tcm_(program.nsp_count, std::vector<std::byte>(program.l2tcm_size)),
          vtcm_(program.nsp_count, std::vector<std::byte>(program.vtcm_size)) {
      for (auto& memory : l2tcm_)
        std::copy(program.l2tcm_init.begin(), program.l2tcm_init.end(), memory.begin());
      cores_.groups.push_back(this);
    }
    ~Group() override { std::erase(cores_.groups, this); }
    [[nodiscard]] std::uint32_t id() const override { return id_; }
    base::MutableBytes l2tcm(unsigned nsp) override { return l2tcm_[nsp]; }
    base::MutableBytes vtcm(unsigned nsp) override { return vtcm_[nsp]; }
    void notify() override { ++notified; }
    unsigned notified = 0;

   private:
    PlayedCores& cores_;
    std::uint32_t id_;
    std::vector<std::vector<std::byte>> l2tcm_;
    std::vector<std::vector<std::byte>> vtcm_;
  };

  explicit PlayedCores(std::size_t ddr_size) : ddr_(ddr_size) {}

  base::MutableBytes ddr() override { return ddr_.bytes(); }
  void forget_ddr(std::uint64_t offset, std::uint64_t size) override {
    forgotten.emplace_back(offset, size);
    ddr_.forget(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
  }
  std::string unavailable_reason() override { return unavailable; }
  base::Result<void> check_code(const std::vector<sim::device::CoreSegment>&) override {
    if (bad_code.empty()) return {};
    return base::fail(base::make_error(base::ErrorKind::bad_input, "test-code", bad_code));
  }
  base::Result<std::unique_ptr<sim::device::CoreGroup>> start(
      const sim::device::CoreProgram& program) override {
    if (!start_failure.empty()) {
      return base::fail(base::make_error(base::ErrorKind::device, "test-start", start_failure));
    }
    started.push_back(program);
    return std::make_unique<Group>(*this, next_id_++, program);
  }

  void restart_ids() { next_id_ = kFirstId; }

  std::string unavailable;
  std::string bad_code;
  std::string start_failure;
  std::vector<sim::device::CoreProgram> started;
  std::vector<Group*> groups;  // alive
  std::vector<std::pair<std::uint64_t, std::uint64_t>> forgotten;

 private:
  LazyMemory ddr_;
  static constexpr std::uint32_t kFirstId = 100;
  std::uint32_t next_id_ = kFirstId;
};

// All five, and the Ports to hand to a card.
struct World {
  explicit World(std::size_t host_bytes = 4U << 20, std::size_t ddr_bytes = 256U << 20)
      : host(host_bytes), cores(ddr_bytes) {}
  [[nodiscard]] sim::device::Ports ports() { return {host, interrupts, clock, storage, cores}; }
  // As made, for the next input of a fuzzer: what it does depends on nothing
  // that was before. There must be no card.
  void clear() {
    host.clear();
    interrupts.raised.clear();
    clock = HandClock();
    cores.forget_ddr(0, cores.ddr().size());
    cores.forgotten.clear();
    cores.started.clear();
    cores.restart_ids();
  }

  HostBlock host;
  RecordedInterrupts interrupts;
  HandClock clock;
  ImageMap storage;
  PlayedCores cores;
};

}  // namespace qaic::tests
