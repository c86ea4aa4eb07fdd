// Machine code by hand, from the x86-64 instruction reference (mov, movbe).
#include "sim/nsp/emulator/store_decoder.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace qaic::sim::nsp;

namespace {

Registers numbered() {
  Registers out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = 0x1122334455660000U + i * 0x0101;
  return out;
}

std::optional<Store> decode(std::vector<std::uint8_t> code) {
  return decode_store(code, numbered());
}

void expect(std::vector<std::uint8_t> code, unsigned width, std::uint64_t value) {
  const auto length = static_cast<unsigned>(code.size());
  code.resize(15, 0x90);
  const auto store = decode(code);
  REQUIRE(store);
  CHECK(store->length == length);
  CHECK(store->width == width);
  CHECK(store->value == value);
}

}  // namespace

TEST_CASE("stores from registers are decoded with every addressing mode") {
  expect({0x89, 0x18}, 4, 0x55660303);                                      // mov [rax], ebx
  expect({0x65, 0x89, 0x2f}, 4, 0x55660505);                                // mov gs:[rdi], ebp
  expect({0x65, 0x67, 0x89, 0x2f}, 4, 0x55660505);                          // mov gs:[edi], ebp
  expect({0x44, 0x89, 0x63, 0x10}, 4, 0x55660c0c);                          // mov [rbx+16], r12d
  expect({0x45, 0x89, 0xa4, 0x24, 0x78, 0x56, 0x34, 0x12}, 4, 0x55660c0c);  // mov [r12+0x12345678], r12d
  expect({0x42, 0x89, 0x1c, 0x2f}, 4, 0x55660303);                          // mov [rdi+r13], ebx
  expect({0x89, 0x1c, 0x25, 0, 0, 0, 0}, 4, 0x55660303);                    // mov [0], ebx
  expect({0x89, 0x0d, 1, 2, 3, 4}, 4, 0x55660101);                          // mov [rip+…], ecx
  expect({0x66, 0x89, 0x10}, 2, 0x0202);                                    // mov [rax], dx
  expect({0x48, 0x89, 0x10}, 8, 0x1122334455660202);                        // mov [rax], rdx
  expect({0x88, 0x08}, 1, 0x01);                                            // mov [rax], cl
  expect({0x88, 0x20}, 1, 0x00);                                            // mov [rax], ah
  expect({0x40, 0x88, 0x30}, 1, 0x06);                                      // mov [rax], sil
}

TEST_CASE("stores of immediates and byte-swapping stores are decoded") {
  expect({0xc7, 0x00, 0x78, 0x56, 0x34, 0x12}, 4, 0x12345678);                // mov dword [rax], …
  expect({0x65, 0xc7, 0x47, 0x08, 1, 0, 0, 2}, 4, 0x02000001);                // mov dword gs:[rdi+8], …
  expect({0x48, 0xc7, 0x00, 0xff, 0xff, 0xff, 0xff}, 8, 0xffffffffffffffff);  // sign-extended
  expect({0x66, 0xc7, 0x00, 0x34, 0x12}, 2, 0x1234);
  expect({0xc6, 0x00, 0x7f}, 1, 0x7f);
  expect({0x0f, 0x38, 0xf1, 0x18}, 4, 0x03036655);  // movbe [rax], ebx
}

TEST_CASE("what is no plain store is not decoded") {
  CHECK_FALSE(decode({0x89, 0xd8, 0x90}));              // mov eax, ebx
  CHECK_FALSE(decode({0x8b, 0x18, 0x90}));              // mov ebx, [rax]
  CHECK_FALSE(decode({0x87, 0x18, 0x90}));              // xchg
  CHECK_FALSE(decode({0xf0, 0x0f, 0xb1, 0x18, 0x90}));  // lock cmpxchg
  CHECK_FALSE(decode({0x01, 0x18, 0x90}));              // add
  CHECK_FALSE(decode({0x0f, 0x11, 0x00, 0x90}));        // movups
  CHECK_FALSE(decode({0xc5, 0xfe, 0x7f, 0x07, 0x90}));  // vmovdqu
  CHECK_FALSE(decode({0x89}));                          // cut short
  CHECK_FALSE(decode({0xc7, 0x00, 0x78, 0x56}));
  CHECK_FALSE(decode({}));
}
