// What descriptor and metadata say about the same thing.
#include <algorithm>

#include "lib/program/checks.hpp"
#include "lib/program/packing.hpp"
#include "lib/program/plan.hpp"
#include "wire/nnc.hpp"
#include "wire/qpc.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;

// A stretch of a DMA buffer that a request moves.
struct Moved {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// For each DMA buffer, what is moved of it, in ascending order.
std::vector<std::vector<Moved>> moved_parts(const Program& program) {
  std::vector<std::vector<Moved>> out(program.descriptor.dma_buffers.size());
  for (const auto& request : program.metadata.requests) {
    if (request.size == 0 || request.buffer >= out.size()) continue;
    const auto end = base::checked_add<std::uint64_t>(request.host_offset, request.size);
    out[request.buffer].push_back({request.host_offset, end.value_or(UINT64_MAX)});
  }
  for (auto& list : out) std::ranges::sort(list, {}, &Moved::begin);
  return out;
}

bool covers(const std::vector<Moved>& parts, std::uint64_t begin, std::uint64_t end) {
  for (const Moved& part : parts) {
    if (part.begin > begin) return false;
    begin = std::max(begin, part.end);
    if (begin >= end) return true;
  }
  return begin >= end;
}

// A count that descriptors often leave out, as 0.
void check_count(std::uint32_t said, std::size_t has, std::string_view field, std::string_view what,
                 Findings& out) {
  if (said == 0 || said == has) return;
  out.add("thread-mismatch", "descriptor." + std::string(field),
          "the descriptor says " + number(said) + " " + std::string(what) + ", the metadata " + number(has));
}

}  // namespace

void check_agreement(const Program& program, Findings& out) {
  const Descriptor& d = program.descriptor;
  const Metadata& m = program.metadata;
  if (d.num_cores != m.num_nsps) {
    out.add("nsp-mismatch", "descriptor.num_cores",
            "the descriptor says " + number(d.num_cores) + " NSPs, the metadata " + number(m.num_nsps));
  }
  if (d.network_name != m.network_name) {
    out.add(
        "name-mismatch", "descriptor.network_name",
        "the descriptor calls the network '" + d.network_name + "', the metadata '" + m.network_name + "'");
  }
  constexpr std::size_t kNameBytes = 63;  // and a NUL (runtime-protocols §2.2)
  if (d.network_name.size() > kNameBytes) {
    out.add("name-length", "descriptor.network_name",
            "the network's name has " + number(d.network_name.size()) + " bytes, a card is told 63 of them");
  }
  check_count(d.num_threads, m.threads.size(), "num_threads", "threads", out);
  const auto hvx = std::ranges::count_if(m.threads, &ThreadDescriptor::hvx);
  check_count(d.num_hvx_threads, static_cast<std::size_t>(hvx), "num_hvx_threads", "HVX threads", out);
  if (!d.cluster_offsets.empty()) {
    out.add(
        "cluster-unknown", "descriptor.cluster_offsets",
        number(d.cluster_offsets.size()) + " cluster offsets; what they mean is not known, so not checked");
  }
}

void check_tensors(const Program& program, Findings& out) {
  const auto parts = moved_parts(program);
  for (std::size_t i = 0; i < program.tensors.size(); ++i) {
    const Tensor& tensor = program.tensors[i];
    const std::string place = binding_place(program.descriptor, i);
    // Of what type-less tensors lack, tensor-type speaks already.
    if (!tensor.unsupported_transform.empty() && element_size(tensor.type)) {
      out.add("tensor-transform", place,
              "tensor '" + tensor.name + "' cannot be given or taken: " + tensor.unsupported_transform);
    }
    if (!tensor.place || tensor.place->buffer >= parts.size()) continue;
    const auto& moved = parts[tensor.place->buffer];
    const std::uint64_t begin = tensor.place->offset;
    if (moved.empty()) {
      out.add("tensor-not-moved", place,
              "tensor '" + tensor.name + "' is in DMA buffer " + number(tensor.place->buffer) +
                  ", which no request moves");
    } else if (tensor.partial_allowed) {
      continue;  // where its bytes are is written in the buffer itself
    } else if (!covers(moved, begin, begin + tensor.moved_size)) {
      out.add("tensor-partly-moved", place, "no request moves all bytes of tensor '" + tensor.name + "'");
    }
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].empty()) continue;
    out.add("buffer-unused", indexed("descriptor.dma_buffers", i),
            "no request moves DMA buffer " + number(i));
  }
}

// Records in the buffer say where each partial input is; the bytes are packed
// behind them and behind the inputs that are always whole (runtime-protocols §1.3).
void check_partial_inputs(const Program& program, Findings& out) {
  const auto& buffers = program.descriptor.dma_buffers;
  const auto parts = moved_parts(program);
  for (const auto& buffer : partial_buffers(program.tensors)) {
    if (buffer.buffer >= buffers.size()) continue;
    const auto& moved = parts[buffer.buffer];
    const std::uint64_t size = buffers[buffer.buffer].size;
    const PartialBuffer::Range room = moved.size() == 1
                                          ? PartialBuffer::Range{moved[0].begin, std::min(size, moved[0].end)}
                                          : PartialBuffer::Range{0, size};
    for (const auto& input : buffer.inputs) {
      if (moved.size() < 2) break;
      out.add("partial-split", binding_place(program.descriptor, input.tensor),
              "tensor '" + program.tensors[input.tensor].name +
                  "' may be given in part, but its DMA buffer is split");
    }
    if (fits_whole(buffer, room)) continue;
    out.add("partial-header", binding_place(program.descriptor, buffer.inputs.back().tensor),
            "DMA buffer " + number(buffer.buffer) + " of " + number(size) + " bytes does not hold its " +
                number(buffer.inputs.size()) +
                " partial tensors at full size, with a record of 8 bytes each where no tensor lies");
  }
}

}  // namespace qaic::program
