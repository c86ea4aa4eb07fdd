// A driver twin with one client process whose memory is an array, and a clock
// that the test sets. The card under it is whichever the program links.
#pragma once

#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "sim/driver/driver.hpp"
#include "wire/uapi.hpp"

namespace qaic::sim::driver::test {

class ClientArray : public ClientMemory {
 public:
  static constexpr std::uint64_t kStart = 0x10000;
  static constexpr std::uint64_t kSize = 1 << 20;

  bool read(std::uint64_t address, base::MutableBytes out) override {
    if (!holds(address, out.size())) return false;
    std::memcpy(out.data(), bytes_.data() + (address - kStart), out.size());
    return true;
  }
  bool write(std::uint64_t address, base::Bytes in) override {
    if (!holds(address, in.size()) || (address < read_only_end && address + in.size() > read_only_start)) {
      return false;
    }
    std::memcpy(bytes_.data() + (address - kStart), in.data(), in.size());
    return true;
  }
  template <class T>
  void put(std::uint64_t address, const T& value) {
    std::memcpy(bytes_.data() + (address - kStart), &value, sizeof(T));
  }
  template <class T>
  [[nodiscard]] T get(std::uint64_t address) const {
    T value;
    std::memcpy(&value, bytes_.data() + (address - kStart), sizeof(T));
    return value;
  }
  std::byte* at(std::uint64_t address) { return bytes_.data() + (address - kStart); }

  // Descriptors: buffers by number.
  int give(const std::shared_ptr<DmaBuf>& buffer, OnExec on_exec) override {
    buffers[next_fd] = buffer;
    last_on_exec = on_exec;
    return next_fd++;
  }
  int take(int fd, std::shared_ptr<DmaBuf>& buffer) override {
    const auto at = buffers.find(fd);
    if (at == buffers.end()) return -EBADF;
    buffer = at->second;
    return buffer ? 0 : -EINVAL;
  }
  std::map<int, std::shared_ptr<DmaBuf>> buffers;  // null: a file of another kind
  int next_fd = 7;
  OnExec last_on_exec = OnExec::keep;

  std::uint64_t read_only_start = 0;
  std::uint64_t read_only_end = 0;

 private:
  static bool holds(std::uint64_t address, std::uint64_t size) {
    return address >= kStart && address - kStart <= kSize && kSize - (address - kStart) >= size;
  }
  std::vector<std::byte> bytes_{kSize};
};

class NodeArrays : public NodeMemory {
 public:
  std::optional<base::MutableBytes> allocate(std::uint64_t offset, std::uint64_t size) override {
    if (size > limit) return std::nullopt;
    auto& bytes = pieces[offset];
    bytes.assign(static_cast<std::size_t>(size), std::byte{0});
    return base::MutableBytes(bytes);
  }
  void release(std::uint64_t offset, std::uint64_t) override { pieces.erase(offset); }

  std::map<std::uint64_t, std::vector<std::byte>> pieces;
  std::uint64_t limit = 64 << 20;
};

class Host : device::Clock {
 public:
  Host(device::CardConfig config, device::Storage& storage, device::Cores& cores, Parameters parameters)
      : driver(std::move(config), Driver::World{*this, storage, cores}, users, parameters) {}

  // An ioctl with its struct at kArgument; the struct is read back. Nothing
  // if it sleeps: then its result appears in `ended` under last_call.
  template <class T>
  std::optional<int> start_ioctl(OpenFile on, std::uint32_t number, T& args) {
    client->put(kArgument, args);
    last_call = CallId{next_call_++};
    const CallId call = last_call;
    const auto result =
        driver.ioctl(on, number, kArgument, client, call, [this, call](int value) { ended[call] = value; });
    args = client->get<T>(kArgument);
    return result;
  }
  template <class T>
  int ioctl(std::uint32_t number, T& args) {
    return start_ioctl(file, number, args).value_or(kSleeps);
  }
  template <class T>
  int ioctl(OpenFile on, std::uint32_t number, T& args) {
    return start_ioctl(on, number, args).value_or(kSleeps);
  }
  [[nodiscard]] std::optional<int> ended_with(CallId call) const {
    const auto at = ended.find(call);
    return at == ended.end() ? std::nullopt : std::optional(at->second);
  }

  // MANAGE with these user transactions at kData.
  std::optional<int> start_manage(const base::ByteVector& transactions, std::uint32_t count,
                                  std::optional<OpenFile> on = {}) {
    std::memcpy(client->at(kData), transactions.data(), transactions.size());
    message = {static_cast<std::uint32_t>(transactions.size()), count, kData};
    return start_ioctl(on.value_or(file), wire::uapi::kIoctlManage, message);
  }
  int manage(const base::ByteVector& transactions, std::uint32_t count, std::optional<OpenFile> on = {}) {
    return start_manage(transactions, count, on).value_or(kSleeps);
  }

