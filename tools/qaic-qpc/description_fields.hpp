// The part of a description that no program needs in order to run.
#pragma once

#include "lib/program/descriptor.hpp"
#include "lib/program/metadata.hpp"
#include "tools/qaic-qpc/description_reader.hpp"

namespace qaic::qpc {

// Both throw DescriptionError.

// Of the document itself; sizes of memories must be in `out` already.
void read_metadata_fields(const ObjectReader& root, program::Metadata& out);

// The key "descriptor": where networkdesc.bin says something else than the
// metadata, or more.
void read_descriptor(const ObjectReader& root, program::Descriptor& out);

}  // namespace qaic::qpc
