// What one driver instance holds: open files, their BOs, the card's DMA
// bridge channels, and the calls that sleep. Private to this folder.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/driver/answer.hpp"
#include "sim/driver/bus_space.hpp"
#include "sim/driver/control_message.hpp"
#include "sim/driver/driver.hpp"
#include "sim/driver/mmap_offsets.hpp"
#include "sim/driver/request_queue.hpp"
#include "sim/driver/slice.hpp"

namespace qaic::sim::driver {

using Nanoseconds = std::chrono::nanoseconds;

struct File;
struct Dbc;

struct Profile {  // of a BO's latest submission
  Nanoseconds received{};
  Nanoseconds submitted{};
  Nanoseconds processed{};
  std::uint32_t queue_level_before = 0;
};

struct Bo {
  File* file = nullptr;          // null: only a dma-buf holds it
  NodeMemory* node = nullptr;    // that its pages are of; null when imported
  std::uint32_t handle = 0;      // 0 after GEM_CLOSE
  std::weak_ptr<DmaBuf> shared;  // it, given out
  std::shared_ptr<DmaBuf> imported;
  std::uint64_t size = 0;    // bytes, whole pages
  std::uint64_t offset = 0;  // for mmap
  base::MutableBytes memory;

  Dbc* dbc = nullptr;  // while sliced
  base::BusAddr bus;
  std::vector<Slice> slices;
  std::uint32_t element_count = 0;

  bool queued = false;
  bool complete = true;  // what WAIT_BO sleeps for; a new BO counts as complete
  std::uint16_t req_id = 0;
  std::size_t slices_done = 0;
  unsigned sleepers = 0;
  Profile profile;

  [[nodiscard]] bool sliced() const { return dbc != nullptr; }
  [[nodiscard]] bool is_shared() const { return !shared.expired(); }
};

struct Dbc {
  std::uint32_t id = 0;
  File* owner = nullptr;  // none: calls on it are refused
  File* queue_user = nullptr;
  bool in_use = false;  // its queue is taken; can outlast the owner
  std::unique_ptr<RequestQueue> queue;
  std::uint16_t next_req_id = 0;  // survives re-activation
  std::vector<Bo*> sliced;        // BOs attached to it
  std::vector<Bo*> queued;        // in order of submission
  unsigned sleepers = 0;          // WAIT_BO calls on it
  unsigned state = 0;             // sysfs
  bool in_ssr = false;            // its subsystem restarts
  bool interrupted = false;
};

struct File {
  OpenFile id{};
  base::UserHandle user;
  NodeMemory* memory = nullptr;
  bool unplugged = false;                    // its device went: only what the DRM core answers
  std::vector<std::unique_ptr<Bo>> handles;  // [handle - 1]
  std::size_t first_free = 0;                // no free slot below
  std::vector<std::unique_ptr<Bo>> orphans;  // handle closed, still in use
  // Queues whose activation got no answer: the card may still write to them.
  std::vector<std::unique_ptr<RequestQueue>> leaked;
  std::uint32_t next_chunk_id = 0;
  unsigned calls = 0;  // sleeping
  bool closing = false;
  bool terminating = false;
  std::uint32_t terminate_sequence = 0;
  Nanoseconds terminate_deadline{};
};

// The caller of a sleeping call.
struct Caller {
  CallId call{};
  File* file = nullptr;
  std::shared_ptr<ClientMemory> client;
  Driver::Done done;
};

struct Wait {
  Caller caller;
  Dbc* dbc = nullptr;
  Bo* bo = nullptr;
  Nanoseconds deadline{};
};

// One MANAGE call from its ioctl to its end. It sleeps at most at one of the
// steps; each is resumed by State::advance().
struct Manage {
  enum class Step {
    encode,   // may sleep for WAIT_BO calls on a channel given up in this message
    control,  // another message has the control channel
    ring,     // has it, and waits for more descriptors than its ring has
    reply,    // with the card
    decode,   // may sleep for a channel that is still in use on this side
    finished,
  };

