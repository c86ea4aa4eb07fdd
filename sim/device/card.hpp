// One Cloud AI 100 SoC as a step machine: an event goes in, its consequences
// come out through the ports and take_replies(). No threads, no blocking; the
// same object under both faces (system calls, PCIe).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "sim/device/faults.hpp"
#include "sim/device/latency.hpp"
#include "sim/device/ports.hpp"
#include "sim/device/ras.hpp"
#include "wire/dbc.hpp"
#include "wire/nnc.hpp"

namespace qaic::sim::device {

// What is soldered on, fused or written into the card's flash.
struct CardConfig {
  wire::nnc::Sku sku = wire::nnc::Sku::pcie_pro;
  std::string board_serial;     // equal on all SoCs of one board
  std::string hw_serial;        // "0x2b36e75d"
  std::uint8_t complex_id = 0;  // SoC number on its board
  std::uint32_t hw_version = 0x00020000;
  std::uint8_t nsp_count = 16;
  std::uint64_t nsp_pg_mask = 0;  // defective NSPs
  std::uint64_t dram_bytes = 0;   // DDR
  std::uint32_t retired_pages = 0;
  std::uint8_t need_reset_to_retire_pages = 0;
  std::uint32_t pvs_image_version = 0;
  std::uint64_t features = 0;      // wire::nnc::feature_bit
  std::string qsm_version;         // wins over what fw1.bin names; "" = that of the image
  std::string stated_qsm_version;  // reported when neither names one
  Faults faults;
  Latency latency;
};

// The stock configuration of a SKU (runtime-protocols §3.1). `card` counts
// boards and picks the serials; `soc` is the SoC on that board.
CardConfig stock_config(wire::nnc::Sku sku, unsigned card, unsigned soc);
// How many SoCs a board of this SKU carries: 4 for Ultra, else 1.
unsigned socs_per_board(wire::nnc::Sku sku);

class Card {
 public:
  Card(CardConfig config, Ports ports);
  ~Card();
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;

  // Boots from the images in Storage; its log goes to Stream::log. Versions that the card reports are read
  // out of them; without images it reports what it has and no image versions.
  // May be called again, also after reset().
  void boot();
  [[nodiscard]] bool ready() const;
  // SoC reset, power-on or FLR: everything held is gone at once, cores are
  // stopped, messages not yet taken are dropped and nothing is answered; not
  // ready() until boot(). take_messages() keeps what it has to tell.
  void reset();

  // ---- control channel: one whole NNC wire message from the host ----
  void control(Bytes message);
  // Replies that became ready, oldest first; each one wire message.
  [[nodiscard]] std::vector<ByteVector> take_replies();

  // ---- the channels besides control (kernel-interface §6) ----
  enum class Stream { ras, ssr, log };  // QAIC_STATUS, QAIC_SSR, QAIC_LOGGING
  struct Outgoing {
    Stream stream = Stream::log;
    ByteVector bytes;
  };
  // The host opened or closed a channel (MHI starts or stops it). Nothing but
  // subsystem restart depends on it: only a host that opened `ssr` gets it.
  void opened(Stream stream);
  void closed(Stream stream);
  // One message from the host; whatever it holds, the card copes.
  void receive(Stream stream, Bytes message);
  // What the card sends the host there, oldest first; each one message.
  [[nodiscard]] std::vector<Outgoing> take_outgoing();

  // ---- DMA bridge registers of channel `dbc` ----
  [[nodiscard]] std::uint32_t read_dbc(DbcId dbc, wire::dbc::Register reg) const;
  void write_dbc(DbcId dbc, wire::dbc::Register reg, std::uint32_t value);

  // ---- cores and time ----
  void core_event(const CoreEvent& event);
  // The moment at which tick() has something to do.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> next_deadline() const;
  void tick();

  // ---- what may befall a card; errors: bad_input, and `not-ready` ----
  // A reliability event: the host is told on QAIC_STATUS. An uncorrectable one
  // in DDR also marks a page that the next reset retires (STATUS counts both).
  Result<void> inject(const RasEvent& event);
  // The network behind a channel dies or hangs (CoreEvent::Kind::crashed or hang).
  Result<void> inject(DbcId dbc, CoreEvent::Kind kind);

  // ---- the card's own accounting, for tests and `qaic-sim` ----
  [[nodiscard]] wire::nnc::StatusResponse status() const;
  // Empty when nothing is held by anybody: no constants, networks, activations,
  // DBCs, semaphores, DDR. Otherwise one line per thing that is still held.
  [[nodiscard]] std::vector<std::string> held() const;
  // What the card has to say since the last call, oldest first: why a network
  // was refused or died, what its code logged. One line each.
  [[nodiscard]] std::vector<std::string> take_messages();

 private:
  struct State;
  void log_boot();

  CardConfig config_;
  FlippingMemory flipping_memory_;
  Ports ports_;
  Ras ras_;  // counts on through resets
  std::uint32_t pages_to_retire_ = 0;
  std::unique_ptr<State> state_;
};

}  // namespace qaic::sim::device
