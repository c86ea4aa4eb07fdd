#include "sim/driver/driver.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "sim/driver/state.hpp"

namespace qaic::sim::driver {

namespace {

constexpr std::uint16_t kMajor = 5;  // the driver takes exactly 5.0
constexpr std::uint16_t kMinor = 0;

}  // namespace

bool ClientMemory::readable(std::uint64_t address, std::uint64_t size) {
  constexpr std::uint64_t kPage = wire::uapi::kPageSize;
  std::array<std::byte, 1> byte;
  for (std::uint64_t done = 0; done < size; done += kPage - (address + done) % kPage) {
    if (!read(address + done, byte)) return false;
  }
  return true;
}

Driver::State::State(Driver& driver, device::CardConfig config, World world_, UserHandles& users_,
                     Parameters parameters_)
    : world(world_),
      users(users_),
      parameters(parameters_),
      card(std::move(config), device::Ports{driver, driver, world.clock, world.storage, world.cores}) {
  for (std::uint32_t i = 0; i < dbcs.size(); ++i) dbcs[i].id = i;
}

Driver::State::~State() = default;

Driver::Driver(device::CardConfig config, World world, UserHandles& users, Parameters parameters)
    : state_(std::make_unique<State>(*this, std::move(config), world, users, parameters)) {}

Driver::~Driver() = default;

void Driver::probe() {
  if (bound()) return;
  for (Dbc& dbc : state_->dbcs) dbc.state = 0;
  state_->ras = {};
  state_->boot();
  state_->pump();
  state_->deliver();
}

bool Driver::online() const {
  return state_->phase == State::Phase::online;
}

int Driver::open(NodeMemory& memory, OpenFile& out) {
  if (!online()) return -ENODEV;
  auto file = std::make_unique<File>();
  file->id = OpenFile{state_->next_file++};
  file->user = state_->users.take();
  file->memory = &memory;
  out = file->id;
  state_->files.push_back(std::move(file));
  return 0;
}

void Driver::close(OpenFile id) {
  File* file = state_->find_file(id);
  if (file == nullptr) return;
  file->closing = true;
  state_->pump();
  state_->deliver();
}

bool Driver::is_open(OpenFile file) const {
  return state_->find_file(file) != nullptr;
}

std::optional<int> Driver::ioctl(OpenFile id, std::uint32_t request, std::uint64_t argument,
                                 std::shared_ptr<ClientMemory> client, CallId call, Done done) {
  File* file = state_->find_file(id);
  if (file == nullptr || file->closing) return -EBADF;
  auto result = state_->drm_ioctl(*file, request, argument, std::move(client), call, std::move(done));
  if (!result) {
    // It may have ended already: then its result is ours to return.
    auto& ended = state_->ended;
    const auto at = std::find_if(ended.begin(), ended.end(), [&](const auto& e) { return e.call == call; });
    if (at != ended.end()) {
      result = at->result;
      ended.erase(at);
    }
  }
  state_->deliver();
  return result;
}

std::optional<int> Driver::interrupt(CallId call) {
  std::optional<int> result;
  auto& waits = state_->waits;
  for (std::size_t i = 0; i < waits.size(); ++i) {
    if (waits[i].caller.call != call) continue;
    Bo& bo = *waits[i].bo;
    state_->end_wait(i, std::nullopt);
    state_->release_if_unused(bo);
    break;
  }
  for (const auto& manage : state_->manages) {
    if (manage->caller.call == call && !manage->abandoned) {
      result = state_->abandon(*manage);
      break;
    }
  }
  state_->pump();
  state_->deliver();
  return result;
}

int Driver::check_mmap(OpenFile id, std::uint64_t offset, std::uint64_t size) const {
  const File* file = state_->find_file(id);
  if (file == nullptr) return -EBADF;
  const Bo* bo = state_->offsets.find(offset);
  if (bo == nullptr || size == 0 || size > bo->size) return -EINVAL;
  return bo->file == file && bo->handle != 0 ? 0 : -EACCES;
}

void Driver::core_event(const device::CoreEvent& event) {
  state_->card.core_event(event);
  state_->pump();
  state_->deliver();
}

std::optional<std::chrono::nanoseconds> Driver::next_deadline() const {
  auto next = state_->card.next_deadline();
  const auto consider = [&](Nanoseconds moment) {
    if (!next || moment < *next) next = moment;
  };
  if (state_->boot_at) consider(*state_->boot_at);
  for (const auto& wait : state_->waits) consider(wait.deadline);
  for (const auto& manage : state_->manages) {
    if (manage->step == Manage::Step::ring || manage->step == Manage::Step::reply) consider(manage->deadline);
  }
  for (const auto& file : state_->files) {
    if (file->terminating) consider(file->terminate_deadline);
  }
  return next;
}

void Driver::tick() {
  State& state = *state_;
  state.card.tick();
  if (state.boot_at && *state.boot_at <= state.now()) state.boot();
  state.pump();  // what the card finished by now is in time
  const Nanoseconds now = state.now();
  for (std::size_t i = 0; i < state.waits.size();) {
    if (state.waits[i].deadline > now) {
      ++i;
      continue;
    }
    Bo& bo = *state.waits[i].bo;
    state.end_wait(i, -ETIMEDOUT);
    state.release_if_unused(bo);
  }
  state.pump();
  state.deliver();
}

void Driver::set_timeouts(std::chrono::seconds control_response, std::chrono::milliseconds wait_default) {
  state_->parameters.control_resp_timeout = control_response;
  state_->parameters.wait_exec_default_timeout = wait_default;
}

std::vector<Uevent> Driver::take_uevents() {
  return std::exchange(state_->uevents, {});
}

std::vector<std::string> Driver::take_messages() {
  auto out = state_->card.take_messages();
  for (std::string& line : std::exchange(state_->log, {})) out.push_back(std::move(line));
  return out;
}

std::size_t Driver::mapped_ranges() const {
  return state_->bus.mapped_ranges();
}

unsigned Driver::dbc_state(base::DbcId dbc) const {
  return dbc.value < state_->dbcs.size() ? state_->dbcs[dbc.value].state : 0;
}

std::string_view Driver::boot_log() const {
  return base::as_text(state_->boot_log);
}

Driver::Fifo Driver::fifo(base::DbcId id) const {
  if (id.value >= state_->dbcs.size()) return {};
  const Dbc& dbc = state_->dbcs[id.value];
  if (!dbc.queue) return {};
  using wire::dbc::Register;
  const std::uint32_t size = dbc.queue->elements();
  const std::uint32_t head = state_->card.read_dbc(id, Register::request_head);
  const std::uint32_t tail = state_->card.read_dbc(id, Register::request_tail);
  if (head >= size || tail >= size) return {size, 0};  // a dead link, in the driver's words
  return {size, dbc.queue->level(head, tail)};
}

const device::Card& Driver::card() const {
  return state_->card;
}

device::Card& Driver::card() {
  return state_->card;
}

base::Result<void> Driver::read(base::BusAddr from, base::MutableBytes out) {
  return state_->bus.read(from, out);
}

base::Result<void> Driver::write(base::BusAddr to, base::Bytes in) {
  return state_->bus.write(to, in);
}

void Driver::raise(unsigned vector) {
  if (!state_ || vector == 0 || vector > state_->dbcs.size()) return;
  // Handled when the card has returned: it is in the middle of a step.
  state_->dbcs[vector - 1].interrupted = true;
  state_->irq_pending = true;
}

// Carries everything on until the card and the calls have nothing more to do.
void Driver::State::pump() {
  if (pumping) return;
  pumping = true;
  for (bool moved = true; moved;) {
    moved = false;
    if (std::exchange(irq_pending, false)) {
      moved = true;
      for (Dbc& dbc : dbcs) {
        if (std::exchange(dbc.interrupted, false)) drain(dbc);
      }
    }
    for (auto& reply : card.take_replies()) {
      take_reply(std::move(reply));
      moved = true;
    }
    for (const auto& sent : card.take_outgoing()) {
      moved = true;
      if (phase != Phase::boot && phase != Phase::online) continue;  // a reset came between
      switch (sent.stream) {
        case device::Card::Stream::ras:
          take_ras(sent.bytes);
          break;
        case device::Card::Stream::ssr:
          take_ssr(sent.bytes);
          break;
        case device::Card::Stream::log:
          boot_log.insert(boot_log.end(), sent.bytes.begin(), sent.bytes.end());
          // One NUL at the end of a chunk is not kept (kernel-interface §6.4).
          if (!sent.bytes.empty() && sent.bytes.back() == std::byte{0}) boot_log.pop_back();
          break;
      }
    }
    for (std::size_t i = 0; i < manages.size(); ++i) moved |= advance(*manages[i]);
    moved |= advance_closes();
    if (phase == Phase::boot && !handshake_sequence && card.ready()) {
      begin_handshake();
      moved = true;
    }
  }
  reclaim();
  pumping = false;
}

void Driver::State::begin_handshake() {
  handshake_sequence = next_sequence++;
  card.control(status_message(*handshake_sequence));
}

void Driver::State::end_handshake(base::Bytes reply) {
  const auto header = base::read_struct<wire::nnc::MessageHeader>(reply);
  const auto status = base::read_struct<wire::nnc::StatusFromDev>(reply, sizeof(*header));
  if (!header || header->count != 1 || !status || status->header.len != sizeof(*status) ||
      status->header.type != static_cast<std::uint32_t>(wire::uapi::TransactionType::status_from_dev) ||
      status->status != 0 || status->major != kMajor || status->minor != kMinor) {
    return;
  }
  const bool crc = (status->flags & wire::nnc::feature_bit(wire::nnc::Feature::crc)) != 0;
  if (crc && !reply_intact(reply)) return;
  uses_crc = crc;
  expects_crc = crc;
  phase = Phase::online;  // otherwise it stays in boot: there is no second try
  uevents.push_back({Uevent::Device::accel, "online", {}});
}

bool Driver::State::advance_closes() {
  for (const auto& file : files) {
    if (file->closing && !file->terminating && file->calls == 0 && !control_taken()) {
      terminate(*file);
      return true;
    }
    if (file->terminating && now() >= file->terminate_deadline) {
      end_close(*file);
      return true;
    }
  }
  return false;
}

void Driver::State::terminate(File& file) {
  for (std::uint32_t handle = 1; handle <= file.handles.size(); ++handle) (void)gem_close(file, handle);
  if (phase != Phase::online || file.unplugged) return end_close(file);  // nobody to tell
  file.terminating = true;
  file.terminate_sequence = next_sequence++;
  file.terminate_deadline = now() + parameters.control_resp_timeout;
  card.control(terminate_message(file.terminate_sequence, file.user, uses_crc));
}

void Driver::State::end_close(File& file) {
  for (Dbc& dbc : dbcs) {
    if (dbc.owner == &file) {
      release_channel(dbc);
    } else if (dbc.queue_user == &file) {
      // Given up, never confirmed by the card: the driver leaves it in use for
      // ever (kernel-interface §10, 8). Its memory goes: the card let go of it.
      release_channel(dbc);
      dbc.in_use = true;
    }
  }
  while (!file.orphans.empty()) {
    if (!file.orphans.back()->is_shared()) {
      destroy(*file.orphans.back());
      continue;
    }
    shared_bos.push_back(std::move(file.orphans.back()));
    shared_bos.back()->file = nullptr;
    file.orphans.pop_back();
  }
  users.give_back(file.user);
  std::erase_if(files, [&](const auto& other) { return other.get() == &file; });
}

void Driver::State::end_call(Caller& caller, std::optional<int> result) {
  --caller.file->calls;
  if (result) ended.push_back({caller.call, std::move(caller.done), *result});
}

void Driver::State::deliver() {
  while (!ended.empty()) {
    for (auto& call : std::exchange(ended, {})) call.done(call.result);
  }
}

File* Driver::State::find_file(OpenFile id) const {
  const auto at = std::lower_bound(files.begin(), files.end(), id,
                                   [](const auto& file, OpenFile key) { return file->id < key; });
  return at != files.end() && (*at)->id == id ? at->get() : nullptr;
}

}  // namespace qaic::sim::driver
