// Twin of the kernel driver for one card: the accel node's open, ioctl, mmap
// and close, above sim/device. Written from kernel-interface §1-3 (7.x state),
// judged by the real driver. One thread owns it; a call that must sleep is
// answered later through its completion.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "sim/device/card.hpp"

namespace qaic::sim::driver {

class NodeMemory;

// Memory that is shared by descriptor (PRIME): a BO, or what another device gave out.
class DmaBuf {
 public:
  virtual ~DmaBuf() = default;
  // Valid as long as this object lives.
  virtual base::MutableBytes memory() = 0;
  // Where it lies, if it is a BO.
  struct Place {
    NodeMemory* node = nullptr;
    std::uint64_t offset = 0;
  };
  virtual Place place() { return {}; }
};

// Memory and descriptors of the process that makes a call; false stands for EFAULT.
class ClientMemory {
 public:
  virtual ~ClientMemory() = default;
  virtual bool read(std::uint64_t address, base::MutableBytes out) = 0;
  virtual bool write(std::uint64_t address, base::Bytes in) = 0;
  // Whether all of [address, address + size) can be read: what pinning its
  // pages finds out. This one reads a byte of each page.
  virtual bool readable(std::uint64_t address, std::uint64_t size);
  // A new descriptor for the buffer: its number, or -errno.
  enum class OnExec { keep, close };
  virtual int give(const std::shared_ptr<DmaBuf>& buffer, OnExec on_exec);
  // The buffer behind a descriptor, or -errno: EBADF, EINVAL if it is none.
  virtual int take(int fd, std::shared_ptr<DmaBuf>& buffer);
};

// The memory behind one open node: a BO's pages live in it at the offset that
// MMAP_BO returns, so that mmap of the node at that offset maps the BO.
class NodeMemory {
 public:
  virtual ~NodeMemory() = default;
  // Makes [offset, offset + size) usable, zeroed; the span stays valid until
  // release(). Nothing on exhaustion.
  virtual std::optional<base::MutableBytes> allocate(std::uint64_t offset, std::uint64_t size) = 0;
  // The BO is gone; pages may be given back once no client maps them.
  virtual void release(std::uint64_t offset, std::uint64_t size) = 0;
  // Does a client still map a released part of [offset, offset + size)? Such an
  // offset is not given to another BO: a mapping keeps its BO, as in the kernel.
  virtual bool still_mapped(std::uint64_t /*offset*/, std::uint64_t /*size*/) { return false; }
};

// User handles: first free from 0, shared by all cards of one host.
class UserHandles {
 public:
  base::UserHandle take();
  void give_back(base::UserHandle handle);

 private:
  std::vector<bool> used_;
};

// /sys/module/qaic/parameters
struct Parameters {
  std::chrono::seconds control_resp_timeout{60};
  std::chrono::milliseconds wait_exec_default_timeout{5000};

  // Not of the module, but of the host it runs in.
  // Largest pieces in which the card is told of a BO, and of a caller's memory
  // in a MANAGE transfer. Here, as on a host without an IOMMU: the largest that
  // its page allocator has, and single pages. With one it is the limit that the
  // driver sets, 0xFFFFF000. Bytes, a multiple of 4096, below 4 GiB.
  std::uint64_t bo_segment_bytes = 4U << 20;
  std::uint64_t user_segment_bytes = 4096;
  // Pages that one MANAGE message can pin: page pointers in one 4 MiB kmalloc.
  std::uint64_t pinned_pages = 524288;
  // How long the card takes from a reset to its system manager.
  std::chrono::milliseconds boot_time{0};
};

struct Uevent {
  enum class Device { accel, mhi };  // accelN, mhiN
  Device device = Device::accel;
  std::string action;                                            // "online", "offline", "change"
  std::vector<std::pair<std::string, std::string>> environment;  // DBC_ID, DBC_STATE, EXEC_ENV
};

enum class OpenFile : std::uint32_t {};  // one open file description of the node
enum class CallId : std::uint64_t {};

class Driver : private device::HostMemory, private device::Interrupts {
 public:
  // The outside of the card that is not the driver's: see device::Ports.
  struct World {
    device::Clock& clock;
    device::Storage& storage;
    device::Cores& cores;
  };

  Driver(device::CardConfig config, World world, UserHandles& users, Parameters parameters);
  ~Driver() override;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // Boots the card and does the driver's version handshake; ONLINE afterwards.
  // After remove() once more: files opened before stay dead.
  void probe();
  [[nodiscard]] bool online() const;

