#include "lib/program/packing.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/checked.hpp"
#include "wire/qpc.hpp"

namespace qaic::program {
namespace {

constexpr std::uint64_t kRecord = sizeof(wire::qpc::PartialRecord);

}  // namespace

bool is_partial(const Tensor& tensor) {
  return tensor.partial_allowed && tensor.direction == wire::qpc::Transfer::in && tensor.place;
}

bool PartialBuffer::whole() const {
  return std::ranges::all_of(inputs, [](const auto& input) { return input.size == input.full_size; });
}

bool pack(PartialBuffer& buffer) {
  std::uint64_t next = buffer.begin;
  for (auto& input : buffer.inputs) {
    const std::uint64_t beyond = next % input.align;
    const auto start = base::checked_add<std::uint64_t>(next, beyond == 0 ? 0 : input.align - beyond);
    const auto end = start ? base::checked_add(*start, input.size) : std::nullopt;
    if (!end || *end > UINT32_MAX) return false;
    input.offset = *start;
    next = *end;
  }
  buffer.end = next;
  return true;
}

std::vector<PartialBuffer> partial_buffers(const std::vector<Tensor>& tensors) {
  std::map<std::uint32_t, PartialBuffer> by_number;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i];
    if (!is_partial(tensor)) continue;
    PartialInput input;
    input.tensor = i;
    input.record = tensor.place->offset;
    input.align = std::max<std::uint32_t>(tensor.align, 1);
    input.full_size = input.size = tensor.moved_size;
    input.user_size = tensor.byte_size;
    input.user_element_size = element_size(tensor.type).value_or(1);
    input.element_size = input.user_element_size;
    // Each element of the one is one of the other: a chain that says otherwise is none.
    if (const std::uint64_t count = tensor.byte_size / input.user_element_size; tensor.chain && count != 0) {
      input.element_size = std::max<std::uint64_t>(tensor.moved_size / count, 1);
    }
    by_number[tensor.place->buffer].inputs.push_back(input);
  }
  for (const auto& tensor : tensors) {
    if (tensor.direction != wire::qpc::Transfer::in || !tensor.place || is_partial(tensor)) continue;
    const auto found = by_number.find(tensor.place->buffer);
    if (found == by_number.end()) continue;
    const auto end = base::checked_add<std::uint64_t>(tensor.place->offset, tensor.moved_size);
    found->second.always_whole.push_back({tensor.place->offset, end.value_or(UINT64_MAX)});
  }
  std::vector<PartialBuffer> out;
  for (auto& [number, buffer] : by_number) {
    buffer.buffer = number;
    buffer.begin = buffer.inputs.size() * kRecord;
    for (const auto& range : buffer.always_whole) buffer.begin = std::max(buffer.begin, range.end);
    if (!pack(buffer)) buffer.end = UINT64_MAX;
    out.push_back(std::move(buffer));
  }
  return out;
}

bool fits_whole(const PartialBuffer& buffer, PartialBuffer::Range room) {
  if (buffer.end > room.end) return false;
  struct Piece {
    std::uint64_t begin;
    std::uint64_t end;
    bool is_record;
  };
  std::vector<Piece> pieces;
  for (const auto& input : buffer.inputs) pieces.push_back({input.record, input.record + kRecord, true});
  for (const auto& range : buffer.always_whole) pieces.push_back({range.begin, range.end, false});
  std::ranges::sort(pieces, {}, &Piece::begin);
  if (pieces.front().begin < room.begin) return false;
  std::uint64_t records_end = 0;
  std::uint64_t others_end = 0;
  for (const Piece& piece : pieces) {
    if (piece.begin < records_end || (piece.is_record && piece.begin < others_end)) return false;
    auto& reached = piece.is_record ? records_end : others_end;
    reached = std::max(reached, piece.end);
  }
  return records_end <= buffer.inputs.front().offset;
}

}  // namespace qaic::program
