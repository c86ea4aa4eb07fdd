// What the opaque types of qaic.h are.
#pragma once

#include <qaic/qaic.h>

#include <memory>

#include "lib/core/device.hpp"
#include "lib/core/inference.hpp"
#include "lib/core/network.hpp"
#include "lib/core/program_file.hpp"

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
