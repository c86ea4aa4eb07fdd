#include "lib/program/program.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/checked.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;
using base::Bytes;
using base::fail;

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

base::Error constants_error(std::string why) {
  return base::make_error(base::ErrorKind::bad_input, "qpc-constants",
                          "the constants are not valid: " + std::move(why),
                          "pack the program again, or fetch the file again");
}

base::Error mismatch(std::string why) {
  return base::make_error(base::ErrorKind::bad_input, "qpc-mismatch",
                          "parts of the program contradict each other: " + std::move(why),
                          "qaic-qpc inspect shows the parts");
}

// Whether [offset, offset + size) ends by `limit`.
bool fits(std::uint64_t offset, std::uint64_t size, std::uint64_t limit) {
  const auto end = base::checked_add(offset, size);
  return end && *end <= limit;
}

base::Result<void> check_device_side(const DmaRequest& request, const Metadata& metadata,
                                     const std::string& what) {
  switch (request.space) {
    case qpc::AddressSpace::multicast:
      if (request.mcid >= metadata.host_multicast.size()) {
        return fail(mismatch(what + " uses multicast id " + number(request.mcid) + ", the host has " +
                             number(metadata.host_multicast.size())));
      }
      if (!fits(request.dev_offset, request.size, metadata.host_multicast[request.mcid].size)) {
        return fail(mismatch(what + " reaches past the end of multicast id " + number(request.mcid)));
      }
      break;
    case qpc::AddressSpace::ddr:
      if (!fits(request.dev_offset, request.size, metadata.static_shared_ddr_size)) {
        return fail(mismatch(what + " reaches past the end of the shared DDR"));
      }
      break;
    case qpc::AddressSpace::ddr_dynamic_shared:
      if (!fits(request.dev_offset, request.size, metadata.dynamic_shared_ddr_size)) {
        return fail(mismatch(what + " reaches past the end of the dynamic shared DDR"));
      }
      break;
  }
  return {};
}

base::Result<void> check_request(const DmaRequest& request, const Program& program, const std::string& what) {
  const auto& buffers = program.descriptor.dma_buffers;
  if (request.buffer != qpc::kNoBuffer && request.buffer >= buffers.size()) {
    return fail(mismatch(what + " uses DMA buffer " + number(request.buffer) + ", the descriptor has " +
                         number(buffers.size())));
  }
  if (request.size != 0) {
    if (request.buffer == qpc::kNoBuffer) return fail(mismatch(what + " moves data of no buffer"));
    const DmaBuffer& buffer = buffers[request.buffer];
    if (!fits(request.host_offset, request.size, buffer.size)) {
      return fail(mismatch(what + " (" + number(request.size) + " bytes at " + number(request.host_offset) +
                           ") does not fit into DMA buffer " + number(request.buffer) + " of " +
                           number(buffer.size) + " bytes"));
    }
    if (request.transfer != buffer.direction) {
      return fail(mismatch(what + " goes in the other direction than DMA buffer " + number(request.buffer)));
    }
    QAIC_CHECK(check_device_side(request, program.metadata, what));
  }
  for (const auto& doorbell : request.doorbells) {
    const std::uint64_t bytes = std::uint64_t{1} << static_cast<unsigned>(doorbell.size);
    const auto& table = program.metadata.host_multicast;
    if (doorbell.mcid >= table.size() || !fits(doorbell.offset, bytes, table[doorbell.mcid].size)) {
      return fail(mismatch(what + " rings a doorbell outside multicast id " + number(doorbell.mcid)));
    }
    if (doorbell.offset % bytes != 0) return fail(mismatch(what + " rings a doorbell that is not aligned"));
  }
  return {};
}

base::Result<void> check_requests(const Program& program) {
  std::vector<std::size_t> transfers(program.descriptor.dma_buffers.size());
  for (std::size_t i = 0; i < program.metadata.requests.size(); ++i) {
    const DmaRequest& request = program.metadata.requests[i];
    QAIC_CHECK(check_request(request, program, "DMA request " + number(i)));
    if (request.size != 0) ++transfers[request.buffer];
  }
  for (const auto& tensor : program.tensors) {
    if (!tensor.place) continue;
    if (transfers[tensor.place->buffer] == 0) {
      return fail(mismatch("tensor '" + tensor.name + "' is in DMA buffer " + number(tensor.place->buffer) +
                           ", which no request moves"));
    }
    if (tensor.partial_allowed && transfers[tensor.place->buffer] > 1) {
      return fail(mismatch("tensor '" + tensor.name + "' may be given in part, but its DMA buffer is split"));
    }
  }
  return {};
}

