// What a program says beyond that which is needed to run it. Part of inspect_json().
#pragma once

#include "base/json_writer.hpp"
#include "lib/program/program.hpp"

namespace qaic::program {

// The keys "metadata", "descriptor" and "constants_descriptor" of a program.
void put_further_fields(base::JsonWriter& out, const Program& program);

// The keys "align", "initial", "transformed" and "transforms" of a tensor: its
// binding as the descriptor has it.
void put_binding(base::JsonWriter& out, const Binding& binding);

}  // namespace qaic::program
