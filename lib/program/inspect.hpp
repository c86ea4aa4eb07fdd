// A program as one JSON document, schema "qaic.qpc-inspect/1"
// (docs/schema/qaic.qpc-inspect.json).
#pragma once

#include <string>

#include "lib/program/container.hpp"
#include "lib/program/program.hpp"

namespace qaic::program {

// {"schema", "container", "program"}: segments, versions, tensors, what it
// needs of a card, its DMA requests, and how they are submitted.
[[nodiscard]] std::string inspect_json(const Program& program);

// The same with "program": null, for a container whose content cannot be read.
[[nodiscard]] std::string inspect_json(const Container& container);

}  // namespace qaic::program
