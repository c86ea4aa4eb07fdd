// What the opaque types of qaic.h are.
#pragma once

#include <qaic/qaic.h>

#include <memory>

#include "lib/core/device.hpp"
#include "lib/core/inference.hpp"
#include "lib/core/network.hpp"
#include "lib/core/program_file.hpp"
#include "lib/core/queue.hpp"

struct qaic_device {
  std::shared_ptr<qaic::core::Device> device;
};

struct qaic_program {
  qaic::core::ProgramFile file;
};

struct qaic_network {
  std::unique_ptr<qaic::core::Network> network;
};

struct qaic_inference {
  std::unique_ptr<qaic::core::Inference> inference;
};

struct qaic_queue {
  std::unique_ptr<qaic::core::Queue> queue;
};

namespace qaic::api {

// Inferences' figures as C has them; for single ones and those of a queue.
[[nodiscard]] base::Result<void> give_stats(const core::Inference& inference, qaic_inference_stats* out);

// A tensor of one as C has it.
[[nodiscard]] base::Result<void> give_export(const core::Inference& inference, std::size_t tensor,
                                             qaic_export* out);

// One of C's imports, whose number is for errors. Errors: tensor-import (usage:
// not 0 where that is all it may be).
[[nodiscard]] base::Result<core::Import> import_of(const qaic_import& import, std::uint64_t index);
[[nodiscard]] base::Error import_member(std::uint64_t index, const char* member);

}  // namespace qaic::api
