#include "tests/lib_core/double_program.hpp"

#include <doctest/doctest.h>

#include <array>
#include <utility>
#include <vector>

#include "lib/program/container.hpp"
#include "lib/program/descriptor.hpp"
#include "lib/program/elf.hpp"
#include "lib/program/metadata.hpp"
#include "os/file.hpp"
#include "tests/lib_program/samples.hpp"
#include "wire/qpc.hpp"

namespace qaic::tests {

namespace qpc = wire::qpc;

namespace {

program::IoFormat format(qpc::DataType type, std::vector<std::int32_t> dims, float scale = 0,
                         std::int32_t offset = 0) {
  return {static_cast<std::uint32_t>(type), scale, offset, std::move(dims), 0};
}

program::TransformStep step(qpc::Transform kind, const program::IoFormat& result) {
  program::TransformStep out;
  out.kind = static_cast<std::uint32_t>(kind);
  out.type = result.type;
  out.scale = result.scale;
  out.offset = result.offset;
  out.dims = result.dims;
  return out;
}

void transform(program::Descriptor& descriptor) {
  program::Binding& x = descriptor.inputs.at(0);
  x.initial = format(qpc::DataType::float32, {4, 8});
  x.transformed = format(qpc::DataType::int32_q, {8, 4}, 0.5F, 1);
  auto turn = step(qpc::Transform::transpose, x.transformed);
  turn.shuffle = {1, 0};
  const auto quantised = format(qpc::DataType::int32_q, {4, 8}, 0.5F, 1);
  x.transforms = {step(qpc::Transform::quantize, quantised), turn, x.transforms.at(0)};
  program::Binding& y = descriptor.outputs.at(0);
  y.initial = format(qpc::DataType::int32_q, {8, 4}, 0.25F, -4);
  y.transformed = format(qpc::DataType::float32, {8, 4});
  y.transforms.push_back(step(qpc::Transform::dequantize, y.transformed));
}

}  // namespace

base::ByteVector build(const DoubleProgram& wanted) {
  const auto elf = os::read_file(QAIC_DOUBLE_ELF, 1U << 20);
  REQUIRE(elf.has_value());
  const auto entry = program::symbol_address(*elf, "entry");
  REQUIRE(entry.has_value());

  program::Metadata metadata = samples::metadata();
  metadata.threads = {{*entry, false, false}};
  metadata.num_nsps = wanted.nsps;
  const auto first_nsp = metadata.nsp_multicast.at(0);
  metadata.nsp_multicast.assign(wanted.nsps, first_nsp);
  metadata.semaphore_init.resize(wanted.semaphores);
  // The one that the network waits for comes last: it is to be rung once only.
  const auto doorbell = metadata.requests.at(0).doorbells.at(0);
  auto unused = doorbell;
  unused.offset = 8;
  metadata.requests[0].doorbells.assign(wanted.doorbells - 1, unused);
  metadata.requests[0].doorbells.push_back(doorbell);
  if (wanted.trailing) {
    program::DmaRequest behind;
    behind.port = qpc::kHostInputPort;
    behind.semaphores = {metadata.requests[0].semaphores.at(0)};
    metadata.requests.push_back(behind);
  }
  metadata.static_shared_ddr_size = wanted.shared_ddr;
  metadata.static_constants_size = wanted.static_constants.size();
  metadata.dynamic_constants_size = wanted.dynamic_constants.size();
  program::Descriptor descriptor = samples::descriptor();
  descriptor.num_cores = wanted.nsps;
  if (wanted.transforms) transform(descriptor);

  const auto code = program::with_section(*elf, qpc::kMetadataSection, program::write_metadata(metadata));
  REQUIRE(code.has_value());
  const auto described = program::write_descriptor(descriptor);
  base::ByteVector constants = wanted.static_constants;
  constants.insert(constants.end(), wanted.dynamic_constants.begin(), wanted.dynamic_constants.end());
  qpc::ConstantsDescriptor sizes{};
  sizes.static_size = wanted.static_constants.size();
  sizes.dynamic_size = wanted.dynamic_constants.size();

  std::vector<program::Segment> segments{{std::string(qpc::kNetworkElf), *code, 0},
                                         {std::string(qpc::kNetworkDescriptor), described, 0}};
  if (!constants.empty()) {
    segments.push_back({std::string(qpc::kConstants), constants, wanted.static_constants.size()});
    segments.push_back({std::string(qpc::kConstantsDescriptor), base::bytes_of(sizes), 0});
  }
  const std::array<base::le32, 2> crcs{wanted.metadata_crc, wanted.metadata_crc + 1};
  if (wanted.metadata_crc != 0) {
    segments.push_back({std::string(qpc::kMetadataCrc), base::bytes_of(crcs[0]), 0});
    segments.push_back({std::string(qpc::kMetadataFlatbufferCrc), base::bytes_of(crcs[1]), 0});
  }
  auto file = program::write_container(std::move(segments));
  REQUIRE(file.has_value());
  return std::move(*file);
}

}  // namespace qaic::tests
