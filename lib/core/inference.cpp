#include "lib/core/inference.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "lib/uapi/ioctl.hpp"

namespace qaic::core {

namespace {

using base::Error;
using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;
using wire::qpc::Transfer;

Error call_error(const Device& device, int number, ErrorKind kind, const char* id, std::string what,
                 const char* hint = "") {
  Error error = base::system_error(number, id, device.node() + ": " + std::move(what), hint);
  error.kind = kind;
  return error;
}

// The same for submitting and waiting: the channel is not ours any more.
Error lost_error(const Device& device, int number, base::DbcId dbc) {
  const std::string channel = "channel " + std::to_string(dbc.value);
  if (number == ENODEV) {
    return call_error(device, number, ErrorKind::unavailable, "device-offline", "the card is not online",
                      "when qaic-util health calls the card ok, load the network again");
  }
  return call_error(device, number, ErrorKind::device, "channel-lost",
                    channel + (number == EPIPE ? " is being restarted: its network crashed"
                                               : " is gone: the card was reset, or the network unloaded"),
                    "load the network again");
}

// The one piece in which a tensor lies as it is moved, if it does.
std::optional<program::TensorPiece> whole_piece(const program::Tensor& tensor,
                                                const std::vector<program::TensorPiece>& pieces) {
  if (pieces.size() != 1 || pieces[0].size != tensor.moved_size) return std::nullopt;
  return pieces[0];
}

Error no_single_buffer(const Device& device, const char* id, ErrorKind kind, std::size_t index) {
  return make_error(kind, id,
                    device.node() + ": tensor " + std::to_string(index) +
                        (kind == ErrorKind::usage ? " does not exist, or the program ignores it"
                                                  : " does not lie in one buffer alone, as its user has it"));
}

// A channel that is not ours any more is refused like slices that are wrong
// (kernel-interface §1.9). A wait for a buffer that was never queued succeeds at
// once where the channel is ours.
Error attach_error(const Network& network, const Buffer& buffer, Error error) {
  if (error.code != EINVAL && error.code != EPIPE) return error;
  wire::uapi::Wait wait{buffer.handle().value, 0, network.dbc().value, 0};
  const int number = uapi::wait_each(network.device()->fd(), std::span(&wait, 1), 1).error.value;
  if (number != EPERM && number != EPIPE && number != ENODEV) return error;
  return lost_error(*network.device(), number, network.dbc());
}

bool has_partial_input(const Network& network, std::uint32_t buffer) {
  return std::ranges::any_of(network.tensors(), [&](const auto& tensor) {
    return program::is_partial(tensor) && tensor.place->buffer == buffer;
  });
}

// For each buffer of the plan the dma-buf that stands for it, or -1.
Result<std::vector<int>> imports_by_buffer(const Network& network, std::span<const Import> imports) {
  std::vector<int> by_buffer(network.plan().bos.size(), -1);
  for (const Import& import : imports) {
    if (import.tensor >= network.tensors().size() || !network.tensors()[import.tensor].place) {
      return fail(no_single_buffer(*network.device(), "tensor-import", ErrorKind::usage, import.tensor));
    }
    const auto& tensor = network.tensors()[import.tensor];
    const auto whole = whole_piece(tensor, program::tensor_pieces(network.plan(), tensor));
    if (!whole || tensor.chain) {
      return fail(
          no_single_buffer(*network.device(), "tensor-import", ErrorKind::unsupported, import.tensor));
    }
    if (has_partial_input(network, network.plan().bos[whole->bo].buffer)) {
      return fail(
          make_error(ErrorKind::unsupported, "tensor-import",
                     network.device()->node() + ": tensor " + std::to_string(import.tensor) +
                         " is in a buffer with partial inputs, into which records are to be written"));
    }
    int& chosen = by_buffer[whole->bo];
    if (import.dma_buf < 0 || (chosen >= 0 && chosen != import.dma_buf)) {
      return fail(make_error(ErrorKind::usage, "tensor-import",
                             network.device()->node() + ": for the buffer of tensor " +
                                 std::to_string(import.tensor) +
                                 (import.dma_buf < 0 ? " no dma-buf is given" : " two dma-bufs are given")));
    }
    chosen = import.dma_buf;
  }
  return by_buffer;
}

}  // namespace

Result<std::unique_ptr<Inference>> Inference::create(const Network& network,
                                                     std::span<const Import> imports) {
  for (const auto& tensor : network.tensors()) {
    if (tensor.unsupported_transform.empty()) continue;
    return fail(
        make_error(ErrorKind::unsupported, "tensor-transform",
                   "tensor " + tensor.name + " cannot be given or taken: " + tensor.unsupported_transform,
                   "compile the program so that its tensors are in the form the network takes"));
  }
  if (!network.channel() || network.channel()->is_lost()) {
    return fail(lost_error(*network.device(), EPERM, network.dbc()));
  }
  std::unique_ptr<Inference> inference(new Inference(network));
  const program::Plan& plan = network.plan();
  inference->buffers_.reserve(plan.bos.size());
  QAIC_TRY(const auto imported, imports_by_buffer(network, imports));
  for (std::size_t i = 0; i < plan.bos.size(); ++i) {
    const auto& bo = plan.bos[i];
    QAIC_TRY(Buffer buffer, imported[i] < 0 ? Buffer::create(network.device(), bo.size)
                                            : Buffer::import(network.device(), imported[i]));
    std::vector<wire::uapi::AttachSliceEntry> slices;
    slices.reserve(bo.slices.size());
    for (const auto& slice : bo.slices) slices.push_back(program::resolve(slice, network.bases()));
    if (auto attached = buffer.attach(network.dbc(), bo.direction, slices); !attached) {
      return fail(attach_error(network, buffer, std::move(attached.error())));
    }
    if (bo.buffer != wire::qpc::kNoBuffer && imported[i] < 0) {
      QAIC_CHECK(buffer.map());
    }
    inference->entries_.push_back({buffer.handle().value, static_cast<std::uint32_t>(bo.direction)});
    inference->buffers_.push_back(std::move(buffer));
  }
  for (const auto& tensor : network.tensors()) {
    Place& place = inference->places_.emplace_back();
    place.direction = tensor.direction;
    if (!tensor.place || program::is_partial(tensor)) continue;
    auto pieces = program::tensor_pieces(plan, tensor);
    place.whole = whole_piece(tensor, pieces);
    if (place.whole) {
      const base::MutableBytes memory = inference->buffers_[place.whole->bo].bytes();
      if (!memory.empty()) place.memory = memory.subspan(place.whole->bo_offset, place.whole->size);
    }
    if (!place.whole || tensor.chain) {
      for (const auto& piece : pieces) {
        if (imported[piece.bo] < 0) continue;
        return fail(no_single_buffer(*network.device(), "tensor-import", ErrorKind::unsupported,
                                     inference->places_.size() - 1));
      }
      inference->copying_ = Copying::some;
    }
    if (!place.whole) {
      place.staging.resize(tensor.moved_size);
      place.memory = place.staging;
      place.pieces = std::move(pieces);
    }
    if (tensor.chain) {
      place.moved = place.memory;
      place.host_form = std::make_unique<HostForm>(*tensor.chain, tensor.direction);
      place.memory = place.host_form->memory();
    }
  }
  QAIC_CHECK(inference->place_partial_inputs(network));
  // The last output first: when it is there the others usually are, and asking
  // for them costs no sleep. Without an output nothing follows from anything.
  const auto is_output = [&](std::size_t bo) {
    return plan.bos[bo].direction == wire::uapi::Direction::from_device;
  };
  const auto wait_for = [&](std::size_t bo) {
    auto& waits = bo == plan.wait_for || is_output(bo) || !is_output(plan.wait_for) ? inference->waits_
                                                                                    : inference->rest_;
    waits.push_back({inference->entries_[bo].handle, 0, network.dbc().value, 0});
  };
  wait_for(plan.wait_for);
  for (std::size_t i = 0; i < plan.bos.size(); ++i) {
    if (i != plan.wait_for) wait_for(i);
  }
  inference->execute_ = uapi::execute_call(network.dbc(), inference->entries_);
  return inference;
}

base::MutableBytes Inference::tensor(std::size_t index) {
  return index < places_.size() ? places_[index].memory : base::MutableBytes{};
}

Result<Export> Inference::export_tensor(std::size_t index) const {
  if (index >= places_.size() ||
      (!places_[index].whole && places_[index].pieces.empty() && !places_[index].host_form)) {
    return fail(no_single_buffer(*device_, "tensor-export", ErrorKind::usage, index));
  }
  const auto& whole = places_[index].whole;
  if (!whole || places_[index].host_form)
    return fail(no_single_buffer(*device_, "tensor-export", ErrorKind::unsupported, index));
  QAIC_TRY(auto dma_buf, buffers_[whole->bo].share());
  return Export{std::move(dma_buf), whole->bo_offset, whole->size};
}

// What is not the user's memory itself: pieces gathered, forms converted.
void Inference::copy_staged(Transfer direction) {
  for (Place& place : places_) {
    if (place.direction != direction) continue;
    if (place.host_form && direction == Transfer::in) {
      if (place.elements) {
        place.host_form->give_first(*place.elements, place.moved);
      } else {
        place.host_form->give(place.moved);
      }
    }
    for (const auto& piece : place.pieces) {
      const auto in_bo = buffers_[piece.bo].bytes().subspan(piece.bo_offset, piece.size);
      const auto in_tensor = base::MutableBytes(place.staging).subspan(piece.tensor_offset, piece.size);
      if (direction == Transfer::in) {
        std::ranges::copy(in_tensor, in_bo.begin());
      } else {
        std::ranges::copy(in_bo, in_tensor.begin());
      }
    }
    if (place.host_form && direction == Transfer::out) place.host_form->take(place.moved);
  }
}

uapi::Outcome<void> Inference::begin() {
  done_ = 0;
  const auto begun = uapi::execute(fd_, execute_);
  if (!begun && begun.error().value == EINVAL) return begin_behind_rest();
  return begun;
}

// EINVAL: a buffer is queued still, or of a channel that was taken away and is
// ours again by another network, or there is worse. The last buffer is done last.
// Of those before the one that is queued the kernel now says that they are not done
// (kernel-interface §10 nr 4), so they are not asked about.
uapi::Outcome<void> Inference::begin_behind_rest() {
  if (channel_->is_lost()) return tl::unexpected(uapi::Errno{EPERM});
  const auto last = std::span(rest_).last(rest_.empty() ? 0 : 1);
  const int number = uapi::wait_each(fd_, last, 1).error.value;
  if (number != 0 && number != ETIMEDOUT) return tl::unexpected(uapi::Errno{number});
  const auto begun = uapi::execute(fd_, execute_);
  if (begun || begun.error().value != EINVAL || number == 0) return begun;
  return tl::unexpected(uapi::Errno{EBUSY});
}

uapi::Outcome<void> Inference::finish(std::uint32_t timeout_ms) {
  const auto waited = uapi::wait_each(fd_, std::span(waits_).subspan(done_), timeout_ms);
  done_ += waited.count;
  if (waited.error.value != 0) return tl::unexpected(waited.error);
  // The buffers of a channel that is taken away count as done (kernel-interface
  // §1.9); if it belongs to another network now, the kernel has forgotten why.
  if (channel_->is_lost()) return tl::unexpected(uapi::Errno{EPERM});
  if (copying_ == Copying::some) copy_staged(Transfer::out);
  return {};
}

Error Inference::begin_error(int number) const {
  switch (number) {
    case EAGAIN:
      return call_error(*device_, number, ErrorKind::unavailable, "queue-full",
                        "the queue of channel " + std::to_string(dbc_.value) + " is full",
                        "wait for an inference first");
    case EBUSY:  // begin_behind_rest()
      return call_error(
          *device_, number, ErrorKind::unavailable, "queue-full",
          "a buffer of this inference's last run is still queued on channel " + std::to_string(dbc_.value) +
              ", behind its outputs",
          "submit again a little later, no completion will tell when; or use another inference");
    case EPERM:
    case EPIPE:
    case ENODEV:
      return lost_error(*device_, number, dbc_);
    default:
      return call_error(*device_, number,
                        number == EINTR || number == ENOMEM ? ErrorKind::unavailable : ErrorKind::device,
                        "inference-submit", "the inference cannot be queued");
  }
}

Error Inference::finish_error(int number) const {
  switch (number) {
    case ETIMEDOUT:
      return call_error(*device_, number, ErrorKind::deadline, "inference-deadline",
                        "the network did not finish in time",
                        "wait longer; a network that hangs is ended when its program ends");
    case EINTR:
      return call_error(*device_, number, ErrorKind::unavailable, "wait-interrupted",
                        "a signal ended the wait", "wait again");
    case EPERM:
    case EPIPE:
    case ENODEV:
      return lost_error(*device_, number, dbc_);
    default:
      return call_error(*device_, number, ErrorKind::device, "inference-wait",
                        "the inference cannot be waited for");
  }
}

Result<void> Inference::submit() {
  if (state_ == State::in_flight) {
    return fail(make_error(ErrorKind::usage, "inference-in-flight",
                           device_->node() + ": the inference was submitted already and not waited for"));
  }
  if (has_to_gather()) gather();
  if (const auto begun = begin(); !begun) return fail(begin_error(begun.error().value));
  state_ = State::in_flight;
  return {};
}

Result<void> Inference::wait(std::uint32_t timeout_ms) {
  if (state_ == State::idle) {
    return fail(make_error(ErrorKind::usage, "inference-idle",
                           device_->node() + ": no inference was submitted that could be waited for"));
  }
  if (const auto done = finish(timeout_ms); !done) {
    const int number = done.error().value;
    if (number != ETIMEDOUT && number != EINTR) state_ = State::idle;  // it will not come any more
    return fail(finish_error(number));
  }
  state_ = State::idle;
  return {};
}

Result<InferenceStats> Inference::stats() const {
  std::vector<wire::uapi::PerfStatsEntry> entries(buffers_.size());
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].handle = buffers_[i].handle().value;
  const auto done = uapi::perf_stats(device_->fd(), dbc_, entries);
  if (!done) {
    const int number = done.error().value;
    if (number == ENODEV || number == EPERM) return fail(lost_error(*device_, number, dbc_));
    return fail(call_error(*device_, number, ErrorKind::device, "perf-stats",
                           "the inference's figures cannot be read"));
  }
  InferenceStats stats;
  stats.queue_level_before = entries.front().queue_level_before;
  for (const auto& entry : entries) {
    stats.queue_elements += entry.num_queue_element;
    stats.submit_latency_us = std::max(stats.submit_latency_us, entry.submit_latency_us);
    stats.device_latency_us = std::max(stats.device_latency_us, entry.device_latency_us);
  }
  return stats;
}

}  // namespace qaic::core
