#include "sim/mhi/state.hpp"

#include <elf.h>

#include <charconv>
#include <utility>

#include "sim/mhi/image_file.hpp"
#include "wire/pci.hpp"

namespace qaic::sim::mhi {

using wire::mhi::DeviceState;
using wire::mhi::ExecEnv;
using Bhi = wire::bhi::Register;
using Mhi = wire::mhi::Register;
using Kind = Registers::Effect::Kind;

namespace {

constexpr std::size_t kMessages = 200;
// Ours: how long the SoC takes from its reset to the boot ROM. Nobody tells what
// hardware needs; it is more than a host needs to answer an interrupt.
constexpr std::chrono::milliseconds kResetTime{200};
// Ours: the boot ROM's memory. The genuine sbl.bin has 1 MiB.
constexpr std::uint32_t kLongestBootImage = 16U << 20;

// BHI error codes are ours: the driver only prints them.
enum class BootError : std::uint32_t { size = 1, unreachable = 2, no_image = 3 };

// The number that STATUS gives as text ("0x2b36e75d").
std::uint32_t serial_of(const device::Card& card) {
  const std::string text = base::fixed_text(card.status().hw_serial);
  std::uint32_t number = 0;
  if (text.starts_with("0x")) std::from_chars(text.data() + 2, text.data() + text.size(), number, 16);
  return number == 0xFFFFFFFF ? 0 : number;  // all ones reads as a dead link
}

bool is_boot_image(base::Bytes image) {
  const auto header = image_header(image);
  return header && header->machine == EM_AARCH64 && is_image(image);
}

base::ByteVector bytes_of_text(std::string_view text) {
  const base::Bytes bytes = base::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

Controller::State::State(World w, BootFrom from)
    : world(w), boot_from(from), registers(serial_of(w.card)), transport(w.memory) {}

// ---- power and resets ----

void Controller::State::power_on() {
  transport.close();
  second_stage.reset();
  leave_by.reset();
  back_at.reset();
  dump.reset();
  time_offset.reset();
  contexts_placed = host_spoke = false;
  powered_at = world.clock.monotonic();
  registers.reset();
  world.card.reset();
  if (boot_from == BootFrom::pbl) {
    world.images.clear();
    enter(ExecEnv::pbl);
    enter(DeviceState::reset);
  } else {
    world.card.boot();
    enter(ExecEnv::amss);
    enter(DeviceState::ready);
  }
}

// What the facts recommend (§4.10): the host is told by a SYS_ERR and finds the
// card where it powers on. Not at once: a host that looks after an earlier
// interrupt would find it, and again after this one, and take it for two.
void Controller::State::soc_reset() {
  power_on();
  enter(DeviceState::reset);
  back_at = world.clock.monotonic() + kResetTime;
}

void Controller::State::come_back() {
  if (!back_at || world.clock.monotonic() < *back_at) return;
  back_at.reset();
  enter(DeviceState::system_error);
  world.interrupts.raise(0);
}

// SYS_ERR: whatever the host had going on the card is lost.
void Controller::State::fail() {
  transport.close();
  leave_by.reset();
  back_at.reset();
  world.card.reset();
  enter(DeviceState::system_error);
  world.interrupts.raise(0);
}

// MHICTRL.RESET: the session ends. A card in AMSS is ready for the next one;
// one in SBL begins its part anew.
void Controller::State::mhi_reset() {
  const bool was_error = state == DeviceState::system_error;
  transport.close();
  contexts_placed = false;
  lose_host();
  second_stage.reset();
  leave_by.reset();
  back_at.reset();
  registers.set(Mhi::control, 0);
  registers.set(Bhi::interrupt_vector, 0);
  enter(env == ExecEnv::pbl ? DeviceState::reset : DeviceState::ready);
  // Hosts up to 6.12 sleep until an interrupt here (§7).
  if (was_error) world.interrupts.raise(0);
}

// Nobody is left who could give back what the host held on the card.
void Controller::State::lose_host() {
  if (env != ExecEnv::amss) return;
  if (!host_spoke && world.card.ready()) return;
  host_spoke = false;
  world.card.reset();
  world.card.boot();
}

void Controller::State::enter(DeviceState next) {
  state = next;
  registers.show(next);
}

void Controller::State::enter(ExecEnv next) {
  env = next;
  registers.set(Bhi::exec_env, static_cast<std::uint32_t>(next));
}

// ---- what the host writes ----

void Controller::State::act(const Registers::Effect& effect) {
  switch (effect.kind) {
    case Kind::none:
      return;
    case Kind::contexts:
      contexts_placed = true;
      return;
    case Kind::control:
      set_control(static_cast<std::uint32_t>(effect.value));
      break;
    case Kind::command_doorbell:
      transport.ring_commands(effect.value);
      break;
    case Kind::channel_doorbell:
      if (effect.index == wire::mhi::kWakeDoorbell) {
        wake(effect.value);
      } else {
        transport.ring_channel(effect.index, effect.value);
      }
      break;
    case Kind::event_doorbell:
      transport.ring_events(effect.value);
      break;
    case Kind::image_doorbell:
      load_boot_image();
      break;
    case Kind::soc_reset:
      soc_reset();
      break;
  }
  run();
}

void Controller::State::set_control(std::uint32_t value) {
  if ((value & wire::mhi::kControlReset) != 0) {
    mhi_reset();
    return;
  }
  if (state == DeviceState::system_error || state == DeviceState::reset) return;
  switch (static_cast<DeviceState>(value >> wire::mhi::kControlStateShift & 0xFF)) {
    case DeviceState::m0:
      request_m0();
      return;
    case DeviceState::m2:
    case DeviceState::m3: {
      if (!connected()) return;
      const auto asked = static_cast<DeviceState>(value >> wire::mhi::kControlStateShift & 0xFF);
      enter(asked);
      transport.announce(asked);
      transport.deliver_notices();
      return;
    }
    case DeviceState::reset:
    case DeviceState::ready:
    case DeviceState::m1:  // the card's to say, and ours never does
    case DeviceState::m3_fast:
    case DeviceState::bhi:
    case DeviceState::system_error:
      return;
  }
}

void Controller::State::request_m0() {
  // Out of suspend, unless the host placed its contexts: then it is a new one.
  if ((state == DeviceState::m3 || state == DeviceState::m2) && !contexts_placed) {
    enter(DeviceState::m0);
    transport.announce(DeviceState::m0);
    return;
  }
  // Also from M0: a driver that was unbound never said goodbye.
  lose_host();
  open_session();
}

void Controller::State::open_session() {
  const bool opened =
      transport.open(registers.address(Mhi::channel_contexts), registers.address(Mhi::event_contexts),
                     registers.address(Mhi::command_contexts));
  contexts_placed = false;
  if (!opened) {
    say("the host's contexts describe no rings");
    fail();
    return;
  }
  if (env == ExecEnv::sbl) {
    leave_by.reset();
    second_stage.emplace(world.images, dump, world.clock.monotonic());
  }
  enter(DeviceState::m0);
  transport.announce(DeviceState::m0);
  transport.announce(env);
}

void Controller::State::wake(std::uint64_t value) {
  if (state != DeviceState::m2 || value == 0) return;
  enter(DeviceState::m0);
  transport.announce(DeviceState::m0);
}

// BHI: the boot ROM takes the second-stage loader. What it checks of it on
// hardware is not known; here: that it is a signed ELF image for its processor.
void Controller::State::load_boot_image() {
  if (env != ExecEnv::pbl || state == DeviceState::system_error || back_at) return;
  const std::uint64_t address =
      (std::uint64_t{registers.word(Bhi::image_address_high)} << 32) | registers.word(Bhi::image_address_low);
  const std::uint32_t size = registers.word(Bhi::image_size);
  base::ByteVector image;
  std::optional<BootError> error;
  if (size == 0 || size > kLongestBootImage) {
    error = BootError::size;
  } else {
    image.resize(size);
    if (!world.memory.read(base::BusAddr(address), image)) {
      error = BootError::unreachable;
    } else if (!is_boot_image(image)) {
      error = BootError::no_image;
    }
  }
  const auto status = error ? wire::bhi::Status::error : wire::bhi::Status::success;
  registers.set(Bhi::error_code, error ? static_cast<std::uint32_t>(*error) : 0);
  registers.set(Bhi::status, static_cast<std::uint32_t>(status) << wire::bhi::kStatusShift);
  if (error) {
    say("sbl.bin: refused, BHI error " + std::to_string(static_cast<std::uint32_t>(*error)));
  } else {
    world.images.put("sbl.bin", std::move(image));
    enter(ExecEnv::sbl);
    enter(DeviceState::ready);
  }
  const std::uint32_t vector = registers.word(Bhi::interrupt_vector);
  world.interrupts.raise(vector < wire::pci::kVectors ? vector : 0);
}

// ---- what is left behind ----

MemoryDump Controller::State::dump_now(std::string_view reason) const {
  MemoryDump out;
  const auto add = [&out](std::string description, std::string file_name, base::ByteVector bytes) {
    if (!bytes.empty())
      out.regions.push_back({std::move(description), std::move(file_name), std::move(bytes)});
  };
  add("why it crashed", "reason.txt", bytes_of_text(std::string(reason) + '\n'));
  std::string held;
  for (const std::string& line : world.card.held()) held += line + '\n';
  add("what users held", "held.txt", bytes_of_text(held));
  const wire::nnc::StatusResponse status = world.card.status();
  const base::Bytes bytes = base::bytes_of(status);
  add("STATUS response", "status.bin", {bytes.begin(), bytes.end()});
  return out;
}

void Controller::State::say(std::string line) {
  if (messages.size() < kMessages) messages.push_back(std::move(line));
}

std::uint64_t Controller::State::ticks() const {
  const auto since = static_cast<std::uint64_t>((world.clock.monotonic() - powered_at).count());
  return since / 10000 * 192 + since % 10000 * 192 / 10000;  // 19.2 per microsecond
}

}  // namespace qaic::sim::mhi
