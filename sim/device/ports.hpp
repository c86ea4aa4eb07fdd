// The five ports through which the card meets its world. The card itself knows
// no kernel, socket, file, process or thread; whoever runs it provides these.
// All calls come from, and must be made on, the one thread that owns the card.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace qaic::sim::device {

using base::BusAddr;
using base::Bytes;
using base::ByteVector;
using base::DbcId;
using base::MutableBytes;
using base::Result;

// Host memory as the card reaches it over PCIe. Any alignment, any length; a
// range may span several of the host's mappings.
class HostMemory {
 public:
  virtual ~HostMemory() = default;
  // Copies out.size() bytes from the bus address; an address that the host did
  // not map is an error and leaves `out` unspecified.
  virtual Result<void> read(BusAddr from, MutableBytes out) = 0;
  virtual Result<void> write(BusAddr to, Bytes in) = 0;
};

// Message-signalled interrupts: vector 0 is MHI, 1 + n is DBC n.
class Interrupts {
 public:
  virtual ~Interrupts() = default;
  virtual void raise(unsigned vector) = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::chrono::nanoseconds monotonic() const = 0;
  [[nodiscard]] virtual std::chrono::microseconds utc() const = 0;
};

// Firmware images by file name ("sbl.bin", "fw2.bin"), as the host would send
// them at boot.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual Result<ByteVector> image(std::string_view name) = 0;
};

// ---- Cores: memories of the card and the processors that run network code ----

// What one NSP thread starts with.
struct CoreThread {
  std::uint32_t entry = 0;     // virtual address in the image
  std::uint8_t type_mask = 0;  // HMX 1, HVX 2
};

// Instructions inside a segment's file bytes.
struct CoreCode {
  std::uint32_t offset = 0;  // from the segment's address
  std::uint32_t size = 0;    // bytes
};

// One PT_LOAD segment of the network's ELF.
struct CoreSegment {
  std::uint32_t address = 0;
  std::uint32_t memory_size = 0;
  bool executable = false;
  ByteVector file_bytes;
  // Of an executable segment: its executable sections, ascending and apart, so
  // that read-only data beside the code is not taken for instructions.
  std::vector<CoreCode> code{};
};

// One entry of an NSP's multicast table: where its writes through window `id` land.
struct CoreMulticast {
  std::uint32_t mask = 0;         // network-relative NSPs
  std::uint64_t base_offset = 0;  // in the memory below
  std::uint32_t size = 0;
  std::uint8_t memory = 0;  // wire::qpc::NspMemory
};

// Everything the cores need to run one activated network. Validated by the card.
struct CoreProgram {
  std::string name;
  unsigned nsp_count = 1;
  std::vector<CoreSegment> segments;
  std::vector<CoreThread> threads;                    // started on each NSP
  std::vector<std::vector<CoreMulticast>> multicast;  // [nsp][multicast id]
  std::vector<std::uint16_t> semaphores;              // virtual number -> physical number
  std::uint32_t l2tcm_size = 0;
  std::uint32_t vtcm_size = 0;
  ByteVector l2tcm_init;
  std::uint64_t exit_doorbell_offset = 0;
  // Ranges of the card's DDR (offsets into Cores::ddr()).
  std::uint64_t shared_ddr_offset = 0;
  std::uint64_t shared_ddr_size = 0;
  std::uint64_t constants_offset = 0;
  std::uint64_t constants_size = 0;
  std::vector<std::uint64_t> constants_begin;  // [nsp]: where its view of them begins; empty: all at 0
  std::uint64_t heap_offset = 0;
  std::uint64_t heap_size = 0;
};

// What happened on the cores of one activation; collected by Cores, given to
// Card::core_event in the order it happened.
struct CoreEvent {
  enum class Kind {
    semaphore,  // `value` is the 32-bit command word the program stored
    log,        // text, `value` is the mask
    exited,     // all threads of the NSP left by exitThread
    crashed,    // text says why (emulator's own words, errFatal, killed …)
    hang,       // the program called notifyHang
  };
  Kind kind = Kind::log;
  std::uint32_t group = 0;  // CoreGroup::id()
  unsigned nsp = 0;
  std::uint32_t value = 0;
  std::string text;
};

// The running NSPs of one activation. Destroying it stops them at once and
// frees their memories.
class CoreGroup {
 public:
  virtual ~CoreGroup() = default;
  [[nodiscard]] virtual std::uint32_t id() const = 0;
  // Local memories, shared with the running code: the card's DMA writes here.
  virtual MutableBytes l2tcm(unsigned nsp) = 0;
  virtual MutableBytes vtcm(unsigned nsp) = 0;
  // Memory or a semaphore changed: wakes code that sleeps in `pause`.
  virtual void notify() = 0;
};

class Cores {
 public:
  virtual ~Cores() = default;
  // The card's DDR, zero where never written. Backed sparsely.
  virtual MutableBytes ddr() = 0;
  // Contents of a range are no longer needed; it reads as zero afterwards.
  virtual void forget_ddr(std::uint64_t offset, std::uint64_t size) = 0;
  // Empty when network code can run; otherwise why not ("qemu-hexagon not found").
  virtual std::string unavailable_reason() = 0;
  // Looks for instruction words known not to run here. Part of LOAD_ELF.
  virtual Result<void> check_code(const std::vector<CoreSegment>& segments) = 0;
  // Starts the NSPs. Events follow later, also for a program that dies at once.
  virtual Result<std::unique_ptr<CoreGroup>> start(const CoreProgram& program) = 0;
};

struct Ports {
  HostMemory& host_memory;
  Interrupts& interrupts;
  Clock& clock;
  Storage& storage;
  Cores& cores;
};

}  // namespace qaic::sim::device
