// Constants: sizes, wherever they are written down. Their bytes are not read.
#include "lib/program/checks.hpp"
#include "wire/qpc.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;

std::string pair(std::uint64_t a, std::uint64_t b) {
  return number(a) + " + " + number(b);
}

}  // namespace

void check_constants(const Program& program, Findings& out) {
  const Metadata& m = program.metadata;
  const Segment* constants = program.container.find(qpc::kConstants);
  if (constants == nullptr || program.container.find(qpc::kConstantsDescriptor) == nullptr) {
    if (m.static_constants_size != 0 || m.dynamic_constants_size != 0) {
      out.add("constants-missing", "metadata.staticConstantsSize",
              "the metadata wants " + pair(m.static_constants_size, m.dynamic_constants_size) +
                  " bytes, the container has no constants.bin");
    }
    return;
  }
  const ConstantsDescriptor& c = program.constants;
  const auto total = base::checked_add(c.static_size, c.dynamic_size);
  if (!total || *total > constants->bytes.size()) {
    out.add("constants-size", "container.constants.bin",
            "constantsdesc.bin says " + pair(c.static_size, c.dynamic_size) + " bytes, constants.bin has " +
                number(constants->bytes.size()));
  }
  // The segment's own field says where the dynamic part begins; 0 leaves it to
  // the descriptor.
  if (constants->offset != 0 && constants->offset != c.static_size) {
    out.add("constants-split", "container.constants.bin",
            "constants.bin says " + number(constants->offset) + " static bytes, constantsdesc.bin " +
                number(c.static_size));
  }
  if (m.static_constants_size != c.static_size || m.dynamic_constants_size != c.dynamic_size) {
    out.add("constants-mismatch", "metadata.staticConstantsSize",
            "constantsdesc.bin says " + pair(c.static_size, c.dynamic_size) + " bytes, the metadata " +
                pair(m.static_constants_size, m.dynamic_constants_size));
  }
  std::uint32_t mapped = 0;
  for (const auto& mapping : m.constant_mappings) mapped |= mapping.size != 0 ? mapping.core_mask : 0;
  if (total && *total != 0 && mapped == 0) {
    out.add("constants-unmapped", "metadata.constantMappings", "there are constants, but no NSP maps any");
  }
}

}  // namespace qaic::program