  Caller caller;
  bool abandoned = false;  // its caller is gone, the driver is not done yet
  std::uint64_t argument = 0;
  base::ByteVector argument_bytes;  // the ioctl struct to copy back
  wire::uapi::ManageMessage user{};
  base::ByteVector data;  // user transactions, later the decoded reply

  Step step = Step::encode;
  Nanoseconds deadline{};
  std::uint32_t index = 0;   // next transaction to encode or decode
  std::uint64_t offset = 0;  // of it
  Dbc* blocked_on = nullptr;
  ControlMessage message;
  std::uint32_t sequence = 0;
  base::ByteVector reply;
  std::uint32_t out_len = 0;

  // What the request holds on this side.
  std::unique_ptr<RequestQueue> queue;
  std::vector<base::BusAddr> mappings;
  std::uint32_t chunk_id = 0;
  std::uint64_t chunk_transferred = 0;  // bytes listed so far
  wire::uapi::DmaXfer chunk{};
};

struct Driver::State {
  State(Driver& driver, device::CardConfig config, World world_, UserHandles& users_, Parameters parameters_);
  ~State();

  // ---- drm_ioctl.cpp
  std::optional<int> drm_ioctl(File& file, std::uint32_t request, std::uint64_t argument,
                               std::shared_ptr<ClientMemory> client, CallId call, Done done);
  int core_ioctl(File& file, std::uint32_t nr, base::MutableBytes data, ClientMemory& client);
  int driver_ioctl(File& file, std::uint32_t nr, base::MutableBytes data, ClientMemory& client);

  // ---- buffer.cpp
  int create_bo(File& file, wire::uapi::CreateBo& args);
  int mmap_bo(File& file, wire::uapi::MmapBo& args);
  int gem_close(File& file, std::uint32_t handle);
  Bo* find_bo(File& file, std::uint32_t handle) const;
  void release_if_unused(Bo& bo);
  void destroy(Bo& bo);
  std::uint32_t add_handle(File& file, std::unique_ptr<Bo> bo);

  // ---- prime.cpp
  int handle_to_fd(File& file, wire::uapi::DrmPrimeHandle& args, ClientMemory& client);
  int fd_to_handle(File& file, wire::uapi::DrmPrimeHandle& args, ClientMemory& client);

  // ---- slicing.cpp
  int attach_slice(File& file, const wire::uapi::AttachSlice& args, ClientMemory& client);
  int detach_slice(File& file, const wire::uapi::DetachSlice& args);
  void detach(Bo& bo);

  // ---- execution.cpp
  enum class Extent { whole, partial };
  int execute(File& file, const wire::uapi::Execute& args, Extent extent, ClientMemory& client);
  Answer<std::uint32_t> queue_bo(File& file, Dbc& dbc, Extent extent, base::Bytes entry, std::uint32_t head,
                                 std::uint32_t tail);
  int perf_stats(File& file, const wire::uapi::PerfStats& args, ClientMemory& client);
  std::optional<int> wait(Caller caller, const wire::uapi::Wait& args);
  void drain(Dbc& dbc);
  void complete(Bo& bo);
  void end_wait(std::size_t at, std::optional<int> result);  // nothing: the caller is gone

  // ---- channel.cpp
  Answer<void> give_up(File& file, std::uint32_t dbc);  // disable_dbc without its waiting
  void release_channel(Dbc& dbc);
  void flush(Dbc& dbc);
  void set_state(Dbc& dbc, unsigned state);

  // ---- manage.cpp
  std::optional<int> manage(Caller caller, std::uint64_t argument, base::Bytes argument_bytes,
                            const wire::uapi::ManageMessage& args);
  bool advance(Manage& manage);  // true: something moved
  void transmit(Manage& manage);
  void finish(Manage& manage, int result);
  std::optional<int> abandon(Manage& manage);
  // One at a time sends; who waits for room in the ring keeps all others out.
  [[nodiscard]] bool control_taken() const;
  void reclaim();  // drops finished calls
  void take_reply(base::ByteVector reply);
  void drop_mappings(Manage& manage);

