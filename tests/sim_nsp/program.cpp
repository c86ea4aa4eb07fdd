#include "tests/sim_nsp/program.hpp"

#include <doctest/doctest.h>
#include <elf.h>
#include <poll.h>

#include <cstring>

#include "os/file.hpp"
#include "wire/qpc.hpp"

namespace qaic::tests {

using sim::device::CoreEvent;

Image load_image(const std::string& path) {
  const auto file = os::read_file(path, 16U << 20);
  REQUIRE_MESSAGE(file, path);
  Elf32_Ehdr header;
  REQUIRE(file->size() >= sizeof(header));
  std::memcpy(&header, file->data(), sizeof(header));
  Image image;
  image.entry = header.e_entry;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf32_Phdr segment;
    std::memcpy(&segment, file->data() + header.e_phoff + i * sizeof(segment), sizeof(segment));
    if (segment.p_type != PT_LOAD) continue;
    const auto begin = file->begin() + segment.p_offset;
    image.segments.push_back({segment.p_vaddr,
                              segment.p_memsz,
                              (segment.p_flags & PF_X) != 0,
                              base::ByteVector(begin, begin + segment.p_filesz),
                              {}});
    if (image.segments.back().executable) image.segments.back().code = {{0, segment.p_filesz}};
  }
  return image;
}

sim::device::CoreProgram simple_program(const Image& image, unsigned threads) {
  sim::device::CoreProgram program;
  program.name = "test";
  program.segments = image.segments;
  program.threads.resize(threads);
  for (auto& thread : program.threads) thread.entry = image.entry;
  program.semaphores = {4, 9};
  program.l2tcm_size = 1U << 20;
  program.vtcm_size = 8U << 20;
  program.exit_doorbell_offset = wire::qpc::kExitDoorbellOffset;
  program.shared_ddr_offset = 0x100000;
  program.shared_ddr_size = 0x10000;
  return program;
}

std::unique_ptr<sim::nsp::QemuCores> make_cores(std::uint64_t ddr_bytes) {
  sim::nsp::QemuCores::Options options;
  options.ddr_bytes = ddr_bytes;
  auto cores = sim::nsp::QemuCores::create(std::move(options));
  REQUIRE(cores);
  REQUIRE((*cores)->unavailable_reason() == "");
  return std::move(*cores);
}

bool ScriptedCard::run_until(const std::function<bool()>& done, std::chrono::milliseconds patience) {
  while (!done()) {
    pollfd waiting{cores_.event_fd(), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return false;
    for (auto& event : cores_.take_events()) {
      if (event.kind != CoreEvent::Kind::semaphore) {
        others.push_back(std::move(event));
        continue;
      }
      ++commands;
      auto& semaphore = semaphores.at((event.value >> 16) & 31);
      const unsigned op = event.value >> 24 & 7;
      if (op == 1) semaphore = event.value & 0xfff;
      if (op == 2) ++semaphore;
      if (op == 3) --semaphore;
    }
  }
  return true;
}

void ScriptedCard::ring(unsigned nsp, unsigned word, std::uint32_t value) {
  std::memcpy(group_.l2tcm(nsp).data() + std::size_t{4} * word, &value, sizeof(value));
  group_.notify();
}

const CoreEvent* ScriptedCard::find(CoreEvent::Kind kind) const {
  for (const auto& event : others) {
    if (event.kind == kind) return &event;
  }
  return nullptr;
}

}  // namespace qaic::tests
