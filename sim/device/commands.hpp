// The NNC commands inside passthrough transactions. Source: runtime-protocols
// §2.2. What a status means where no source says it is the model's reading.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "sim/device/activations.hpp"
#include "sim/device/card.hpp"
#include "sim/device/firmware.hpp"
#include "sim/device/journal.hpp"
#include "sim/device/reservations.hpp"
#include "sim/device/resources.hpp"
#include "sim/device/store.hpp"
#include "sim/device/telemetry.hpp"
#include "sim/device/transfer.hpp"
#include "wire/nnc_reservations.hpp"

namespace qaic::sim::device {

class Commands {
 public:
  Commands(const CardConfig& config, const Ports& ports);

  void boot();

  // What else the message of a command carries for it.
  struct Attached {
    const wire::nnc::ActivateToDev* queue = nullptr;
    Transfer* transfer = nullptr;
  };
  struct Outcome {
    ByteVector response;
    ByteVector transaction;                  // to follow the response, may be empty
    std::optional<std::uint32_t> waits_for;  // no response yet: this activation's end
  };

  // The command's number; nothing if it is too short to have one.
  static std::optional<wire::nnc::Command> number(Bytes command);
  // For a command that comes with data: where it goes, or why it is refused.
  std::optional<Transfer> expect(base::UserHandle user, Bytes command);
  Outcome run(base::UserHandle user, Bytes command, const Attached& attached);
  // The answer to a DEACTIVATE whose end has come.
  static Outcome deactivated(const Activations::Deactivated& end);
  // Frees everything of this user.
  void terminate(base::UserHandle user);
  // Frees what only waited for a network's restart to end.
  void sweep() { reservations_.sweep(); }

  [[nodiscard]] wire::nnc::StatusResponse status() const;
  [[nodiscard]] std::vector<std::string> held() const;
  [[nodiscard]] Activations& activations() { return activations_; }
  [[nodiscard]] const Activations& activations() const { return activations_; }
  // A page of DDR failed; STATUS says that a reset would retire it.
  void want_reset_to_retire_pages() { config_.need_reset_to_retire_pages = 1; }
  [[nodiscard]] Journal& journal() { return journal_; }

 private:
  Outcome load_constants(base::UserHandle user, Bytes command);
  Outcome load_old_constants(base::UserHandle user, Transfer* transfer, Bytes command);
  Outcome reserve_vc(base::UserHandle user, Bytes command);
  Outcome reserve_compute(base::UserHandle user, Bytes command);
  Outcome update_compute(base::UserHandle user, Bytes command);
  Outcome create_group(base::UserHandle user, Bytes command);
  Outcome release(base::UserHandle user, Bytes command);
  Outcome resource_info(base::UserHandle user, Bytes command);
  Outcome configure(base::UserHandle user, Bytes command);
  Outcome load_payload(Transfer* transfer, Bytes command);
  Outcome load_elf(base::UserHandle user, Transfer* transfer);
  Outcome unload(base::UserHandle user, Bytes command);
  Outcome activate(base::UserHandle user, Bytes command, const Attached& attached);
  Outcome deactivate(base::UserHandle user, Bytes command);
  Outcome change_state(base::UserHandle user, Bytes command);
  Transfer expect_elf(const wire::nnc::LoadElfRequest& request);
  Transfer expect_constants(const wire::nnc::LoadConstantsRequest& request);
  Transfer expect_payload(base::UserHandle user, const wire::nnc::LoadConstantsPayloadRequest& request);

  CardConfig config_;
  Ports ports_;
  Firmware firmware_;
  Journal journal_;
  Resources resources_;
  Reservations reservations_;
  std::optional<base::UserHandle> configurer_;  // who dedicated physical channels
  Telemetry telemetry_;
  Store<Constants> constants_;
  Store<LoadedNetwork> networks_;
  Activations activations_;  // last: ends before what it uses
};

}  // namespace qaic::sim::device
