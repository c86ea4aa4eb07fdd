// DMA requests: their two ends, their semaphore slots, their doorbells.
#include <algorithm>

#include "lib/program/checks.hpp"
#include "lib/program/plan.hpp"
#include "wire/qpc.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;

std::string name_of(std::size_t index) {
  return "DMA request " + number(index);
}

void check_window(const DmaRequest& request, std::size_t index, const Metadata& m, Findings& out) {
  if (request.mcid >= m.host_multicast.size()) {
    out.add("request-multicast-id", request_place(index),
            name_of(index) + " uses multicast id " + number(request.mcid) + ", the host has " +
                number(m.host_multicast.size()));
    return;
  }
  const HostMulticastEntry& window = m.host_multicast[request.mcid];
  if (!fits(request.dev_offset, request.size, window.size)) {
    out.add("request-multicast-range", request_place(index),
            name_of(index) + " reaches past the end of multicast id " + number(request.mcid) + " (" +
                number(request.size) + " bytes at " + number(request.dev_offset) + " of " +
                number(window.size) + ")");
  }
  const int receivers = __builtin_popcount(window.mask);
  if (request.transfer == qpc::Transfer::out && receivers != 1) {
    out.add("request-multicast-read", request_place(index),
            name_of(index) + " reads through multicast id " + number(request.mcid) + ", which " +
                number(static_cast<std::uint64_t>(receivers)) + " NSPs have: only one can answer");
  } else if (receivers == 0) {
    out.add("request-multicast-nobody", request_place(index),
            name_of(index) + " writes to multicast id " + number(request.mcid) + ", which no NSP receives");
  }
}

void check_device_side(const DmaRequest& request, std::size_t index, const Metadata& m, Findings& out) {
  switch (request.space) {
    case qpc::AddressSpace::multicast:
      check_window(request, index, m, out);
      break;
    case qpc::AddressSpace::ddr:
      if (!fits(request.dev_offset, request.size, m.static_shared_ddr_size)) {
        out.add("request-ddr-range", request_place(index),
                name_of(index) + " reaches past the end of the shared DDR");
      }
      break;
    case qpc::AddressSpace::ddr_dynamic_shared:
      if (!fits(request.dev_offset, request.size, m.dynamic_shared_ddr_size)) {
        out.add("request-dynamic-ddr-range", request_place(index),
                name_of(index) + " reaches past the end of the dynamic shared DDR");
      }
      break;
  }
}

void check_host_side(const DmaRequest& request, std::size_t index, const Descriptor& d, Findings& out) {
  if (request.buffer >= d.dma_buffers.size()) return;  // reported by check_submission()
  const DmaBuffer& buffer = d.dma_buffers[request.buffer];
  if (!fits(request.host_offset, request.size, buffer.size)) {
    out.add("request-buffer-range", request_place(index),
            name_of(index) + " (" + number(request.size) + " bytes at " + number(request.host_offset) +
                ") does not fit into DMA buffer " + number(request.buffer) + " of " + number(buffer.size) +
                " bytes");
  }
  if (request.transfer != buffer.direction) {
    out.add("request-direction", request_place(index),
            name_of(index) + " goes in the other direction than DMA buffer " + number(request.buffer));
  }
}

// Every slice is one element at least, all of an inference are queued at once,
// and one place of a queue always stays empty (kernel-interface §3.4).
void check_queue(const Metadata& m, Findings& out) {
  std::uint64_t elements = 1;
  for (const auto& request : m.requests) {
    elements += 1 + (request.doorbells.empty() ? 0 : request.doorbells.size() - 1) +
                (request.semaphores.empty() ? 0 : (request.semaphores.size() - 1) / kSemaphoreSlots);
  }
  if (elements <= kMaxQueueElements) return;
  out.add("fit-queue", "metadata.dmaRequests",
          "one inference needs " + number(elements) + " places of a queue, the longest has " +
              number(kMaxQueueElements));
}

}  // namespace

