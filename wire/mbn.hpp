// Signed firmware images ("MBN" inside an ELF file): segment roles, and the
// hash segment with its header, owner metadata, hash table, signature and
// certificates. Little-endian. Source: firmware-images; the facts marked
// [12 images] were read from the genuine files of releases 1.18 and 1.20.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace qaic::wire::mbn {

using base::le32;

// Bits 26:24 of a program header's p_flags.
enum class Role : std::uint32_t {
  ordinary = 0,
  hash_segment = 2,  // type NULL
  headers = 7,       // type NULL, offset 0: the ELF header and the program headers
};
inline constexpr std::uint32_t kRoleShift = 24;
inline constexpr std::uint32_t kRoleMask = 7;
constexpr std::uint32_t role_bits(std::uint32_t p_flags) {
  return (p_flags >> kRoleShift) & kRoleMask;
}

inline constexpr std::uint32_t kHeaderVersion = 6;
inline constexpr std::uint32_t kNoAddress = 0xFFFFFFFF;
inline constexpr std::uint32_t kHashSize = 48;  // SHA-384

// The hash segment begins with this; then the owner's metadata, the hash
// table, the signature and the certificates, in this order and without gaps.
struct HashSegmentHeader {
  le32 image_id;              // 0
  le32 version;               // 6
  le32 maker_signature_size;  // 0: the chip maker has not signed
  le32 maker_chain_size;      // 0
  le32 payload_size;          // hash table + signature + chain
  le32 hash_table_size;       // 48 per program header
  le32 signature_address;     // kNoAddress
  le32 signature_size;        // 0x68: DER ECDSA, zero-padded
  le32 chain_address;         // kNoAddress
  le32 chain_size;            // 0x1800: DER certificates, padded with 0xFF
  le32 maker_metadata_size;   // 0
  le32 owner_metadata_size;   // 0x78
};
static_assert(sizeof(HashSegmentHeader) == 48);

// Owner metadata, 120 bytes. Only `software_id` is understood, and that only
// as far as each image has its own value in both releases [12 images; the name
// is inferred].
struct OwnerMetadata {
  le32 major;  // 0
  le32 minor;  // 0
  le32 software_id;
  std::array<le32, 27> unknown;
};
static_assert(sizeof(OwnerMetadata) == 120);

// The hash table has one entry per program header, in order. The entry of the
// hash segment itself, and that of every segment without bytes in the file,
// is zero [12 images].

inline constexpr std::uint16_t kMachineAarch64 = 183;
inline constexpr std::uint16_t kMachineHexagon = 164;

}  // namespace qaic::wire::mbn
