// What a flatbuffer of metadata has beyond the schema (wire/metadata.fbs).
#pragma once

#include "lib/program/metadata.hpp"

namespace qaic::wire::metadata {
struct Metadata;
}

namespace qaic::program {

// Adds its name to `out.unread`. `in` has been verified.
void note_unread(const wire::metadata::Metadata& in, Metadata& out);

}  // namespace qaic::program
