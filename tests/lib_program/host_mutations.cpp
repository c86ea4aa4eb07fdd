#include <algorithm>
#include <limits>

#include "tests/lib_program/mutations.hpp"
#include "tests/lib_program/samples.hpp"
#include "wire/qpc.hpp"

namespace qaic::samples {
namespace {

namespace qpc = wire::qpc;
using base::ByteVector;

program::Binding& any_tensor(Material& p, Random& random) {
  const std::size_t index = random.below(p.d.inputs.size() + p.d.outputs.size());
  return index < p.d.inputs.size() ? p.d.inputs[index] : p.d.outputs[index - p.d.inputs.size()];
}

program::CopyDmaBuffer& any_copy(Material& p, Random& random) {
  return *any_tensor(p, random).transforms.at(0).copy;
}

// A tuple of the shapes that the tensors have.
std::vector<program::TensorShape> shapes_of(const Material& p) {
  std::vector<program::TensorShape> tuple;
  for (const auto* list : {&p.d.inputs, &p.d.outputs}) {
    for (const auto& b : *list) tuple.push_back({b.initial.type, b.initial.dims});
  }
  return tuple;
}

// Without which the other rules of shapes would speak too.
void no_shapes(Material& p) {
  p.d.allowed_shapes.clear();
}

void need_constants(Material& p) {
  if (p.has_constants) return;
  p.has_constants = true;
  p.constants = ByteVector(256, std::byte{3});
  p.constants_offset = p.described_static = p.m.static_constants_size = 256;
  p.m.constant_mappings = {{0, 1, 256}};
}

constexpr Mutation kMutations[] = {
    {"segment-unknown",
     [](Material& p, Random& r) {
       p.more_segments.push_back({"part" + std::to_string(r.below(1000)), ByteVector(8)});
     }},
    {"segment-overlap",
     [](Material& p, Random&) {
       p.more_segments.push_back({"zzz", ByteVector(8)});
       p.overlapping = true;
     }},
    {"segment-crc-size",
     [](Material& p, Random& r) {
       constexpr const char* kNames[] = {"network.elf.crc", "constants.bin.crc", "metadata.crc",
                                         "metadata_fb.crc"};
       p.more_segments.push_back(
           {kNames[r.below(4)], ByteVector(r.below(2) == 0 ? r.below(4) : r.between(5, 99))});
     }},
    {"descriptor-version", [](Material& p, Random& r) { p.d.major = r.between(10, 1000); }},
    {"tensor-name", [](Material& p, Random& r) { any_tensor(p, r).name.clear(); }},
    {"tensor-name-twice",
     [](Material& p, Random& r) {
       no_shapes(p);
       program::Binding copy = r.one_of(p.d.inputs);
       copy.transforms.clear();  // one that is ignored, so that no bytes are shared
       copy.partial_allowed = false;
       p.d.inputs.push_back(copy);
     }},
    {"tensor-type",
     [](Material& p, Random& r) {
       no_shapes(p);
       (r.below(2) == 0 ? any_tensor(p, r).initial : any_tensor(p, r).transformed).type = r.between(12, 5000);
     }},
    {"tensor-dims",
     [](Material& p, Random& r) {
       no_shapes(p);
       auto& dims = any_tensor(p, r).initial.dims;
       constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
       dims = r.below(2) == 0 ? std::vector<std::int32_t>{-static_cast<std::int32_t>(r.between(1, 1U << 30))}
                              : std::vector<std::int32_t>{kMost, kMost, kMost};
     }},
    {"tensor-scale",
     [](Material& p, Random& r) {
       no_shapes(p);
       program::Binding gone;
       gone.name = "quantised";
       gone.initial.type = r.between(2, 5);
       gone.initial.dims = {4};
       gone.transformed = gone.initial;
       p.d.inputs.push_back(gone);
     }},
    {"tensor-align",
     [](Material& p, Random& r) {
       auto& tensor = r.one_of(p.d.inputs);
       tensor.partial_allowed = true;
       tensor.align = (1U << r.between(2, 20)) + r.between(1, 3);
     }},
    {"tensor-buffer",
     [](Material& p, Random& r) {
       any_copy(p, r).buffer = static_cast<std::uint32_t>(p.d.dma_buffers.size()) + r.between(0, 100000);
     }},
    {"tensor-direction",
     [](Material& p, Random& r) {
       auto& copy = any_copy(p, r);
       copy.direction = copy.direction == qpc::Transfer::in ? qpc::Transfer::out : qpc::Transfer::in;
     }},
    {"tensor-range",
     [](Material& p, Random& r) {
       no_shapes(p);
       auto& copy = any_copy(p, r);
       copy.offset = p.d.dma_buffers.at(copy.buffer).size + r.between(0, 1U << 20);
     }},
    {"tensor-overlap",
     [](Material& p, Random& r) {
       no_shapes(p);
       auto& input = r.one_of(p.d.inputs);
       input.partial_allowed = false;  // where those lie is not fixed
       program::Binding twin = input;
       twin.name = "twin";
       p.d.inputs.push_back(twin);
     }},
    {"tensor-transform",
     [](Material& p, Random& r) {
       no_shapes(p);
       auto& tensor = any_tensor(p, r);
       program::TransformStep step;
       step.kind = r.between(0, 5);
       tensor.transforms.insert(
           tensor.transforms.begin() + static_cast<std::ptrdiff_t>(r.below(tensor.transforms.size() + 1)),
           step);
     }},
    {"shape-count",
     [](Material& p, Random& r) {
       auto tuple = shapes_of(p);
       r.below(2) == 0 ? tuple.pop_back() : tuple.push_back({});
       p.d.allowed_shapes.push_back(tuple);
     }},
    {"shape-type",
     [](Material& p, Random& r) {
       auto tuple = shapes_of(p);
       auto& shape = r.one_of(tuple);
       shape.type = (shape.type + r.between(1, 8)) % 9;
       p.d.allowed_shapes.push_back(tuple);
     }},
    {"shape-size",
     [](Material& p, Random& r) {
       auto tuple = shapes_of(p);
       auto& shape = r.one_of(tuple);
       shape.dims = r.below(2) == 0 ? std::vector<std::int32_t>{-1} : std::vector<std::int32_t>{1 << 28, 16};
       p.d.allowed_shapes.push_back(tuple);
     }},
    {"partial-output",
     [](Material& p, Random& r) {
       no_shapes(p);
       auto& tensor = r.one_of(p.d.outputs);
       tensor.partial_allowed = true;
       auto& copy = *tensor.transforms.at(0).copy;
       p.d.dma_buffers.at(copy.buffer).size += 4096;  // room for a record
     }},
    {"partial-header",
     [](Material& p, Random&) {
       no_shapes(p);
       auto& tensor = p.d.inputs.at(p.d.inputs.size() - 1);
       tensor.partial_allowed = true;
       tensor.align = 1U << 20;  // further than any of the buffers
     }},
    {"partial-split",
     [](Material& p, Random& r) {
       no_shapes(p);
       auto& tensor = p.d.inputs.at(p.d.inputs.size() - 1);
       tensor.partial_allowed = true;
       const std::uint32_t buffer = tensor.transforms.at(0).copy->buffer;
       for (std::size_t i = 0; i < p.m.requests.size(); ++i) {
         if (p.m.requests[i].size < 2 || p.m.requests[i].buffer != buffer) continue;
         program::DmaRequest second = p.m.requests[i];
         second.semaphores.clear();
         second.doorbells.clear();
         const std::uint32_t half = r.between(1, second.size - 1);
         p.m.requests[i].size = half;
         second.size -= half;
         second.host_offset += half;
         second.dev_offset += half;
         p.m.requests.insert(p.m.requests.begin() + static_cast<std::ptrdiff_t>(i), second);
         break;
       }
     }},
    {"buffer-unused",
     [](Material& p, Random& r) {
       p.d.dma_buffers.push_back({r.between(1, 100000), qpc::Transfer::in});
     }},
    {"nsp-mismatch", [](Material& p, Random& r) { p.d.num_cores = p.m.num_nsps + r.between(1, 100000); }},
    {"name-mismatch", [](Material& p, Random&) { p.d.network_name += "2"; }},
    {"name-length",
     [](Material& p, Random& r) {
       p.d.network_name = p.m.network_name = std::string(r.between(64, 200), 'n');
     }},
    {"thread-mismatch", [](Material& p, Random& r) { p.d.num_threads = r.between(1000, 2000); }},
    {"cluster-unknown",
     [](Material& p, Random& r) {
       p.d.cluster_offsets = {0, r.between(1, 100)};
     }},
    {"constants-missing",
     [](Material& p, Random& r) {
       if (!p.has_constants) {
         (r.below(2) == 0 ? p.m.static_constants_size : p.m.dynamic_constants_size) = r.between(1, 100000);
       }
       p.has_constants = false;
     }},
    {"constants-size",
     [](Material& p, Random& r) {
       need_constants(p);
       p.constants.resize(p.constants.size() - r.between(1, 100));
       p.constants_offset = 0;
     }},
    {"constants-split",
     [](Material& p, Random& r) {
       need_constants(p);
       do {
         p.constants_offset = r.between(1, static_cast<std::uint32_t>(p.constants.size()));
       } while (p.constants_offset == p.described_static);
     }},
    {"constants-mismatch",
     [](Material& p, Random& r) {
       need_constants(p);
       p.m.dynamic_constants_size += r.between(1, 100000);
     }},
    {"constants-mapping-range",
     [](Material& p, Random& r) {
       need_constants(p);
       auto& mapping = r.one_of(p.m.constant_mappings);
       if (r.below(2) == 0) {
         mapping.base_offset = ~std::uint64_t{r.between(0, 100)};
       } else {
         mapping.size += static_cast<std::uint32_t>(p.constants.size()) + r.between(1, 100000);
       }
     }},
    {"constants-mapping-nsp",
     [](Material& p, Random& r) {
       need_constants(p);
       r.one_of(p.m.constant_mappings).core_mask |=
           1U << r.between(std::min<std::uint32_t>(p.m.num_nsps, 31), 31);
     }},
    {"constants-unmapped",
     [](Material& p, Random&) {
       need_constants(p);
       p.m.constant_mappings.clear();
     }},
};

}  // namespace

std::span<const Mutation> host_mutations() {
  return kMutations;
}

}  // namespace qaic::samples
