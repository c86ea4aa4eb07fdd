#include "conformance/scattered.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "os/mapping.hpp"

namespace qaic::conformance {

std::optional<Scattered> Scattered::make(Run& run, std::size_t pages) {
  constexpr std::size_t kPage = 4096;
  const auto page = os::memory_file("scattered", kPage);
  if (!run.prepared("make a memory file", page.has_value() ? 0 : -page.error().code)) return std::nullopt;
  void* at = ::mmap(nullptr, pages * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (!run.prepared("mmap", at == MAP_FAILED ? -errno : 0)) return std::nullopt;
  Scattered out(at, pages * kPage);
  for (std::size_t i = 0; i < pages; ++i) {
    void* one = ::mmap(static_cast<char*>(at) + i * kPage, kPage, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_FIXED, page->get(), 0);
    if (!run.prepared("mmap of one page", one == MAP_FAILED ? -errno : 0)) return std::nullopt;
  }
  return out;
}

Scattered::Scattered(Scattered&& other) noexcept
    : at_(std::exchange(other.at_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Scattered::~Scattered() {
  if (at_ != nullptr) ::munmap(at_, size_);
}

}  // namespace qaic::conformance
