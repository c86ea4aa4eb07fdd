#include "sim/nsp/emulator/store_decoder.hpp"

namespace qaic::sim::nsp {
namespace {

std::uint64_t low_bytes(std::uint64_t value, unsigned width) {
  return width == 8 ? value : value & ((std::uint64_t{1} << (8 * width)) - 1);
}

std::uint64_t swapped(std::uint64_t value, unsigned width) {
  return __builtin_bswap64(value) >> (64 - 8 * width);
}

class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> code) : code_(code) {}
  std::optional<std::uint8_t> next() {
    if (at_ == code_.size()) return std::nullopt;
    return code_[at_++];
  }
  bool skip(unsigned count) {
    if (code_.size() - at_ < count) return false;
    at_ += count;
    return true;
  }
  [[nodiscard]] unsigned position() const { return static_cast<unsigned>(at_); }

 private:
  std::span<const std::uint8_t> code_;
  std::size_t at_ = 0;
};

// Skips a memory operand's SIB byte and displacement. False for a register
// operand: that is no store to memory.
bool skip_memory_operand(Reader& reader, std::uint8_t modrm) {
  const unsigned mode = modrm >> 6;
  const unsigned base = modrm & 7;
  if (mode == 3) return false;
  unsigned displacement = mode == 1 ? 1 : mode == 2 ? 4 : 0;
  if (base == 4) {
    const auto sib = reader.next();
    if (!sib) return false;
    if (mode == 0 && (*sib & 7) == 5) displacement = 4;
  } else if (mode == 0 && base == 5) {
    displacement = 4;  // relative to the instruction pointer
  }
  return reader.skip(displacement);
}

}  // namespace

std::optional<Store> decode_store(std::span<const std::uint8_t> code, const Registers& registers) {
  Reader reader(code);
  bool narrow = false;  // operand-size prefix
  std::optional<std::uint8_t> byte = reader.next();
  // Segment, address-size and operand-size prefixes change nothing but widths;
  // the address is known from the fault.
  while (byte && (*byte == 0x64 || *byte == 0x65 || *byte == 0x2e || *byte == 0x3e || *byte == 0x67 ||
                  *byte == 0x66)) {
    narrow = narrow || *byte == 0x66;
    byte = reader.next();
  }
  std::uint8_t rex = 0;
  if (byte && (*byte & 0xf0) == 0x40) {
    rex = *byte;
    byte = reader.next();
  }
  if (!byte) return std::nullopt;
  Store store;
  store.width = (rex & 8) != 0 ? 8 : narrow ? 2 : 4;

  bool immediate = false;
  bool big_endian = false;
  if (*byte == 0x88 || *byte == 0xc6) {
    store.width = 1;
    immediate = *byte == 0xc6;
  } else if (*byte == 0x89 || *byte == 0xc7) {
    immediate = *byte == 0xc7;
  } else if (*byte == 0x0f) {
    if (reader.next() != 0x38 || reader.next() != 0xf1) return std::nullopt;  // movbe m, r
    big_endian = true;
  } else {
    return std::nullopt;
  }

  const auto modrm = reader.next();
  if (!modrm || !skip_memory_operand(reader, *modrm)) return std::nullopt;
  const unsigned field = (*modrm >> 3) & 7U;
  if (immediate) {
    if (field != 0) return std::nullopt;
    const unsigned size = store.width == 8 ? 4 : store.width;
    std::uint32_t raw = 0;
    for (unsigned i = 0; i < size; ++i) {
      const auto part = reader.next();
      if (!part) return std::nullopt;
      raw |= static_cast<std::uint32_t>(*part) << (8 * i);
    }
    store.value = store.width == 8 ? static_cast<std::uint64_t>(static_cast<std::int32_t>(raw)) : raw;
  } else if (store.width == 1 && rex == 0 && field >= 4) {
    store.value = (registers[field - 4] >> 8) & 0xff;  // ah ch dh bh
  } else {
    const std::uint64_t whole = registers[field + ((rex & 4) != 0 ? 8 : 0)];
    store.value = low_bytes(whole, store.width);
    if (big_endian) store.value = swapped(store.value, store.width);
  }
  store.length = reader.position();
  return store;
}

}  // namespace qaic::sim::nsp
