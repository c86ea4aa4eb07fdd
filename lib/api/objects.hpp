// What the opaque types of qaic.h are.
#pragma once

#include <qaic/qaic.h>

#include <memory>

#include "lib/core/device.hpp"

struct qaic_device {
  std::shared_ptr<qaic::core::Device> device;
};