  // ---- resets and removal (kernel-interface §1.9, §4.10). Everything under way
  // ends as in the driver; the card boots again by itself, see boot_time.
  // `soc_reset` of the MHI bus, or a card that crashed by itself (SYS_ERR).
  void reset_soc();
  // `reset` of the PCI function.
  void reset_pci();
  // Unbound or pulled out: files are good for close and for what the DRM core does
  // by itself; the driver's ioctls are ENODEV for ever.
  void remove();
  [[nodiscard]] bool bound() const;
  // The system manager runs: the MHI channels of EE AMSS exist.
  [[nodiscard]] bool channels_up() const;

  // Module parameters can change at any time; a call takes them when it starts.
  void set_timeouts(std::chrono::seconds control_response, std::chrono::milliseconds wait_default);

  // 0 or -errno (ENODEV while not ONLINE). `memory` must outlive the file.
  [[nodiscard]] int open(NodeMemory& memory, OpenFile& out);
  // The last reference to the file description went. Never blocks: TERMINATE
  // and what follows happen as the card answers; a call that still sleeps on
  // the file is waited for.
  void close(OpenFile file);
  // False once close() has run its course: `memory` is used until then.
  [[nodiscard]] bool is_open(OpenFile file) const;

  // One ioctl. `argument` is the user's pointer value. Returns the result at
  // once (>= 0 or -errno), or nothing if the call sleeps: then `done` is called
  // exactly once later, from whatever event ends it, unless interrupt() comes first.
  using Done = std::function<void(int result)>;
  [[nodiscard]] std::optional<int> ioctl(OpenFile file, std::uint32_t request, std::uint64_t argument,
                                         std::shared_ptr<ClientMemory> client, CallId call, Done done);
  // The caller of a sleeping call was hit by a signal or died: the call ends as
  // in the driver (a MANAGE request stays with the card). `done` is not called.
  // -errno for the caller; nothing: the kernel may restart the call (ERESTARTSYS).
  std::optional<int> interrupt(CallId call);

  // May this file map [offset, offset + size)? 0 or -errno, as the driver's mmap.
  [[nodiscard]] int check_mmap(OpenFile file, std::uint64_t offset, std::uint64_t size) const;

  // Events from the cores, and time.
  void core_event(const device::CoreEvent& event);
  [[nodiscard]] std::optional<std::chrono::nanoseconds> next_deadline() const;
  void tick();

  [[nodiscard]] std::vector<Uevent> take_uevents();
  // What the card had to say since the last call (Card::take_messages()), and
  // what the kernel would log of it, not in the kernel's words.
  [[nodiscard]] std::vector<std::string> take_messages();
  // Bus address ranges that are mapped for the card now: queues, sliced BOs,
  // memory of MANAGE requests. For tests and `qaic-sim status`.
  [[nodiscard]] std::size_t mapped_ranges() const;
  // dbcN_state sysfs attribute.
  [[nodiscard]] unsigned dbc_state(base::DbcId dbc) const;
  // debugfs: what the SBL of the latest boot logged; a DBC's queue, in elements.
  [[nodiscard]] std::string_view boot_log() const;
  struct Fifo {
    std::uint32_t size = 0;    // 0: the DBC is free
    std::uint32_t queued = 0;  // that the card did not take yet
    friend bool operator==(const Fifo&, const Fifo&) = default;
  };
  [[nodiscard]] Fifo fifo(base::DbcId dbc) const;
  // ce_count, ue_count, ue_nonfatal_count: since probe(), saturating.
  struct RasCounts {
    std::uint32_t correctable = 0;
    std::uint32_t uncorrectable = 0;
    std::uint32_t nonfatal = 0;
    friend bool operator==(const RasCounts&, const RasCounts&) = default;
  };
  [[nodiscard]] const RasCounts& ras_counts() const;
  // The content of a device core dump that became ready since the last call.
  [[nodiscard]] std::optional<base::ByteVector> take_dump();
  [[nodiscard]] const device::Card& card() const;
  // For what befalls a card: followed by tick().
  [[nodiscard]] device::Card& card();

 private:
  struct State;
  std::unique_ptr<State> state_;

  base::Result<void> read(base::BusAddr from, base::MutableBytes out) override;
  base::Result<void> write(base::BusAddr to, base::Bytes in) override;
  void raise(unsigned vector) override;
};

}  // namespace qaic::sim::driver
