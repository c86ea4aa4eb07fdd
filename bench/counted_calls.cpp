#include "bench/counted_calls.hpp"

#include <atomic>
#include <cstddef>

namespace {

std::atomic<std::uint64_t> allocations{0};
std::atomic<std::uint64_t> copied{0};

void count(std::atomic<std::uint64_t>& what, std::uint64_t more) {
  what.fetch_add(more, std::memory_order_relaxed);
}

}  // namespace

// The definitions of an executable come before those of its libraries. These
// names of the C library's own are for such replacements.
extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t number, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);

__attribute__((visibility("default"))) void* malloc(std::size_t size) {
  count(allocations, 1);
  return __libc_malloc(size);
}

__attribute__((visibility("default"))) void* calloc(std::size_t number, std::size_t size) {
  count(allocations, 1);
  return __libc_calloc(number, size);
}

__attribute__((visibility("default"))) void* realloc(void* memory, std::size_t size) {
  count(allocations, 1);
  return __libc_realloc(memory, size);
}

__attribute__((visibility("default"))) void* memcpy(void* to, const void* from, std::size_t size) {
  count(copied, size);
  void* at = to;
  asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
  return to;
}

__attribute__((visibility("default"))) void* memmove(void* to, const void* from, std::size_t size) {
  auto* target = static_cast<unsigned char*>(to);
  const auto* source = static_cast<const unsigned char*>(from);
  if (target <= source || target >= source + size) return memcpy(to, from, size);
  count(copied, size);
  while (size-- > 0) {
    target[size] = source[size];
    asm volatile("" : : : "memory");  // or it becomes a call of itself
  }
  return to;
}

}  // extern "C"

namespace qaic::bench {

Calls calls_so_far() {
  return {allocations.load(std::memory_order_relaxed), copied.load(std::memory_order_relaxed)};
}

}  // namespace qaic::bench
