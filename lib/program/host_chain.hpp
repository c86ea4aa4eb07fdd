// What the host does between a tensor as its user has it and its bytes in a DMA
// buffer: a binding's transforms, checked once and made into a chain. Source:
// runtime-protocols §1.3, docs/transforms.md. Values; safe to use from any
// thread.
#pragma once

#include "base/result.hpp"
#include "lib/program/descriptor.hpp"
#include "lib/transform/chain.hpp"

namespace qaic::program {

// Whether a binding's transforms are one copy to or from its DMA buffer and
// nothing else: the user's memory is then the buffer's.
[[nodiscard]] bool is_copied_only(const Binding& binding);

// The chain from io_initial to io_transformed, the copy left out: for an input
// from the user's form to that in the DMA buffer, for an output the other way
// round. Each step says of what type, dims, layout and quantisation its result
// is. Errors: tensor-transform (unsupported): the first step that cannot be
// done, and why: one whose meaning is not known, one that contradicts what is
// before it, or an end that is not what the binding says.
[[nodiscard]] base::Result<transform::Chain> compile_chain(const Binding& binding,
                                                           wire::qpc::Transfer direction);

}  // namespace qaic::program
