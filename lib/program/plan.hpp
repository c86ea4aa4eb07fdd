// From the queue program of one inference to the buffer objects and slices
// that the kernel is asked for. Source: runtime-protocols §2.5, kernel-interface
// §1 (ATTACH_SLICE_BO) and §3.4. Values; safe to use from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "lib/program/descriptor.hpp"
#include "lib/program/metadata.hpp"
#include "lib/program/tensor.hpp"
#include "wire/uapi.hpp"

namespace qaic::program {

inline constexpr std::size_t kSemaphoreSlots = 4;  // of a slice
inline constexpr std::size_t kMaxPresyncs = 1;     // of a slice, for the kernel
// Of the longest queue that this library asks a card for [invented: the driver
// sets none but its memory]. An inference is queued as a whole.
inline constexpr std::uint32_t kMaxQueueElements = 32768;

// Whether the kernel counts `op` as a presync: it looks at the flag, whatever
// the command, so a NOP is given without.
[[nodiscard]] bool is_presync(const SemaphoreOp& op);

// One semaphore slot of a slice, as the kernel takes it. `flags` are the
// kernel's: out-sync fence 1, in-sync fence 2.
struct PlannedSemaphore {
  wire::uapi::SemaphoreCommand command = wire::uapi::SemaphoreCommand::nop;
  std::uint8_t number = 0;
  std::uint16_t value = 0;
  bool presync = false;
  std::uint8_t flags = 0;
};

// A doorbell: a store of `bits` bits into a multicast window.
struct PlannedDoorbell {
  std::uint16_t mcid = 0;
  std::uint64_t offset = 0;
  std::uint32_t data = 0;
  std::uint32_t bits = 32;
};

struct PlannedSlice {
  std::uint64_t size = 0;    // bytes; 0: semaphores and doorbell only
  std::uint64_t offset = 0;  // bytes inside the buffer object
  wire::qpc::AddressSpace space = wire::qpc::AddressSpace::multicast;
  std::uint16_t mcid = 0;  // for AddressSpace::multicast
  std::uint64_t dev_offset = 0;
  std::array<PlannedSemaphore, kSemaphoreSlots> semaphores{};
  std::optional<PlannedDoorbell> doorbell;
  std::size_t request = 0;  // index in Metadata::requests that it comes from
};

struct PlannedBo {
  std::uint16_t buffer = wire::qpc::kNoBuffer;  // DMA buffer number; kNoBuffer: no data at all
  std::uint64_t size = 0;                       // bytes, never 0
  wire::uapi::Direction direction = wire::uapi::Direction::to_device;
  std::vector<PlannedSlice> slices;  // never empty
};

// In the order in which they are to be executed. A buffer that the metadata
// comes back to after another one appears as a further BO of the same number.
struct Plan {
  std::vector<PlannedBo> bos;
  // The BO to wait for: the last one from the device, or the last one at all.
  std::size_t wait_for = 0;
};

// Consecutive requests of one buffer make one BO; a request without data makes
// its own BO of one page with a slice of size 0 (BOs of no size do not exist).
// Doorbells after a request's first, and semaphore operations after its
// fourth, go into further slices of size 0 behind it, fenced against the
// request's own transfer. The metadata must have come out of the reader, or be
// as consistent, and fit the descriptor (Program checks that).
// Errors: what the checker says of the requests as things to submit: qpc-presync
// (two presync operations in one request: the kernel takes one per slice, and
// slices give no order between two), qpc-empty (no request), qpc-queue (more
// slices than fit into a queue), qpc-mismatch (a buffer that is not described).
[[nodiscard]] base::Result<Plan> plan_submission(const Metadata& metadata, const Descriptor& descriptor);

// What ACTIVATE answered.
struct ActivationBases {
  std::uint64_t ddr = 0;          // ddr_base
  std::uint64_t dynamic_ddr = 0;  // dynamic_ddr_base
  std::uint64_t multicast = 0;    // mcid_base
};

// A slice as ATTACH_SLICE_BO takes it. dev_addr is 0 when nothing is moved.
[[nodiscard]] wire::uapi::AttachSliceEntry resolve(const PlannedSlice& slice, const ActivationBases& bases);

// A piece of a tensor inside a BO.
struct TensorPiece {
  std::size_t bo = 0;               // index in Plan::bos
  std::uint64_t bo_offset = 0;      // bytes
  std::uint64_t tensor_offset = 0;  // bytes, of the tensor as it is moved
  std::uint64_t size = 0;           // bytes
};

// Where the bytes of `tensor` are in the BOs: for an input everywhere they must
// be written, for an output where they must be read (a later piece holds what
// was transferred later). Usually one piece; several if the metadata moves the
// buffer in several slices or comes back to it. Bytes that no request moves are
// in no piece. Empty for a tensor without a place.
[[nodiscard]] std::vector<TensorPiece> tensor_pieces(const Plan& plan, const Tensor& tensor);

}  // namespace qaic::program
