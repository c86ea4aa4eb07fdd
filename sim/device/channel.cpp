#include "sim/device/channel.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace qaic::sim::device {

namespace dbc = wire::dbc;

void Channel::attach(const Queue& queue, AddressMap map, const Semaphores& semaphores, Mode mode) {
  detach();
  queue_ = queue;
  map_ = std::move(map);
  semaphores_ = semaphores;
  mode_ = mode;
}

void Channel::detach() {
  queue_ = {};
  map_ = {};
  semaphores_ = {};
  mode_ = Mode::hold;
  halted_ = false;
  request_head_ = request_tail_ = response_head_ = response_tail_ = 0;
  batch_size_ = batch_next_ = 0;
  phase_ = Phase::idle;
  failure_ = Completion::ok;
  failed_now_ = false;
  pace_.reset();
  unattended_ = false;
  more_ = false;
}

std::uint32_t Channel::read(dbc::Register reg) const {
  switch (reg) {
    case dbc::Register::request_head:
      return request_head_;
    case dbc::Register::request_tail:
      return request_tail_;
    case dbc::Register::response_head:
      return response_head_;
    case dbc::Register::response_tail:
      return response_tail_;
  }
  return 0;
}

// The card's own two registers do not change under the host's writes.
void Channel::write(dbc::Register reg, std::uint32_t value) {
  switch (reg) {
    case dbc::Register::request_tail:
      request_tail_ = value;
      break;
    case dbc::Register::response_head:
      response_head_ = value;
      break;
    case dbc::Register::request_head:
    case dbc::Register::response_tail:
      break;
  }
}

Channel::Progress Channel::advance() {
  Progress progress;
  more_ = false;
  while (!more_ && attached() && !halted_ && mode_ != Mode::hold && (release(progress) || step(progress))) {
    more_ = progress.elements >= kElementsAtOnce || progress.bytes >= kBytesAtOnce;
  }
  return progress;
}

// Nothing while the host must make room first.
std::optional<std::chrono::nanoseconds> Channel::next_deadline() const {
  if (more_) return std::chrono::nanoseconds{0};
  if (!pace_ || pace_->front() == nullptr || halted_ || !response_room()) return std::nullopt;
  return pace_->front()->due;
}

// Reads as many published elements as lie together, at most kBatch. Indexes
// beyond the queue come from a confused host: nothing is taken then.
bool Channel::fetch(Progress& progress) {
  if (pace_ && !pace_->may_take()) return false;
  if (batch_next_ == batch_size_) {
    if (request_tail_ == request_head_ || request_tail_ >= queue_.request_slots) return false;
    const std::uint32_t end = request_tail_ > request_head_ ? request_tail_ : queue_.request_slots;
    batch_size_ = std::min(end - request_head_, kBatch);
    batch_next_ = 0;
    const auto from = BusAddr(queue_.requests + std::uint64_t{request_head_} * sizeof(dbc::Request));
    const auto into = std::as_writable_bytes(std::span(batch_).first(batch_size_));
    if (!host_memory_.read(from, into)) {
      batch_size_ = 0;
      halted_ = progress.halted = true;
      return false;
    }
  }
  current_ = batch_[batch_next_++];
  if (pace_) pace_->take(current_, clock_.monotonic());
  phase_ = Phase::before;
  word_ = 0;
  failed_now_ = false;
  if (failure_ != Completion::ok && failed_id_ != current_.req_id) failure_ = Completion::ok;
  return true;
}

// False when nothing more can be done for now.
bool Channel::step(Progress& progress) {
  switch (phase_) {
    case Phase::idle:
      return fetch(progress);
    case Phase::before:
      if (semaphores_of(1, progress) == Gate::shut) return false;
      if (!failed_now_) phase_ = Phase::transfer;
      return true;
    case Phase::transfer:
      phase_ = Phase::after;
      word_ = 0;
      transfer(progress);
      return true;
    case Phase::after:
      if (semaphores_of(0, progress) == Gate::shut) return false;
      if (!failed_now_) phase_ = Phase::doorbell;
      return true;
    case Phase::doorbell:
      phase_ = Phase::respond;
      ring(progress);
      return true;
    case Phase::respond:
      return respond(progress);
  }
  return false;
}

// A failed element has no further effect but its response: a network never
// sees input that did not arrive. (The model's choice.)
void Channel::fail(Completion completion) {
  failure_ = completion;
  failed_id_ = current_.req_id;
  failed_now_ = true;
  phase_ = Phase::respond;
}

// Applies the words of one side in order, each exactly once. Fences need
// nothing: everything before this element is complete.
Channel::Gate Channel::semaphores_of(std::uint8_t presync, Progress& progress) {
  if (mode_ == Mode::fail) {
    fail(Completion::network_dead);
    return Gate::open;
  }
  for (; word_ < 4; ++word_) {
    const auto word = dbc::SemaphoreWord::unpack(current_.sem[word_]);
    if (word.enabled == 0 || word.presync != presync) continue;
    switch (semaphores_.apply(word.command, word.index, word.value)) {
      case Semaphores::Outcome::done:
        progress.changed_memory = true;
        break;
      case Semaphores::Outcome::waits:
        if (unattended_) break;
        if (mode_ != Mode::fail_waiting) return Gate::shut;
        fail(Completion::network_dead);
        return Gate::open;
      case Semaphores::Outcome::refused:
        fail(Completion::bad_semaphore);
        return Gate::open;
    }
  }
  return Gate::open;
}