  // ---- manage_encode.cpp
  void encode(Manage& manage);
  Answer<void> encode_transaction(Manage& manage, wire::uapi::TransactionHeader header);
  Answer<void> encode_dma(Manage& manage, const wire::uapi::DmaXfer& in);
  void encode_abort(Manage& manage);

  // ---- manage_decode.cpp
  void decode(Manage& manage);
  Answer<void> decode_transaction(Manage& manage, base::Bytes transaction, std::uint32_t type);
  Answer<void> decode_activate(Manage& manage, base::Bytes transaction);
  void decode_orphan(base::Bytes reply);
  bool reply_intact(base::Bytes reply) const;

  // ---- ras.cpp
  void take_ras(base::Bytes message);

  // ---- ssr.cpp
  void take_ssr(base::Bytes message);
  void take_ssr_event(std::uint32_t dbc, std::uint32_t event);
  void take_dump_offer(base::Bytes message, std::uint32_t dbc);
  void take_dump_data(base::Bytes message, std::uint32_t dbc);
  void read_on();
  void drop_ssr();
  void crash_reset();
  template <class T>
  void answer_ssr(const T& message) {
    card.receive(device::Card::Stream::ssr, base::bytes_of(message));
  }

  // ---- reset.cpp
  enum class Announce { once, twice };
  void take_down(Announce announce);  // what the host does about a card that is gone
  void boot_later();
  void boot();
  void announce_environment(const char* name);

  // ---- driver.cpp
  void pump();
  void begin_handshake();
  void end_handshake(base::Bytes reply);
  void terminate(File& file);
  void end_close(File& file);
  bool advance_closes();
  void deliver();
  void end_call(Caller& caller, std::optional<int> result);
  File* find_file(OpenFile file) const;
  [[nodiscard]] Nanoseconds now() const { return world.clock.monotonic(); }

  enum class Phase { offline, boot, online, removed };

  World world;
  UserHandles& users;
  Parameters parameters;
  BusSpace bus;
  device::Card card;
  Phase phase = Phase::removed;
  std::optional<Nanoseconds> boot_at;
  bool uses_crc = true;      // on messages to the card
  bool expects_crc = false;  // on replies
  std::uint32_t next_sequence = 0;
  std::optional<std::uint32_t> handshake_sequence;

  std::vector<std::unique_ptr<File>> files;  // by id, ascending
  std::uint32_t next_file = 0;
  std::vector<std::unique_ptr<Bo>> shared_bos;           // of files that are closed, held by a dma-buf
  std::shared_ptr<int> alive = std::make_shared<int>();  // ends with this object
  MmapOffsets offsets;
  std::array<Dbc, wire::uapi::kDbcCount> dbcs;
  bool irq_pending = false;
  bool pumping = false;

  std::vector<Wait> waits;
  std::vector<std::unique_ptr<Manage>> manages;
  struct Ended {
    CallId call;
    Done done;
    int result;
  };
  std::vector<Ended> ended;
  std::vector<Uevent> uevents;
  std::vector<std::string> log;
  RasCounts ras;
  base::ByteVector boot_log;  // of the latest boot
  // A dump that is being read from the card: the table first, then the regions.
  struct Dump {
    std::uint32_t dbc = 0;
    std::uint64_t table_length = 0;
    base::ByteVector bytes;  // table and regions, as far as read
    struct Piece {
      std::uint64_t address;
      std::uint64_t left;
    };
    std::vector<Piece> pieces;  // still to read, the last first
    bool done_sent = false;
  };
  std::optional<Dump> dump;
  std::optional<base::ByteVector> finished_dump;
  base::ByteVector scratch;  // entries of the ioctl under way
};

// Copies a kernel struct out of and into an ioctl argument, which is at least
// as large.
template <class T>
T load(base::Bytes data) {
  T value;
  std::memcpy(&value, data.data(), sizeof(T));
  return value;
}
template <class T>
void store(base::MutableBytes data, const T& value) {
  std::memcpy(data.data(), &value, sizeof(T));
}

}  // namespace qaic::sim::driver