void check_submission(const Metadata& metadata, const Descriptor& descriptor, Findings& out) {
  if (metadata.requests.empty()) {
    out.add("request-none", "metadata.dmaRequests",
            "the program has no DMA request: nothing could be submitted");
  }
  for (std::size_t i = 0; i < metadata.requests.size(); ++i) {
    const DmaRequest& request = metadata.requests[i];
    if (request.buffer == qpc::kNoBuffer) {
      if (request.size != 0) {
        out.add("request-no-buffer", request_place(i), name_of(i) + " moves data of no buffer");
      }
    } else if (request.buffer >= descriptor.dma_buffers.size()) {
      out.add("request-buffer", request_place(i),
              name_of(i) + " uses DMA buffer " + number(request.buffer) + ", the descriptor has " +
                  number(descriptor.dma_buffers.size()));
    }
    const auto presyncs = static_cast<std::size_t>(std::ranges::count_if(request.semaphores, is_presync));
    if (presyncs > kMaxPresyncs) {
      out.add("semaphore-presync", request_place(i),
              name_of(i) + " waits for " + number(presyncs) +
                  " semaphores before it moves data; the kernel driver takes one");
    }
  }
  check_queue(metadata, out);
}

void check_requests(const Metadata& metadata, const Descriptor& descriptor, Findings& out) {
  for (std::size_t i = 0; i < metadata.requests.size(); ++i) {
    const DmaRequest& request = metadata.requests[i];
    if (request.size != 0) {
      check_host_side(request, i, descriptor, out);
      check_device_side(request, i, metadata, out);
    } else if (request.doorbells.empty() && std::ranges::all_of(request.semaphores, [](const auto& op) {
                 return op.command == wire::uapi::SemaphoreCommand::nop;
               })) {
      out.add("request-idle", request_place(i),
              name_of(i) + " moves nothing, rings nothing and changes no semaphore");
    }
    if (request.semaphores.size() > kSemaphoreSlots) {
      out.add("semaphore-slots", request_place(i),
              name_of(i) + " has " + number(request.semaphores.size()) +
                  " semaphore operations; those after the fourth go into slices of their own");
    }
  }
}

void check_doorbells(const Metadata& metadata, Findings& out) {
  const auto& windows = metadata.host_multicast;
  for (std::size_t r = 0; r < metadata.requests.size(); ++r) {
    const auto& bells = metadata.requests[r].doorbells;
    for (std::size_t i = 0; i < bells.size(); ++i) {
      const DoorbellOp& bell = bells[i];
      const std::uint64_t bytes = std::uint64_t{1} << static_cast<unsigned>(bell.size);
      const auto add = [&](std::string_view rule, const std::string& why) {
        out.add(rule, indexed(request_place(r) + ".doorbellOps", i), name_of(r) + why);
      };
      if (bell.mcid >= windows.size()) {
        add("doorbell-multicast-id", " rings a doorbell outside multicast id " + number(bell.mcid) +
                                         ": the host has " + number(windows.size()));
      } else if (!fits(bell.offset, bytes, windows[bell.mcid].size)) {
        add("doorbell-range", " rings a doorbell outside multicast id " + number(bell.mcid) + ", at " +
                                  number(bell.offset) + " of " + number(windows[bell.mcid].size));
      } else if (windows[bell.mcid].mask == 0) {
        add("doorbell-nobody", " rings a doorbell that no NSP receives");
      }
      if (bell.offset % bytes != 0) {
        add("doorbell-alignment",
            " rings a doorbell that is not aligned: " + number(bytes) + " bytes at " + number(bell.offset));
      }
      if (bytes < 4 && (bell.data >> (8 * bytes)) != 0) {
        add("doorbell-data",
            " rings a doorbell of " + number(8 * bytes) + " bits with the value " + number(bell.data));
      }
    }
  }
}

}  // namespace qaic::program
