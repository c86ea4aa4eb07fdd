// Subsystem restart, spoken over QAIC_SSR: one channel at a time is taken down
// and powered up again in step with the host, which may fetch a dump on the
// way. Knows no networks: told what died, tells what is back. Source:
// kernel-interface §6.2.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "sim/device/journal.hpp"
#include "wire/ssr.hpp"

namespace qaic::sim::device {

// What there is to see of a dead network.
struct Dump {
  struct Region {
    std::string description;  // at most 19 characters count, as of the file name
    std::string file_name;
    base::ByteVector bytes;  // not empty
  };
  std::vector<Region> regions;
};

class Restart {
 public:
  // A host that does not answer a step for so long is not waited for. The model's choice.
  static constexpr std::chrono::seconds kPatience{10};
  // Where the dump lies in the card's address space; the model's choice.
  static constexpr std::uint64_t kTableAddress = 0x4000'0000;

  explicit Restart(Journal& journal) : journal_(journal) {}

  // The host opened or closed the channel. Without one nothing is begun; what
  // was under way when it closes comes back at once.
  void open() { open_ = true; }
  void close();
  [[nodiscard]] bool is_open() const { return open_; }

  // The NSPs behind `dbc` died and no DMA of it runs any more. After others
  // that are under way; `now` is monotonic, here and below.
  void begin(unsigned dbc, Dump dump, std::chrono::nanoseconds now);
  void receive(base::Bytes message, std::chrono::nanoseconds now);
  void tick(std::chrono::nanoseconds now);
  [[nodiscard]] std::optional<std::chrono::nanoseconds> next_deadline() const;

  [[nodiscard]] std::vector<base::ByteVector> take_outgoing();
  // Channels whose NSPs are powered up again, free for others.
  [[nodiscard]] std::vector<unsigned> take_finished();

 private:
  // What the host is expected to say next.
  enum class Step { before_shutdown, after_shutdown, before_power_up, dump_offered, dumping, after_power_up };
  struct Work {
    unsigned dbc = 0;
    Dump dump;
    base::ByteVector table;
  };

  void start(std::chrono::nanoseconds now);
  void send_event(Step step, std::chrono::nanoseconds now);
  void offer_dump(std::chrono::nanoseconds now);
  void answer_event(std::uint32_t event, std::chrono::nanoseconds now);
  void answer_read(const wire::ssr::MemoryRead& read, std::chrono::nanoseconds now);
  void finish(std::chrono::nanoseconds now);
  [[nodiscard]] std::optional<base::Bytes> memory(std::uint64_t address, std::uint64_t length) const;
  template <class T>
  void send(wire::ssr::Command command, T message, base::Bytes data = {});

  Journal& journal_;
  bool open_ = false;
  std::deque<Work> works_;  // the first is under way
  Step step_ = Step::before_shutdown;
  std::chrono::nanoseconds deadline_{};
  std::vector<base::ByteVector> outgoing_;
  std::vector<unsigned> finished_;
};

}  // namespace qaic::sim::device
