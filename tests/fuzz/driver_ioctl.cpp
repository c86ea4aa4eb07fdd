// The driver twin's face and the card below it: a byte stream opens, calls,
// interrupts, passes time and closes. After every input nothing may be held by
// the card, mapped for it, or left in the node; no call may end twice, or after
// its interruption.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <span>
#include <vector>

#include "tests/sim_device/network_elf.hpp"
#include "tests/sim_driver/host.hpp"
#include "tests/support/card_ports.hpp"

using namespace qaic;
using namespace qaic::sim;
using namespace qaic::sim::driver;
using namespace qaic::sim::driver::test;
using namespace qaic::wire::uapi;
using wire::nnc::Command;

namespace {

constexpr std::uint64_t kElf = ClientArray::kStart + 0x20000;

void require(bool truth) {
  if (!truth) std::abort();
}

class Stream {
 public:
  explicit Stream(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  [[nodiscard]] bool empty() const { return at_ >= bytes_.size(); }
  std::uint8_t byte() { return at_ < bytes_.size() ? bytes_[at_++] : 0; }
  template <class T>
  T number() {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      value = static_cast<T>(value | static_cast<T>(T{byte()} << (8 * i)));
    return value;
  }
  // Mostly small, sometimes anything.
  std::uint64_t size() {
    const std::uint8_t kind = byte();
    if (kind < 0x80) return std::uint64_t{kind} * 128;
    if (kind < 0xF0) return kind & 0x1F;
    return number<std::uint64_t>();
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

struct Places {
  tests::ImageMap storage;
  tests::PlayedCores cores{8U << 20};
};

Parameters few_pages() {
  Parameters parameters;
  parameters.bo_segment_bytes = 4096;
  parameters.pinned_pages = 3;
  return parameters;
}

class Session : Places, Host {
 public:
  explicit Session(std::span<const std::uint8_t> bytes)
      : Host(device::stock_config(wire::nnc::Sku::pcie_pro, 0, 0), storage, cores, few_pages()), in_(bytes) {
    node.limit = 1 << 16;
    driver.probe();
    require(driver.online());
  }
  ~Session() = default;

  void run() {
    for (int steps = 0; !in_.empty() && steps < 200; ++steps) step();
    for (const auto& [call, state] : calls_) {
      if (state == State::sleeps) interrupt(call);
    }
    for (const OpenFile open : files_) driver.close(open);
    // The card may wait for a program to leave, and calls that cannot be
    // interrupted for their sleepers: all of it ends with time.
    for (int i = 0; i < 20; ++i) pass(std::chrono::seconds(61));
    for (const OpenFile open : files_) require(!driver.is_open(open));
    require(driver.card().held().empty());
    require(driver.mapped_ranges() == 0);
    require(node.pieces.empty());
    require(cores.groups.empty());
  }

 private:
  enum class State { sleeps, ended, interrupted };

  OpenFile some_file() {
    const std::uint8_t pick = in_.byte();
    return files_.empty() ? OpenFile{pick} : files_[pick % files_.size()];
  }
  template <class T>
  void call(std::uint32_t request, const T& args) {
    client->put(kArgument, args);
    call_at(request, kArgument);
  }
  void call_at(std::uint32_t request, std::uint64_t argument) {
    const CallId id{next_++};
    calls_[id] = State::sleeps;
    const auto result = driver.ioctl(some_file(), request, argument, client, id, [this, id](int value) {
      require(calls_.at(id) == State::sleeps);
      require(value <= 0 && value > -4096);
      calls_.at(id) = State::ended;
    });
    if (result) {
      require(calls_.at(id) == State::sleeps);
      require(*result <= 0 && *result > -4096);
      calls_.at(id) = State::ended;
    }
  }
  void interrupt(CallId id) {
    if (calls_.at(id) == State::sleeps) calls_.at(id) = State::interrupted;
    driver.interrupt(id);
  }
  std::uint32_t handle() { return in_.byte() % 8; }
  std::uint32_t dbc() { return in_.byte() % 4 == 3 ? in_.number<std::uint32_t>() : in_.byte() % 3; }
  Semaphore semaphore() {
    const std::uint8_t kind = in_.byte();
    if (kind < 0x80) return {};
    if (kind >= 0xF0) {
      return {in_.number<std::uint16_t>(), in_.byte(), in_.byte(), in_.byte(), in_.byte(), in_.byte()};
    }
    return {static_cast<std::uint16_t>(in_.byte() % 3), static_cast<std::uint8_t>(kind & 3),
            static_cast<std::uint8_t>(kind >> 6 & 1),   static_cast<std::uint8_t>(in_.byte() % 7),
            static_cast<std::uint8_t>(kind >> 2 & 3),   0};
  }
  std::uint64_t device_address() {
    switch (in_.byte() % 4) {
      case 0:
        return 0x10'0000'0000 + in_.size();  // DDR
      case 1:
        return 0x40'0000'0000 + (std::uint64_t{in_.byte()} << 23) + in_.size();  // multicast windows
      case 2:
        return 0x80'0000'0000 + (std::uint64_t{in_.byte() % 4u} << 26) + in_.size();  // scratch
      default:
        return in_.number<std::uint64_t>();
    }
  }
  AttachSliceEntry entry() {
    AttachSliceEntry out{};
    out.size = in_.size();
    out.offset = in_.size();
    for (auto& sem : out.sem) sem = semaphore();
    out.dev_addr = device_address();
    out.db_len = (in_.byte() % 4) * 8;
    if (out.db_len == 24) out.db_len = 32;
    if (out.db_len != 0) out.db_addr = device_address();
    out.db_data = in_.byte();
    return out;
  }
  base::ByteVector transaction() {
    switch (in_.byte() % 8) {
      case 0: {
        base::ByteVector out;
        const std::uint32_t words = in_.byte() % 32;
        append(out, TransactionHeader{1, 8 + 8 * words});
        for (std::uint32_t i = 0; i < 2 * words; ++i)
          append(out, i == 0 ? in_.byte() % 50u : std::uint32_t{in_.byte()});
        return out;
      }
      case 1:
        return activation(in_.byte(), in_.byte());
      case 2:
        return deactivation(dbc());
      case 3:
        return transfer(in_.byte() % 2 == 0 ? 100 : 300, ClientArray::kStart + in_.size() * 64, in_.size());
      case 4: {
        base::ByteVector out;
        append(out, TransactionHeader{12, 8});
        return out;
      }
      case 5: {
        wire::nnc::DeactivateRequest request;
        request.type = static_cast<std::uint32_t>(Command::deactivate);
        request.activation_id = in_.byte() % 8u;
        request.opt_vc_teardown = 1;
        return wrapped(request);
      }
      case 6: {
        wire::nnc::ActivateRequest request;
        request.type = static_cast<std::uint32_t>(Command::activate);
        request.constants_id = in_.byte() % 4u;
        request.elf_id = in_.byte() % 4u;
        request.resource_res_id = -1;
        request.opt_vc_setup = 1;
        request.vc_res_id = -1;
        request.initial_state = in_.byte() % 3;
        return wrapped(request);
      }
      default: {
        base::ByteVector out;
        append(out, TransactionHeader{in_.number<std::uint32_t>(), in_.number<std::uint32_t>()});
        return out;
      }
    }
  }
  template <class T>
  static base::ByteVector wrapped(const T& request) {
    base::ByteVector out;
    append(out, TransactionHeader{1, static_cast<std::uint32_t>(8 + sizeof(T))});
    base::append_struct(out, request);
    return out;
  }
  void manage_call(const base::ByteVector& transactions, std::uint32_t count) {
    if (!transactions.empty()) std::memcpy(client->at(kData), transactions.data(), transactions.size());
    call(kIoctlManage, ManageMessage{static_cast<std::uint32_t>(transactions.size()), count, kData});
  }

  void step() {
    switch (in_.byte() % 16) {
      case 0: {
        OpenFile opened{};
        if (files_.size() < 12 && driver.open(node, opened) == 0) files_.push_back(opened);
        return;
      }
      case 1:
        return driver.close(some_file());
      case 2: {  // any number, any bytes, any address
        for (std::uint64_t i = 0; i < 64; ++i) client->put(kArgument + i, in_.byte());
        const std::uint32_t number = in_.byte() % 2 == 0
                                         ? in_.number<std::uint32_t>()
                                         : 0xC0006400u | (in_.byte() & 0x7Fu) << 16 | in_.byte();
        return call_at(number, in_.byte() < 0xE0 ? kArgument : in_.number<std::uint64_t>());
      }
      case 3:
        return call(kIoctlCreateBo, CreateBo{in_.size(), 0, 0});
      case 4: {
        const std::uint32_t count = in_.byte() % 4;
        for (std::uint32_t i = 0; i < count; ++i)
          client->put(kEntries + i * sizeof(AttachSliceEntry), entry());
        return call(kIoctlAttachSliceBo, AttachSlice{count, dbc(), handle(), in_.byte() % 4u, 0, kEntries});
      }
      case 5: {
        const std::uint32_t count = in_.byte() % 6;
        for (std::uint32_t i = 0; i < count; ++i) client->put(kEntries + i * 8, ExecuteEntry{handle(), 1});
        return call(kIoctlExecuteBo, Execute{count, dbc(), kEntries});
      }
      case 6: {
        const std::uint32_t count = in_.byte() % 6;
        for (std::uint32_t i = 0; i < count; ++i) {
          client->put(kEntries + i * 16, PartialExecuteEntry{handle(), 1, in_.size()});
        }
        return call(kIoctlPartialExecuteBo, Execute{count, dbc(), kEntries});
      }
      case 7:
        return call(kIoctlWaitBo, Wait{handle(), in_.byte(), dbc(), 0});
      case 8: {
        const std::uint32_t count = in_.byte() % 5;
        base::ByteVector all;
        for (std::uint32_t i = 0; i < count; ++i) all = all + transaction();
        return manage_call(all, in_.byte() < 0xF0 ? count : in_.byte());
      }
      case 9: {
        if (calls_.empty()) return;
        auto at = calls_.lower_bound(CallId{in_.byte() % next_});
        while (at != calls_.end() && at->second != State::sleeps) ++at;
        if (at != calls_.end()) interrupt(at->first);
        return;
      }
      case 10:
        return pass(std::chrono::milliseconds(in_.byte() * 8));
      case 11: {  // what a program on the NSPs does
        if (cores.groups.empty()) return;
        const auto kind = static_cast<device::CoreEvent::Kind>(in_.byte() % 5);
        const auto group = cores.groups[in_.byte() % cores.groups.size()]->id();
        wire::dbc::SemaphoreWord word;
        word.index = in_.byte() % 4;
        word.command = in_.byte() % 7;
        word.value = in_.byte() % 3;
        word.enabled = 1;
        return driver.core_event({kind, group, 0, word.pack(), "text"});
      }
      case 12: {  // LOAD_ELF of the whole network
        static const base::ByteVector elf = tests::network_elf();
        std::memcpy(client->at(kElf), elf.data(), elf.size());
        wire::nnc::LoadElfRequest request;
        request.type = static_cast<std::uint32_t>(Command::load_elf);
        request.tag = 100;
        base::set_fixed_text(request.name, "double");
        request.data_length = elf.size();
        return manage_call(wrapped(request) + transfer(100, kElf, elf.size()), 2);
      }
      case 13: {  // ACTIVATE of what is probably there
        wire::nnc::ActivateRequest request;
        request.type = static_cast<std::uint32_t>(Command::activate);
        request.elf_id = 1u + in_.byte() % 3;
        request.resource_res_id = -1;
        request.opt_vc_setup = 1;
        request.vc_res_id = -1;
        request.initial_state = 1;
        return manage_call(wrapped(request) + activation(8), 2);
      }
      case 14:
        return call(kIoctlDrmGemClose, DrmGemClose{handle(), 0});
      default:
        if (in_.byte() % 2 == 0) return call(kIoctlDetachSliceBo, DetachSlice{handle(), 0});
        return call(kIoctlPerfStatsBo, PerfStats{in_.byte(), 0, dbc(), kEntries});
    }
  }

  Stream in_;
  std::vector<OpenFile> files_;
  std::map<CallId, State> calls_;
  std::uint64_t next_ = 1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Session({data, size}).run();
  return 0;
}
