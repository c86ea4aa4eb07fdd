// Inputs of which less than the whole is sent.
#include <algorithm>
#include <cstring>

#include "lib/core/inference.hpp"
#include "wire/qpc.hpp"

namespace qaic::core {

using base::Error;
using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;

namespace {

// The one stretch of a buffer that is moved. Its bytes, the only slice with
// data, are cut where the submission says (kernel-interface §3.5).
program::PartialBuffer::Range moved_part(const program::PlannedBo& bo) {
  const auto slice = std::ranges::find_if(bo.slices, [](const auto& s) { return s.size != 0; });
  if (slice == bo.slices.end()) return {};
  return {slice->offset, std::min(bo.size, slice->offset + slice->size)};
}

// The size with which all of a buffer's slices are sent. Memory of others in its
// place may end there, and the kernel takes no more than there is. None is 0.
std::uint64_t whole_size(const program::PlannedBo& bo) {
  std::uint64_t end = 0;
  for (const auto& slice : bo.slices) {
    if (slice.size != 0) end = std::max(end, slice.offset + slice.size);
  }
  return end == 0 ? std::min<std::uint64_t>(bo.size, wire::uapi::kPageSize) : end;
}

}  // namespace

Result<void> Inference::place_partial_inputs(const Network& network) {
  const auto& bos = network.plan().bos;
  for (auto& buffer : program::partial_buffers(network.tensors())) {
    const auto bo = std::ranges::find(bos, buffer.buffer, &program::PlannedBo::buffer);
    const std::string& name = network.tensors()[buffer.inputs.front().tensor].name;
    if (bo == bos.end() || !program::fits_whole(buffer, moved_part(*bo))) {
      return fail(
          make_error(ErrorKind::unsupported, "partial-room",
                     "partial input " + name + " does not fit its DMA buffer together with its record",
                     "qaic-qpc check says what is wrong with the program"));
    }
    const auto index = static_cast<std::size_t>(bo - bos.begin());
    for (auto& input : buffer.inputs) {
      Place& place = places_[input.tensor];
      const auto& chain = network.tensors()[input.tensor].chain;
      // Several move about, and the bytes of one come to lie where the end of
      // another is when that is whole.
      if (buffer.inputs.size() == 1) {
        place.memory = buffers_[index].bytes().subspan(input.offset, input.size);
        if (!chain) place.whole = program::TensorPiece{index, input.offset, 0, input.size};
      } else {
        place.staging.resize(input.size);
        place.memory = place.staging;
        place.pieces.resize(1);
      }
      if (chain) {
        place.moved = place.memory;
        place.host_form = std::make_unique<HostForm>(*chain, place.direction);
        place.memory = place.host_form->memory();
      }
      if (!place.whole) copying_ = Copying::some;
    }
    partial_.push_back({std::move(buffer), index, whole_size(*bo)});
  }
  if (partial_.empty()) return {};
  for (std::size_t i = 0; i < bos.size(); ++i) {
    partial_entries_.push_back({entries_[i].handle, entries_[i].dir, whole_size(bos[i])});
  }
  for (Partial& partial : partial_) repack(partial);
  return {};
}

// After sizes have changed.
void Inference::repack(Partial& partial) {
  (void)program::pack(partial.packed);  // no further than at full size
  const base::MutableBytes memory = buffers_[partial.bo].bytes();
  for (const auto& input : partial.packed.inputs) {
    wire::qpc::PartialRecord record;
    record.offset = static_cast<std::uint32_t>(input.offset);
    record.size = static_cast<std::uint32_t>(input.size);
    std::memcpy(memory.data() + input.record, &record, sizeof(record));
    Place& place = places_[input.tensor];
    if (!place.pieces.empty()) place.pieces[0] = {partial.bo, input.offset, 0, input.size};
  }
}

Error Inference::no_partial_input(std::size_t index) const {
  return make_error(
      ErrorKind::usage, "partial-input",
      device_->node() + ": tensor " + std::to_string(index) + " is no partial input: it is sent whole",
      "qaic-qpc inspect says which tensors are partial");
}

Error Inference::bad_size(const char* id, std::size_t index, std::uint64_t bytes,
                          const std::string& why) const {
  return make_error(ErrorKind::usage, id,
                    device_->node() + ": of tensor " + std::to_string(index) + ", " + std::to_string(bytes) +
                        " bytes" + why);
}

Result<void> Inference::set_size(std::size_t index, std::uint64_t bytes) {
  for (Partial& partial : partial_) {
    auto& inputs = partial.packed.inputs;
    const auto input = std::ranges::find(inputs, index, &program::PartialInput::tensor);
    if (input == inputs.end()) continue;
    if (bytes > input->user_size) {
      return fail(
          bad_size("partial-size", index, bytes, " are more than its " + std::to_string(input->user_size)));
    }
    if (bytes % input->user_element_size != 0) {
      return fail(bad_size("partial-element", index, bytes,
                           " end inside an element of " + std::to_string(input->user_element_size)));
    }
    if (state_ == State::in_flight) {
      return fail(make_error(ErrorKind::usage, "inference-in-flight",
                             device_->node() + ": the inference was submitted already and not waited for"));
    }
    const std::uint64_t elements = bytes / input->user_element_size;
    places_[index].elements = elements;
    input->size = elements * input->element_size;
    repack(partial);
    choose_call();
    return {};
  }
  return fail(no_partial_input(index));
}

void Inference::reset_sizes() {
  for (Partial& partial : partial_) {
    for (auto& input : partial.packed.inputs) {
      input.size = input.full_size;
      places_[input.tensor].elements.reset();
    }
    repack(partial);
  }
  choose_call();
}

// What is sent whole goes as ever. No buffer is sent with a size of 0, which has
// a flaw in the driver (kernel-interface §10 nr 3): the records come first.
void Inference::choose_call() {
  bool whole = true;
  for (const Partial& partial : partial_) {
    const bool all = partial.packed.whole();
    partial_entries_[partial.bo].resize = all ? partial.whole_size : partial.packed.end;
    whole = whole && all;
  }
  execute_ = whole ? uapi::execute_call(dbc_, entries_) : uapi::partial_execute_call(dbc_, partial_entries_);
}

}  // namespace qaic::core
