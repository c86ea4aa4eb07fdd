#include "sim/cli/pci_card.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "sim/cli/fault_order.hpp"
#include "sim/cli/line_limit.hpp"
#include "sim/cli/orders.hpp"
#include "sim/mhi/received_images.hpp"
#include "sim/pci/bus_master.hpp"
#include "sim/pci/function.hpp"
#include "sim/vfio/guest_memory.hpp"
#include "sim/vfio/interrupt_lines.hpp"

namespace qaic::sim::cli {

using base::Result;

namespace {

pci::Identity identity_of(const PciCard::Options& options) {
  using wire::nnc::Sku;
  const bool is_080 = options.config.sku == Sku::pcie_080 || options.config.sku == Sku::pcie_ultra_080;
  return {is_080 ? wire::pci::kAic080 : wire::pci::kAic100, options.messages};
}

// Bytes per second of a plain memcpy as large as the copies that are measured, here and now: the
// median of many. What a guest has written lies in no cache of this core, so nor do these: they go
// round in far more memory than such a cache holds.
double memcpy_rate() {
  constexpr std::size_t kSize = vfio::Statistics::kLargeCopy;
  constexpr std::size_t kPlaces = 64;
  constexpr std::size_t kRounds = 4;  // the first touches the memory, and does not count
  const base::ByteVector from(kPlaces * kSize, std::byte{1});
  base::ByteVector to(from.size());
  std::vector<std::chrono::nanoseconds> times;
  for (std::size_t i = 0; i < kRounds * kPlaces; ++i) {
    const std::size_t at = i % kPlaces * kSize;
    const auto start = std::chrono::steady_clock::now();
    std::memcpy(to.data() + at, from.data() + at, kSize);
    __asm__ volatile("" : : "r"(to.data()) : "memory");  // it is not left out
    if (i >= kPlaces) times.push_back(std::chrono::steady_clock::now() - start);
  }
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return static_cast<double>(kSize) * 1e9 / static_cast<double>(middle->count());
}

}  // namespace

// In the order of who needs whom.
struct PciCard::Parts {
  Parts(Options given, std::unique_ptr<nsp::QemuCores> own_cores, os::LocalListener listener)
      : options(std::move(given)),
        cores(std::move(own_cores)),
        folder(options.firmware),
        images(options.firmware.empty() ? nullptr : &folder),
        bus_master(memory, interrupts),
        card(options.config, {bus_master, bus_master, clock, images, *cores}),
        controller({bus_master, bus_master, clock, card, images}, options.boot_from),
        function(identity_of(options), controller, card, bus_master),
        server(std::move(listener), function, memory, interrupts) {}

  [[nodiscard]] std::optional<std::chrono::nanoseconds> next_deadline() const {
    const auto first = card.next_deadline();
    const auto second = controller.next_deadline();
    if (!first || !second) return first ? first : second;
    return std::min(*first, *second);
  }
  void collect_core_events() {
    for (const auto& event : cores->take_events()) card.core_event(event);
    controller.pump();
  }
  void tick() {
    const auto now = clock.monotonic();
    if (const auto at = card.next_deadline(); at && *at <= now) {
      card.tick();
      controller.pump();
    }
    if (const auto at = controller.next_deadline(); at && *at <= now) controller.tick();
  }
  // What a guest can make the card say it can make it say for ever.
  void tell() {
    std::vector<std::string> lines = controller.take_messages();
    for (std::string& line : card.take_messages()) lines.push_back(std::move(line));
    if (lines.empty() && !limit.keeps_back()) return;
    for (const std::string& line : limit.pass(std::move(lines), clock.monotonic())) print(line);
  }
  static void print(const std::string& line) { std::fprintf(stderr, "qaic-sim: %s\n", line.c_str()); }
  Result<void> inject(const nlohmann::json& order) {
    const std::string kind = text_of(order, "kind");
    QAIC_TRY(const bool done, inject_into(card, order));
    if (!done) {
      if (kind == "sys-err") {
        controller.system_error();
      } else if (kind == "card-crash") {
        controller.crash("injected");
      } else {
        return base::fail(base::make_error(base::ErrorKind::usage, "usage",
                                           "a card behind PCIe knows no fault " + kind,
                                           "choose one of ras, crash, hang, sys-err, card-crash"));
      }
    }
    controller.pump();
    return {};
  }

  static constexpr unsigned kLinesPerSecond = 100;

  Options options;
  SystemClock clock;
  LineLimit limit{kLinesPerSecond};
  std::unique_ptr<nsp::QemuCores> cores;
  FolderStorage folder;
  mhi::ReceivedImages images;
  vfio::GuestMemory memory;
  vfio::InterruptLines interrupts;
  pci::BusMaster bus_master;
  device::Card card;
  mhi::Controller controller;
  pci::Function function;
  vfio::Server server;
  std::optional<Orders> orders;
};

PciCard::PciCard(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
PciCard::~PciCard() = default;

Result<std::unique_ptr<PciCard>> PciCard::create(Options options) {
  nsp::QemuCores::Options cores_options;
  cores_options.ddr_bytes = options.config.dram_bytes;
  QAIC_TRY(auto cores, nsp::QemuCores::create(std::move(cores_options)));
  QAIC_TRY(auto listener, os::LocalListener::create(options.socket));
  const std::string orders = options.orders;
  auto parts = std::make_unique<Parts>(std::move(options), std::move(cores), std::move(listener));
  if (!orders.empty()) {
    QAIC_TRY(auto orders_listener, os::LocalListener::create(orders));
    Parts& own = *parts;
    own.orders.emplace(std::move(orders_listener),
                       [&own](const nlohmann::json& order) { return own.inject(order); });
  }
  return std::unique_ptr<PciCard>(new PciCard(std::move(parts)));
}

void PciCard::serve(os::SignalInbox& signals) {
  Parts& parts = *parts_;
  vfio::Server::Work work;
  work.events_fd = parts.cores->event_fd();
  work.on_event = [&parts] { parts.collect_core_events(); };
  work.next_deadline = [&parts] { return parts.next_deadline(); };
  work.now = [&parts] { return parts.clock.monotonic(); };
  work.tick = [&parts] { parts.tick(); };
  work.after = [&parts] { parts.tell(); };
  if (parts.orders) {
    work.orders_fd = [&parts] { return parts.orders->fd(); };
    work.on_order = [&parts] { parts.orders->hear(); };
  }
  parts.server.serve(signals, work, parts.options.lifetime);
  if (const std::string rest = parts.limit.rest(); !rest.empty()) parts.print(rest);
}

std::string PciCard::statistics() const {
  const vfio::Statistics& measured = parts_->server.statistics();
  if (!measured.copy_rate()) return measured.line();
  return measured.line() +
         " memcpy_mib_per_s=" + std::to_string(static_cast<std::uint64_t>(memcpy_rate() / (1U << 20)));
}

}  // namespace qaic::sim::cli
