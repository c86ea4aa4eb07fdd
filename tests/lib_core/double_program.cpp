#include "tests/lib_core/double_program.hpp"

#include <doctest/doctest.h>

#include "lib/program/container.hpp"
#include "lib/program/descriptor.hpp"
#include "lib/program/elf.hpp"
#include "lib/program/metadata.hpp"
#include "os/file.hpp"
#include "tests/lib_program/samples.hpp"
#include "wire/qpc.hpp"

namespace qaic::tests {

namespace qpc = wire::qpc;

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
  auto file = program::write_container(std::move(segments));
  REQUIRE(file.has_value());
  return std::move(*file);
}

}  // namespace qaic::tests
