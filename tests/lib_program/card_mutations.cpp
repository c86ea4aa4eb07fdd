#include <algorithm>
#include <stdexcept>

#include "tests/lib_program/mutations.hpp"
#include "tests/lib_program/samples.hpp"
#include "wire/qpc.hpp"

namespace qaic::samples {
namespace {

namespace qpc = wire::qpc;
using base::ByteVector;
using program::DmaRequest;
using qpc::AddressSpace;
using qpc::PreOrPost;
using qpc::Transfer;
using wire::uapi::SemaphoreCommand;

DmaRequest& moving(Material& p, Random& random) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < p.m.requests.size(); ++i) {
    if (p.m.requests[i].size != 0) found.push_back(i);
  }
  return p.m.requests.at(found.at(random.below(found.size())));
}

DmaRequest& moving(Material& p, Random& random, AddressSpace space) {
  for (int tries = 0; tries < 1000; ++tries) {
    DmaRequest& request = moving(p, random);
    if (request.space == space) return request;
  }
  throw std::out_of_range("no request of that space is left");
}

// A doorbell of some request; a window for it is there.
program::DoorbellOp& bell(Material& p, Random& random) {
  DmaRequest& request = random.one_of(p.m.requests);
  if (request.doorbells.empty()) request.doorbells.push_back({0, 1, 0, qpc::DoorbellSize::bits32});
  return random.one_of(request.doorbells);
}

program::SemaphoreOp& semaphore(Material& p, Random& random) {
  DmaRequest& request = random.one_of(p.m.requests);
  if (request.semaphores.empty()) {
    request.semaphores.push_back({SemaphoreCommand::inc, 0, 0, PreOrPost::post, false, false});
  }
  return random.one_of(request.semaphores);
}

// A window that `mask` NSPs have, of which the host's size is not checked.
std::uint16_t add_window(Material& p, std::uint32_t mask) {
  const std::size_t id = p.m.host_multicast.size();
  p.m.host_multicast.push_back({mask, 64});
  for (auto& table : p.m.nsp_multicast) {
    table.resize(id);
    table.push_back({0, 0, 64, qpc::NspMemory::vtcm, false});
  }
  return static_cast<std::uint16_t>(id);
}

// The program header of the first loadable segment.
std::size_t load_header(const ByteVector& elf) {
  const auto table = base::read_struct<base::le32>(elf, 28).value();
  const auto count = base::read_struct<base::le16>(elf, 44).value();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = table + 32 * i;
    if (base::read_struct<base::le32>(elf, at).value() == 1) return at;
  }
  return table;
}

DmaRequest semaphores_only(SemaphoreCommand command, std::size_t number, std::uint16_t value,
                           PreOrPost when) {
  DmaRequest request;
  request.semaphores = {{command, static_cast<std::uint16_t>(number), value, when, false, false}};
  return request;
}

