// What the loops need of the world: one activation of a program with several
// sets of buffers, and a clock. A card is behind it, or a test's script.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <qaic/qaic.hpp>

#include "tools/qaic-run/bench/stages.hpp"

namespace qaic::tools::run::bench {

// Slots are sets of buffers, used in turn; inferences of one activation end in
// the order of their submission. One thread may submit while another waits.
class Port {
 public:
  virtual ~Port() = default;

  virtual Expected<Done> submit(std::size_t slot) = 0;
  // Until the inference of that slot is done.
  virtual Expected<Done> wait(std::size_t slot) = 0;
  // Of the latest inference of a slot; nothing if the driver does not say.
  virtual std::optional<CardTimes> card_times(std::size_t slot) = 0;

  // Nanoseconds of a clock that never goes back.
  virtual std::int64_t now() = 0;
  // Not long, and maybe longer: nothing ends a sleep.
  virtual void sleep_until(std::int64_t at) = 0;
  // Whether to end early.
  virtual bool interrupted() = 0;
};

}  // namespace qaic::tools::run::bench
