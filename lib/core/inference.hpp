// One set of buffers of a network, and the inferences run with it. Source:
// runtime-protocols §2.4-2.5.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "lib/core/buffer.hpp"
#include "lib/core/host_form.hpp"
#include "lib/core/network.hpp"
#include "lib/core/submission.hpp"
#include "lib/program/packing.hpp"
#include "lib/program/plan.hpp"
#include "os/fd.hpp"
#include "wire/uapi.hpp"

namespace qaic::core {

struct InferenceStats {
  std::uint32_t queue_level_before = 0;  // elements ahead of the first buffer
  std::uint32_t queue_elements = 0;      // of all buffers
  std::uint32_t submit_latency_us = 0;   // of the slowest buffer
  std::uint32_t device_latency_us = 0;   // likewise
};

// Memory of somebody else for the buffer in which a tensor lies.
struct Import {
  std::size_t tensor = 0;
  int dma_buf = -1;  // at least as large as the buffer; stays the caller's
};

// A tensor as others can use it.
struct Export {
  os::Fd dma_buf;            // of the whole buffer
  std::uint64_t offset = 0;  // bytes; of the tensor in it
  std::uint64_t size = 0;    // bytes
};

// An inference is complete when its outputs have arrived: a network answers when
// it has taken its inputs, and the kernel takes note of what was done in the
// order in which it was done (kernel-interface §3.6). So the other buffers are
// not waited for, each wait being a system call. Should one still be queued when
// it is to be used again, the kernel says so; begin() then waits for the last of
// them, 1 ms, tries again, and calls the channel full if that was not enough.
//
// Keeps the device open, not the network: after the network is unloaded every
// call fails, nothing worse. One thread at a time.
class Inference : public Submission {
 public:
  // Errors: those of Buffer; channel-lost; tensor-transform (unsupported: the
  // program wants a tensor converted on the host in a way that is not known);
  // partial-room (unsupported: the program's partial inputs do not fit as they
  // are described).
  // Each of `imports` stands for the buffer of its tensor, with the tensor at
  // the offset that export_tensor() of another set names. Errors: tensor-import
  // (usage: there is no such tensor in a buffer, no dma-buf, or two for one buffer;
  // unsupported: it does not lie in one piece, the host converts it, or it is beside
  // partial inputs), buffer-import, bo-attach (a dma-buf that is too small).
  static base::Result<std::unique_ptr<Inference>> create(const Network& network,
                                                         std::span<const Import> imports = {});

  // The memory of tensor `index`, in its user's form: the buffer's own, or one
  // that is copied or converted to it by gather() and from it by finish(). Empty for
  // an input that the program ignores, for a tensor in an imported buffer (the
  // exporter maps that) and for an index that does not exist. Stable for the
  // Inference's life.
  [[nodiscard]] base::MutableBytes tensor(std::size_t index);

  // Of partial input `index`, only the first `bytes` of its user's form are sent from
  // the next submission on; all at first. Its memory stays where it is, and all of it
  // the caller's. Where several are in one buffer, or the host converts it, what is
  // sent of them is copied at each submission. Errors, all usage: partial-input (it is
  // none), partial-size (more than the tensor has), partial-element (ends inside an
  // element), inference-in-flight.
  [[nodiscard]] base::Result<void> set_size(std::size_t index, std::uint64_t bytes);
  // All are sent whole again.
  void set_all_whole() {
    if (execute_.number != wire::uapi::kIoctlExecuteBo) reset_sizes();
  }

  // Tensor `index` as a dma-buf, for another device or process. Errors:
  // tensor-export (as tensor-import), buffer-export.
  [[nodiscard]] base::Result<Export> export_tensor(std::size_t index) const;

  // Queues all buffers. Errors: queue-full (unavailable, nothing was queued: no room,
  // or one still is), inference-in-flight (usage: not waited for), channel-lost
  // (device: reset, deactivated or crashed meanwhile), device-offline.
  [[nodiscard]] base::Result<void> submit();

  // Until all outputs are there; `timeout_ms` per buffer, 0 = the driver's
  // default (5 s). Errors: inference-deadline (it stays queued and may be
  // waited for again), wait-interrupted (a signal; likewise), channel-lost,
  // inference-idle (usage: nothing was submitted).
  [[nodiscard]] base::Result<void> wait(std::uint32_t timeout_ms);

  // The same for a Queue, which keeps track itself.
  [[nodiscard]] bool has_to_gather() const override { return copying_ == Copying::some; }
  void gather() override { copy_staged(wire::qpc::Transfer::in); }
  [[nodiscard]] uapi::Outcome<void> begin() override;
  [[nodiscard]] uapi::Outcome<void> finish(std::uint32_t timeout_ms) override;
  [[nodiscard]] base::Error begin_error(int number) const override;
  [[nodiscard]] base::Error finish_error(int number) const override;

  // Of the last completed inference. Errors: perf-stats.
  [[nodiscard]] base::Result<InferenceStats> stats() const;

 private:
  // A tensor that does not lie in one piece, or not always in the same place, has
  // memory of its own, copied to and from its pieces; one that the host converts
  // has memory besides.
  struct Place {
    base::MutableBytes memory;  // the user's
    base::MutableBytes moved;   // with a host_form: what it is converted to or from
    std::unique_ptr<HostForm> host_form;
    base::ByteVector staging;
    std::vector<program::TensorPiece> pieces;
    wire::qpc::Transfer direction{};
    std::optional<program::TensorPiece> whole;  // where it lies, as it is moved, if in one piece
    std::optional<std::uint64_t> elements;      // of a partial input: so many are sent; nothing: all
  };

  // The partial inputs of one buffer, and which of the buffers it is.
  struct Partial {
    program::PartialBuffer packed;
    std::size_t bo = 0;
    std::uint64_t whole_size = 0;  // bytes; with which all of its slices are sent
  };

  explicit Inference(const Network& network)
      : device_(network.device()), channel_(network.channel()), fd_(device_->fd()), dbc_(network.dbc()) {}
  [[nodiscard, gnu::cold]] uapi::Outcome<void> begin_behind_rest();
  void copy_staged(wire::qpc::Transfer direction);
  [[nodiscard]] base::Result<void> place_partial_inputs(const Network& network);
  [[nodiscard, gnu::cold]] base::Error no_partial_input(std::size_t index) const;
  [[nodiscard, gnu::cold]] base::Error bad_size(const char* id, std::size_t index, std::uint64_t bytes,
                                                const std::string& why) const;
  void reset_sizes();
  void repack(Partial& partial);
  void choose_call();

  std::shared_ptr<Device> device_;
  std::shared_ptr<const CardIds::Claim> channel_;
  int fd_;  // the device's
  base::DbcId dbc_;
  std::vector<Buffer> buffers_;
  std::vector<wire::uapi::ExecuteEntry> entries_;
  uapi::ExecuteCall execute_;            // of entries_, or of partial_entries_ when less than all is sent
  std::vector<wire::uapi::Wait> waits_;  // in the order in which the buffers are waited for
  std::vector<wire::uapi::Wait> rest_;   // only before buffers that are still queued are used again
  std::size_t done_ = 0;                 // how many of them are done
  std::vector<Place> places_;
  std::vector<Partial> partial_;
  std::vector<wire::uapi::PartialExecuteEntry> partial_entries_;  // if there are partial inputs
  enum class Copying { none, some } copying_ = Copying::none;     // whether a tensor is copied or converted
  enum class State { idle, in_flight } state_ = State::idle;
};

}  // namespace qaic::core