constexpr Mutation kMutations[] = {
    {"tensor-not-moved",
     [](Material& p, Random& r) {
       const std::uint16_t buffer = moving(p, r).buffer;
       for (auto& request : p.m.requests) {
         if (request.buffer == buffer) request.size = 0;
       }
     }},
    {"tensor-partly-moved",
     [](Material& p, Random& r) {
       DmaRequest& request = moving(p, r);
       request.size -= r.between(1, std::min<std::uint32_t>(request.size - 1, 64));
     }},
    {"metadata-name", [](Material& p, Random&) { p.m.network_name.clear(); }},
    {"nsp-count",
     [](Material& p, Random& r) {
       p.m.num_nsps = static_cast<std::uint16_t>(r.between(17, 60000));
       p.d.num_cores = p.m.num_nsps;
       p.m.nsp_multicast.clear();
       for (auto& window : p.m.host_multicast) window.mask = 0;
       // What is read through a window needs one NSP.
       for (auto& request : p.m.requests) {
         if (request.transfer == Transfer::out) request.space = AddressSpace::ddr;
       }
       p.m.static_shared_ddr_size = 1U << 20;
     }},
    {"thread-none", [](Material& p, Random&) { p.m.threads.clear(); }},
    {"exec-context",
     [](Material& p, Random& r) {
       p.m.exec_context_major =
           static_cast<std::uint16_t>(r.below(2) == 0 ? r.below(5) : r.between(6, 65535));
     }},
    {"exec-context-fields",
     [](Material& p, Random& r) { p.m.exec_context = ByteVector(r.between(1, 40), std::byte{0xFF}); }},
    {"l2tcm-size", [](Material& p, Random& r) { p.m.l2tcm_size = qpc::kMaxL2Tcm + r.between(1, 1U << 30); }},
    {"vtcm-size", [](Material& p, Random& r) { p.m.vtcm_size = qpc::kMaxVtcm + r.between(1, 1U << 30); }},
    {"l2tcm-init-size",
     [](Material& p, Random& r) { p.m.l2tcm_init.resize(p.m.l2tcm_size + r.between(1, 100)); }},
    {"exit-doorbell-range",
     [](Material& p, Random& r) {
       p.m.exit_doorbell_offset = r.below(2) == 0 ? qpc::kExitDoorbellOffset + r.between(1, 3)
                                                  : p.m.l2tcm_size - 3 + r.between(0, 1U << 30);
     }},
    {"exit-doorbell-place",
     [](Material& p, Random& r) { p.m.exit_doorbell_offset = 2048 + 4 * r.between(0, 100); }},
    {"exit-doorbell-written",
     [](Material& p, Random& r) {
       const std::uint16_t id = add_window(p, 1);
       p.m.nsp_multicast.at(0).at(id) = {p.m.exit_doorbell_offset - 4 * r.below(4), 0, 64,
                                         qpc::NspMemory::l2tcm, false};
       const auto at = p.m.exit_doorbell_offset - p.m.nsp_multicast.at(0).at(id).base_offset;
       r.one_of(p.m.requests).doorbells.push_back({at, 1, id, qpc::DoorbellSize::bits32});
     }},
    {"hw-version",
     [](Material& p, Random& r) { p.m.hw_version_major = static_cast<std::uint8_t>(r.between(3, 200)); }},
    {"multicast-tables",
     [](Material& p, Random& r) {
       p.m.nsp_multicast.resize(p.m.num_nsps + r.between(1, 200), p.m.nsp_multicast.at(0));
     }},
    {"multicast-nsp",
     [](Material& p, Random& r) {
       const std::uint32_t foreign = 1U << r.between(std::min<std::uint32_t>(p.m.num_nsps, 31), 31);
       if (r.below(2) == 0) {
         r.one_of(r.one_of(p.m.nsp_multicast)).mask |= foreign;
       } else {
         p.m.host_multicast[add_window(p, 1)].mask |= foreign;
       }
     }},
    {"multicast-range",
     [](Material& p, Random& r) {
       auto& entry = r.one_of(r.one_of(p.m.nsp_multicast));
       entry.base_offset = r.below(2) == 0 ? (1U << 23) + r.between(0, 1U << 30) : ~std::uint64_t{r.below(9)};
     }},
    {"multicast-window",
     [](Material& p, Random& r) {
       p.m.host_multicast.push_back(
           {0, static_cast<std::uint32_t>(qpc::kMulticastWindow) + r.between(1, 1U << 30)});
     }},
    {"multicast-undeclared",
     [](Material& p, Random& r) {
       if (r.below(2) == 0) {
         p.m.host_multicast.push_back({1, 64});
       } else {
         p.m.nsp_multicast.clear();
       }
     }},
    {"multicast-short",
     [](Material& p, Random& r) {
       auto& entry = p.m.nsp_multicast.at(0).at(add_window(p, 1));
       entry.size -= r.between(1, 64);
     }},
    {"multicast-peer",
     [](Material& p, Random& r) {
       // The host and NSP 0 have the id; NSP 1, which may be a new one, has too little of it.
       if (p.m.num_nsps == 1) {
         p.d.num_cores = p.m.num_nsps = 2;
         p.m.nsp_multicast.push_back(p.m.nsp_multicast.at(0));
       }
       const std::uint16_t id = add_window(p, 1);
       p.m.nsp_multicast.at(0).at(id).mask = 2;
       r.below(2) == 0 ? p.m.nsp_multicast.at(1).pop_back()
                       : void(p.m.nsp_multicast.at(1).at(id).size -= r.between(1, 64));
     }},
    {"elf-entry",
     [](Material& p, Random& r) {
       r.one_of(p.m.threads).entry_point =
           r.below(2) == 0 ? r.between(0, 0x1FFFFFF) : 0x7000000 + r.between(0, 1U << 30);
     }},
    {"elf-entry-alignment",
     [](Material& p, Random& r) { r.one_of(p.m.threads).entry_point -= r.between(1, 3); }},
    {"elf-address",
     [](Material& p, Random& r) {
       const std::size_t at = load_header(p.elf);
       const std::uint32_t was = base::read_struct<base::le32>(p.elf, at + 8).value();
       const std::uint32_t now = 4096 * r.between(1, 1000);
       poke(p.elf, at + 8, now, 4);
       for (auto& thread : p.m.threads) thread.entry_point = thread.entry_point - was + now;
     }},
    {"elf-first-segment",
     [](Material& p, Random&) {
       // Executable without being readable, so that threads still begin in code.
       poke(p.elf, load_header(p.elf) + 24, 1, 4);
     }},
    {"elf-flags", [](Material& p, Random& r) { poke(p.elf, 36, r.between(0x69, 0x1000), 4); }},
    {"request-none",
     [](Material& p, Random&) {
       p.m.requests.clear();
       for (auto* list : {&p.d.inputs, &p.d.outputs}) {
         for (auto& tensor : *list) tensor.transforms.clear();
       }
     }},
    {"request-buffer",
     [](Material& p, Random& r) {
       DmaRequest request;
       request.buffer = static_cast<std::uint16_t>(p.d.dma_buffers.size() + r.between(0, 60000));
       request.semaphores = {{SemaphoreCommand::inc, 0, 0, PreOrPost::post, false, false}};
       if (r.below(2) == 0) {
         request.size = r.between(1, 64);
         request.mcid = add_window(p, 1);
       }
       p.m.requests.push_back(request);
     }},
    {"request-no-buffer",
     [](Material& p, Random& r) {
       DmaRequest request;
       request.size = r.between(1, 64);
       request.mcid = add_window(p, 1);
       p.m.requests.push_back(request);
     }},
    {"request-buffer-range",
     [](Material& p, Random& r) {
       DmaRequest& request = moving(p, r);
       request.host_offset = r.below(2) == 0
                                 ? p.d.dma_buffers.at(request.buffer).size + r.between(0, 1U << 20)
                                 : ~std::uint64_t{r.below(9)};
     }},
    {"request-direction",
     [](Material& p, Random& r) {
       DmaRequest& request = moving(p, r);
       request.transfer = request.transfer == Transfer::in ? Transfer::out : Transfer::in;
       if (request.transfer == Transfer::out && request.space == AddressSpace::multicast) {
         request.mcid = 0;
         request.space = AddressSpace::ddr;
         request.dev_offset = 0;
         p.m.static_shared_ddr_size = 1U << 20;
       }
     }},
    {"request-multicast-id",
     [](Material& p, Random& r) {
       moving(p, r, AddressSpace::multicast).mcid =
           static_cast<std::uint16_t>(p.m.host_multicast.size() + r.between(0, 60000));
     }},
    {"request-multicast-range",
     [](Material& p, Random& r) {
       DmaRequest& request = moving(p, r, AddressSpace::multicast);
       request.dev_offset = r.below(2) == 0
                                ? p.m.host_multicast.at(request.mcid).size + r.between(0, 1U << 20)
                                : ~std::uint64_t{r.below(9)};
     }},
    {"request-multicast-nobody",
     [](Material& p, Random& r) {
       const std::uint16_t id = add_window(p, 0);
       DmaRequest& request = moving(p, r, AddressSpace::multicast);
       p.m.host_multicast.at(id).size = request.transfer == Transfer::in ? (1U << 20) : 64;
       if (request.transfer == Transfer::in) {
         request.mcid = id;
         request.dev_offset = 0;
       } else {
         p.m.requests.at(0).mcid = id;  // of every base a request of data that goes in
         p.m.requests.at(0).dev_offset = 0;
         p.m.host_multicast.at(id).size = 1U << 20;
       }
     }},
    {"request-multicast-read",
     [](Material& p, Random& r) {
       const std::uint16_t id = add_window(p, r.below(2) == 0 || p.m.num_nsps == 1 ? 0 : 3);
       p.m.host_multicast.at(id).size = 1U << 16;
       for (auto& table : p.m.nsp_multicast) table.at(id).size = 1U << 16;
       DmaRequest& request = p.m.requests.at(p.m.requests.size() - 1);  // of every base one that goes out
       request.space = AddressSpace::multicast;
       request.mcid = id;
       request.dev_offset = 0;
     }},
    {"request-ddr-range",
     [](Material& p, Random& r) {
       DmaRequest& request = moving(p, r, AddressSpace::ddr);
       request.dev_offset =
           r.below(2) == 0 ? p.m.static_shared_ddr_size + r.between(0, 1U << 20) : ~std::uint64_t{r.below(9)};
     }},
    {"request-dynamic-ddr-range",
     [](Material& p, Random& r) {
       DmaRequest& request = moving(p, r);
       request.space = AddressSpace::ddr_dynamic_shared;
       request.dev_offset = p.m.dynamic_shared_ddr_size + r.between(0, 1U << 20);
     }},
    {"request-idle", [](Material& p, Random&) { p.m.requests.insert(p.m.requests.begin(), DmaRequest{}); }},
    {"semaphore-count", [](Material& p, Random& r) { p.m.semaphore_init.resize(r.between(33, 500)); }},
    {"semaphore-init-value",
     [](Material& p, Random& r) { r.one_of(p.m.semaphore_init) = r.between(4096, 1U << 31); }},
    {"semaphore-number",
     [](Material& p, Random& r) {
       semaphore(p, r).number = static_cast<std::uint16_t>(p.m.semaphore_init.size() + r.between(0, 60000));
     }},
    {"semaphore-value",
     [](Material& p, Random& r) {
       semaphore(p, r).value = static_cast<std::uint16_t>(r.between(4096, 65535));
     }},
    {"semaphore-presync",
     [](Material& p, Random& r) {
       auto& ops = r.one_of(p.m.requests).semaphores;
       while (std::ranges::count_if(ops, [](const auto& op) {
                return op.when == PreOrPost::pre && op.command != SemaphoreCommand::nop;
              }) < 2) {
         ops.push_back({SemaphoreCommand::wait_gt_eq, 0, 0, PreOrPost::pre, false, false});
       }
     }},
    {"semaphore-slots",
     [](Material& p, Random& r) {
       auto& ops = r.one_of(p.m.requests).semaphores;
       while (ops.size() < 5) ops.push_back({SemaphoreCommand::nop, 0, 0, PreOrPost::post, false, false});
     }},
    {"doorbell-multicast-id",
     [](Material& p, Random& r) {
       bell(p, r).mcid = static_cast<std::uint16_t>(p.m.host_multicast.size() + r.between(0, 60000));
     }},
    {"doorbell-range",
     [](Material& p, Random& r) {
       auto& op = bell(p, r);
       op.offset =
           (p.m.host_multicast.at(op.mcid).size + 3) / 4 * 4 + 4 * std::uint64_t{r.between(0, 1U << 20)};
       if (r.below(4) == 0) op.offset = ~std::uint64_t{3};
     }},
    {"doorbell-alignment",
     [](Material& p, Random& r) {
       auto& op = bell(p, r);
       op.size = qpc::DoorbellSize::bits32;
       op.offset = 4 * r.between(1, 100) - r.between(1, 3);
     }},
    {"doorbell-data",
     [](Material& p, Random& r) {
       auto& op = bell(p, r);
       op.size = r.below(2) == 0 ? qpc::DoorbellSize::bits8 : qpc::DoorbellSize::bits16;
       op.data = r.between(1U << 16, 1U << 31);
     }},
    {"doorbell-nobody",
     [](Material& p, Random& r) {
       bell(p, r) = {0, 1, add_window(p, 0), qpc::DoorbellSize::bits32};
     }},
    {"order-deadlock",
     [](Material& p, Random& r) {
       p.m.exec_context = exec_context({0, 1, r.between(2, 20), r.between(22, 32)});
     }},
    {"order-self-wait",
     [](Material& p, Random& r) {
       const std::size_t number = p.m.semaphore_init.size();
       const auto value = static_cast<std::uint16_t>(r.between(1, 4095));
       p.m.semaphore_init.push_back(0);
       const auto at = static_cast<std::ptrdiff_t>(r.below(p.m.requests.size()));
       p.m.requests.insert(p.m.requests.begin() + at,
                           {semaphores_only(SemaphoreCommand::wait_equal, number, value, PreOrPost::pre),
                            semaphores_only(SemaphoreCommand::init, number, value, PreOrPost::post),
                            semaphores_only(SemaphoreCommand::init, number, 0, PreOrPost::post)});
     }},
    {"order-drift",
     [](Material& p, Random& r) {
       const std::size_t number = p.m.semaphore_init.size();
       p.m.semaphore_init.push_back(r.between(0, 9));
       p.m.requests.insert(p.m.requests.begin(),
                           semaphores_only(r.below(2) == 0 ? SemaphoreCommand::inc : SemaphoreCommand::dec,
                                           number, 0, PreOrPost::post));
     }},
    {"order-after-wait",
     [](Material& p, Random&) {
       p.m.requests.push_back(semaphores_only(SemaphoreCommand::wait_gt_eq, 0, 0, PreOrPost::pre));
     }},
    {"fit-multicast-ids", [](Material& p, Random& r) { p.m.host_multicast.resize(r.between(3073, 5000)); }},
    {"fit-memory",
     [](Material& p, Random& r) { p.m.heap_size = (std::uint64_t{32} << 30) + r.between(0, 1U << 30); }},
    {"fit-queue",
     [](Material& p, Random& r) {
       const DmaRequest tick = semaphores_only(SemaphoreCommand::init, 0, 0, PreOrPost::post);
       p.m.requests.insert(p.m.requests.begin(), 32768 + r.below(100), tick);
     }},
};

}  // namespace

std::span<const Mutation> card_mutations() {
  return kMutations;
}

}  // namespace qaic::samples