base::Result<void> read_constants(Program& program) {
  const Segment* descriptor = program.container.find(qpc::kConstantsDescriptor);
  const Segment* constants = program.container.find(qpc::kConstants);
  if (descriptor == nullptr || constants == nullptr) {
    if (program.metadata.static_constants_size != 0 || program.metadata.dynamic_constants_size != 0) {
      return fail(constants_error("the metadata wants " + number(program.metadata.static_constants_size) +
                                  " + " + number(program.metadata.dynamic_constants_size) +
                                  " bytes, the container has no constants.bin"));
    }
    return {};
  }
  QAIC_TRY(program.constants, parse_constants_descriptor(descriptor->bytes));
  const ConstantsDescriptor& c = program.constants;
  const auto total = base::checked_add(c.static_size, c.dynamic_size);
  if (!total || *total > constants->bytes.size()) {
    return fail(constants_error("constantsdesc.bin says " + number(c.static_size) + " + " +
                                number(c.dynamic_size) + " bytes, constants.bin has " +
                                number(constants->bytes.size())));
  }
  // The segment's own field says where the dynamic part begins; 0 leaves it to
  // the descriptor.
  if (constants->offset != 0 && constants->offset != c.static_size) {
    return fail(constants_error("constants.bin says " + number(constants->offset) +
                                " static bytes, constantsdesc.bin " + number(c.static_size)));
  }
  if (program.metadata.static_constants_size != c.static_size ||
      program.metadata.dynamic_constants_size != c.dynamic_size) {
    return fail(constants_error("constantsdesc.bin says " + number(c.static_size) + " + " +
                                number(c.dynamic_size) + " bytes, the metadata " +
                                number(program.metadata.static_constants_size) + " + " +
                                number(program.metadata.dynamic_constants_size)));
  }
  if (*total == 0) return {};
  program.constants_descriptor_bytes = descriptor->bytes;
  program.static_constants_bytes = constants->bytes.first(static_cast<std::size_t>(c.static_size));
  program.dynamic_constants_bytes = constants->bytes.subspan(static_cast<std::size_t>(c.static_size),
                                                             static_cast<std::size_t>(c.dynamic_size));
  return {};
}

base::Result<void> check_names(const Program& program) {
  std::set<std::pair<qpc::Transfer, std::string_view>> names;
  for (const auto& tensor : program.tensors) {
    if (names.emplace(tensor.direction, tensor.name).second) continue;
    return fail(mismatch("two tensors of one direction are named '" + tensor.name + "'"));
  }
  return {};
}

}  // namespace

base::Result<ConstantsDescriptor> parse_constants_descriptor(Bytes bytes) {
  const auto raw = base::read_struct<qpc::ConstantsDescriptor>(bytes);
  if (!raw || bytes.size() != sizeof(qpc::ConstantsDescriptor)) {
    return fail(constants_error("constantsdesc.bin has " + number(bytes.size()) + " bytes, not 24"));
  }
  return ConstantsDescriptor{raw->static_size, raw->dynamic_size, raw->static_ecc != 0,
                             raw->dynamic_ecc != 0};
}

const Tensor* Program::find_tensor(std::string_view name, qpc::Transfer direction) const {
  const auto it = std::ranges::find_if(
      tensors, [&](const Tensor& tensor) { return tensor.direction == direction && tensor.name == name; });
  return it == tensors.end() ? nullptr : &*it;
}

base::Result<Program> parse_program(Bytes file) {
  Program out;
  QAIC_TRY(out.container, parse_container(file));
  QAIC_CHECK(check_loadable(out.container));
  out.elf_bytes = out.container.find(qpc::kNetworkElf)->bytes;
  QAIC_TRY(out.descriptor, parse_descriptor(out.container.find(qpc::kNetworkDescriptor)->bytes));
  QAIC_TRY(out.metadata, read_metadata(out.elf_bytes));
  out.tensors = list_tensors(out.descriptor);
  QAIC_CHECK(check_names(out));
  if (out.descriptor.num_cores != out.metadata.num_nsps) {
    return fail(mismatch("the descriptor says " + number(out.descriptor.num_cores) + " NSPs, the metadata " +
                         number(out.metadata.num_nsps)));
  }
  QAIC_CHECK(check_requests(out));
  QAIC_CHECK(read_constants(out));
  return out;
}

}  // namespace qaic::program