  std::uint32_t bo(std::uint64_t size, std::optional<OpenFile> on = {}) {
    wire::uapi::CreateBo create{size, 0, 0};
    return ioctl(on.value_or(file), wire::uapi::kIoctlCreateBo, create) == 0 ? create.handle : 0;
  }
  int attach(std::uint32_t handle, std::uint32_t dbc, std::vector<wire::uapi::AttachSliceEntry> entries,
             std::uint32_t dir = 1, std::optional<OpenFile> on = {});
  int execute(std::uint32_t dbc, std::vector<std::uint32_t> handles, std::optional<OpenFile> on = {});
  int execute_partial(std::uint32_t dbc, std::vector<wire::uapi::PartialExecuteEntry> entries);
  std::optional<int> start_wait(std::uint32_t handle, std::uint32_t dbc, std::uint32_t timeout_ms = 0) {
    wire::uapi::Wait wait{handle, timeout_ms, dbc, 0};
    return start_ioctl(file, wire::uapi::kIoctlWaitBo, wait);
  }
  int wait(std::uint32_t handle, std::uint32_t dbc) { return start_wait(handle, dbc).value_or(kSleeps); }
  int detach(std::uint32_t handle) {
    wire::uapi::DetachSlice args{handle, 0};
    return ioctl(wire::uapi::kIoctlDetachSliceBo, args);
  }
  int gem_close(std::uint32_t handle) {
    wire::uapi::DrmGemClose args{handle, 0};
    return ioctl(wire::uapi::kIoctlDrmGemClose, args);
  }
  // Uevents of the accel device since the last look at any.
  std::vector<Uevent> accel_events() {
    auto events = driver.take_uevents();
    std::erase_if(events, [](const Uevent& event) { return event.device != Uevent::Device::accel; });
    return events;
  }
  void pass(std::chrono::milliseconds time) {
    time_ += time;
    driver.tick();
  }
  // The card's delayed answers reach the driver.
  void deliver() { driver.tick(); }

  static constexpr std::uint64_t kArgument = ClientArray::kStart;
  static constexpr std::uint64_t kData = ClientArray::kStart + 0x1000;
  static constexpr std::uint64_t kEntries = ClientArray::kStart + 0x4000;
  static constexpr int kSleeps = 1'000'000;

  UserHandles users;
  NodeArrays node;
  std::shared_ptr<ClientArray> client = std::make_shared<ClientArray>();
  Driver driver;
  OpenFile file{};
  wire::uapi::ManageMessage message{};
  std::map<CallId, int> ended;
  CallId last_call{};

 private:
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override { return time_; }
  [[nodiscard]] std::chrono::microseconds utc() const override { return {}; }

  std::chrono::nanoseconds time_{1'000'000'000};
  std::uint64_t next_call_ = 1;
};

// User transactions.
template <class T>
void append(base::ByteVector& out, const T& value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof(T));
  std::memcpy(out.data() + at, &value, sizeof(T));
}
inline base::ByteVector passthrough(std::initializer_list<std::uint32_t> words) {
  base::ByteVector out;
  append(out, wire::uapi::TransactionHeader{1, static_cast<std::uint32_t>(8 + 4 * words.size())});
  for (const auto word : words) append(out, word);
  return out;
}
inline base::ByteVector activation(std::uint32_t elements, std::uint32_t options = 0, std::uint32_t pad = 0) {
  base::ByteVector out;
  append(out, wire::uapi::ActivateToDev{{7, 24}, elements, 0, options, pad});
  return out;
}
inline base::ByteVector deactivation(std::uint32_t dbc, std::uint32_t pad = 0) {
  base::ByteVector out;
  append(out, wire::uapi::Deactivate{{10, 16}, dbc, pad});
  return out;
}
inline base::ByteVector transfer(std::uint32_t tag, std::uint64_t address, std::uint64_t size) {
  base::ByteVector out;
  append(out, wire::uapi::DmaXfer{{5, 32}, tag, 0, address, size});
  return out;
}
inline base::ByteVector operator+(base::ByteVector a, const base::ByteVector& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline int Host::attach(std::uint32_t handle, std::uint32_t dbc,
                        std::vector<wire::uapi::AttachSliceEntry> entries, std::uint32_t dir,
                        std::optional<OpenFile> on) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    client->put(kEntries + i * sizeof(entries[0]), entries[i]);
  }
  wire::uapi::AttachSlice args{static_cast<std::uint32_t>(entries.size()), dbc, handle, dir, 0, kEntries};
  return ioctl(on.value_or(file), wire::uapi::kIoctlAttachSliceBo, args);
}
inline int Host::execute(std::uint32_t dbc, std::vector<std::uint32_t> handles, std::optional<OpenFile> on) {
  for (std::size_t i = 0; i < handles.size(); ++i) {
    client->put(kEntries + i * 8, wire::uapi::ExecuteEntry{handles[i], 1});
  }
  wire::uapi::Execute args{static_cast<std::uint32_t>(handles.size()), dbc, kEntries};
  return ioctl(on.value_or(file), wire::uapi::kIoctlExecuteBo, args);
}
inline int Host::execute_partial(std::uint32_t dbc, std::vector<wire::uapi::PartialExecuteEntry> entries) {
  for (std::size_t i = 0; i < entries.size(); ++i) client->put(kEntries + i * 16, entries[i]);
  wire::uapi::Execute args{static_cast<std::uint32_t>(entries.size()), dbc, kEntries};
  return ioctl(wire::uapi::kIoctlPartialExecuteBo, args);
}

// A slice of `size` bytes at `offset`, without semaphores or doorbell.
inline wire::uapi::AttachSliceEntry slice_of(std::uint64_t size, std::uint64_t offset = 0,
                                             std::uint64_t dev_addr = 0x8000'0000) {
  wire::uapi::AttachSliceEntry entry{};
  entry.size = size;
  entry.offset = offset;
  entry.dev_addr = dev_addr;
  return entry;
}

}  // namespace qaic::sim::driver::test
