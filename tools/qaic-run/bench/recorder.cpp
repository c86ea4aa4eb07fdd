#include "tools/qaic-run/bench/recorder.hpp"

namespace qaic::tools::run::bench {

Recorder::Recorder(std::int64_t begin, std::int64_t end, std::int64_t window_ns)
    : begin_(begin), end_(end), last_done_(begin), series_(window_ns) {}

void Recorder::ask(Port& port, std::size_t slot, const Timing& timing, std::uint64_t latency) {
  const std::int64_t asked = port.now();
  const auto times = port.card_times(slot);
  if (!times) return;
  sampler_.add({latency, stages_of(timing, *times)}, port.now() - asked);
}

}  // namespace qaic::tools::run::bench