void Channel::transfer(Progress& progress) {
  const std::uint8_t direction = current_.cmd & dbc::kCmdDirectionMask;
  if (direction == dbc::kCmdNoDma) return;  // addresses and length mean nothing
  const bool to_device = direction == dbc::kCmdToDevice;
  if ((!to_device && direction != dbc::kCmdFromDevice) || (current_.cmd & dbc::kCmdBulk) == 0) {
    return fail(Completion::bad_request);
  }
  const std::size_t size = current_.len;
  if (size == 0) return;
  const auto place = map_.find(to_device ? current_.dest_addr : current_.src_addr, size);
  // Reading back from a window that fans out has no one answer.
  if (!place || (!to_device && place->copies.size() != 1)) return fail(Completion::bad_address);

  progress.bytes += size * place->copies.size();  // looking for what the host did not map is work, too
  const MutableBytes first = place->in(0, size);
  const auto moved = to_device ? host_memory_.read(BusAddr(current_.src_addr), first)
                               : host_memory_.write(BusAddr(current_.dest_addr), first);
  if (!moved) return fail(Completion::host_memory_fault);
  if (to_device) {
    for (std::size_t copy = 1; copy < place->copies.size(); ++copy) {
      std::memcpy(place->in(copy, size).data(), first.data(), size);
    }
    progress.changed_memory = true;
  }
  if (place->memory == AddressMap::Memory::ddr) progress.ddr_bytes += size;
}

namespace {

// Network code in another process watches these words: one store each, after
// everything before it. `to` is aligned to its width (checked by the caller).
void store_doorbell(std::byte* to, std::size_t width, std::uint32_t value) {
  switch (width) {
    case 1:
      __atomic_store_n(reinterpret_cast<std::uint8_t*>(to), static_cast<std::uint8_t>(value),
                       __ATOMIC_SEQ_CST);
      break;
    case 2:
      __atomic_store_n(reinterpret_cast<std::uint16_t*>(static_cast<void*>(to)),
                       static_cast<std::uint16_t>(value), __ATOMIC_SEQ_CST);
      break;
    default:
      __atomic_store_n(reinterpret_cast<std::uint32_t*>(static_cast<void*>(to)), value, __ATOMIC_SEQ_CST);
      break;
  }
}

}  // namespace

void Channel::ring(Progress& progress) {
  if ((current_.db_len & dbc::kDoorbellRing) == 0) return;
  const unsigned code = current_.db_len & dbc::kDoorbellWidthMask;
  if (code == dbc::kDoorbellWidthMask) return fail(Completion::bad_request);
  const std::size_t width = std::size_t{4} >> code;
  const auto place = map_.find(current_.db_addr, width);
  if (!place) return fail(Completion::bad_address);
  for (std::size_t copy = 0; copy < place->copies.size(); ++copy) {
    std::byte* const to = place->in(copy, width).data();
    if (reinterpret_cast<std::uintptr_t>(to) % width != 0) return fail(Completion::bad_address);
    store_doorbell(to, width, current_.db_data);
  }
  progress.changed_memory = true;
}

// Full: stall until the host took some.
bool Channel::response_room() const {
  return response_head_ < queue_.response_slots &&
         (response_tail_ + 1) % queue_.response_slots != response_head_;
}

bool Channel::deliver(const dbc::Response& response, Progress& progress) {
  const auto to = BusAddr(queue_.responses + std::uint64_t{response_tail_} * sizeof(response));
  if (!host_memory_.write(to, base::bytes_of(response))) {
    halted_ = progress.halted = true;
    return false;
  }
  if (response_tail_ == response_head_) progress.interrupt = true;
  response_tail_ = (response_tail_ + 1) % queue_.response_slots;
  return true;
}

// True if a completion that was kept back has gone.
bool Channel::release(Progress& progress) {
  if (!pace_ || pace_->front() == nullptr || !response_room()) return false;
  if (pace_->front()->due > clock_.monotonic() || !deliver(pace_->front()->response, progress)) return false;
  pace_->pop();
  return true;
}

bool Channel::respond(Progress& progress) {
  if ((current_.cmd & dbc::kCmdCompletion) != 0) {
    if (pace_ ? pace_->full() : !response_room()) return false;
    dbc::Response response;
    response.req_id = current_.req_id;
    response.status = static_cast<std::uint16_t>(failure_);
    if (pace_) {
      pace_->hold(response);
    } else if (!deliver(response, progress)) {
      return false;
    }
    failure_ = Completion::ok;
  }
  if ((current_.cmd & dbc::kCmdForceMsi) != 0) progress.interrupt = true;
  request_head_ = (request_head_ + 1) % queue_.request_slots;
  phase_ = Phase::idle;
  ++progress.elements;
  return true;
}

}  // namespace qaic::sim::device
