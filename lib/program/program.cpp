#include "lib/program/program.hpp"

#include <algorithm>
#include <utility>

#include "base/checked.hpp"
#include "lib/program/checker.hpp"
#include "lib/program/checks.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;
using base::Bytes;
using base::fail;

base::Error constants_error(std::string why) {
  return base::make_error(base::ErrorKind::bad_input, "qpc-constants",
                          "the constants are not valid: " + std::move(why),
                          "pack the program again, or fetch the file again");
}

// The spans stay empty where sizes contradict each other; the checker says so.
base::Result<void> read_constants(Program& program) {
  const Segment* descriptor = program.container.find(qpc::kConstantsDescriptor);
  const Segment* constants = program.container.find(qpc::kConstants);
  if (descriptor == nullptr || constants == nullptr) return {};
  QAIC_TRY(program.constants, parse_constants_descriptor(descriptor->bytes));
  const ConstantsDescriptor& c = program.constants;
  const auto total = base::checked_add(c.static_size, c.dynamic_size);
  if (!total || *total == 0 || *total > constants->bytes.size()) return {};
  program.constants_descriptor_bytes = descriptor->bytes;
  program.static_constants_bytes = constants->bytes.first(static_cast<std::size_t>(c.static_size));
  program.dynamic_constants_bytes = constants->bytes.subspan(static_cast<std::size_t>(c.static_size),
                                                             static_cast<std::size_t>(c.dynamic_size));
  return {};
}

std::optional<std::uint32_t> crc_of(const Container& container, std::string_view name) {
  const Segment* segment = container.find(name);
  if (segment == nullptr || segment->bytes.size() != sizeof(base::le32)) return std::nullopt;
  return base::read_struct<base::le32>(segment->bytes)->get();
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

base::Result<Program> read_program(Bytes file) {
  Program out;
  QAIC_TRY(out.container, parse_container(file));
  QAIC_CHECK(check_loadable(out.container));
  out.elf_bytes = out.container.find(qpc::kNetworkElf)->bytes;
  QAIC_TRY(out.descriptor, decode_descriptor(out.container.find(qpc::kNetworkDescriptor)->bytes));
  QAIC_TRY(out.elf, parse_elf(out.elf_bytes));
  QAIC_TRY(out.metadata, decode_metadata_of(out.elf));
  out.tensors = list_tensors(out.descriptor);
  QAIC_CHECK(read_constants(out));
  out.metadata_crc = crc_of(out.container, qpc::kMetadataCrc);
  out.metadata_flatbuffer_crc = crc_of(out.container, qpc::kMetadataFlatbufferCrc);
  return out;
}

base::Result<Program> parse_program(Bytes file) {
  QAIC_TRY(Program out, read_program(file));
  if (auto error = check_program(out).first_error()) return fail(std::move(*error));
  return out;
}

}  // namespace qaic::program
