// Requests of the card's command protocol as the body of a passthrough
// transaction. Pure; safe from any thread. Source: runtime-protocols §2.2.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>

#include "base/bytes.hpp"
#include "wire/nnc.hpp"

namespace qaic::nnc {

// Requests in the field carry eight zero bytes after the command, and only
// that length is known to be accepted by every firmware (runtime-protocols
// §2.2), so ours carry them too.
inline constexpr std::size_t kTrailer = 8;

// The body of a fixed-size request.
template <base::WireStruct Request>
[[nodiscard]] std::array<std::byte, sizeof(Request) + kTrailer> encode(const Request& request) {
  std::array<std::byte, sizeof(Request) + kTrailer> body{};
  std::memcpy(body.data(), &request, sizeof(Request));
  return body;
}

// The body of a request that is followed by more bytes of its own, padded so
// that the transaction stays a multiple of 8.
template <base::WireStruct Request, base::WireStruct Tail>
[[nodiscard]] std::array<std::byte, sizeof(Request) + sizeof(Tail) + kTrailer> encode(const Request& request,
                                                                                      const Tail& tail) {
  static_assert((sizeof(Request) + sizeof(Tail)) % 8 == 0);
  std::array<std::byte, sizeof(Request) + sizeof(Tail) + kTrailer> body{};
  std::memcpy(body.data(), &request, sizeof(Request));
  std::memcpy(body.data() + sizeof(Request), &tail, sizeof(Tail));
  return body;
}

template <class T = base::le32>
[[nodiscard]] constexpr T number(wire::nnc::Command command) {
  return static_cast<std::uint32_t>(command);
}

[[nodiscard]] wire::nnc::StatusRequest status_request();
[[nodiscard]] wire::nnc::ResourceInfoRequest resource_info_request(std::uint32_t process_id);
[[nodiscard]] wire::nnc::SimpleRequest performance_info_request();
[[nodiscard]] wire::nnc::UnloadRequest unload_constants_request(std::uint32_t constants_id);
[[nodiscard]] wire::nnc::UnloadRequest unload_elf_request(std::uint32_t elf_id);
[[nodiscard]] wire::nnc::DeactivateRequest deactivate_request(std::uint32_t activation_id);

// `name` is cut to the 63 characters that the field can hold.
[[nodiscard]] wire::nnc::LoadConstantsExRequest load_constants_request(std::uint32_t process_id,
                                                                       std::string_view name);
[[nodiscard]] wire::nnc::LoadConstantsPayloadRequest constants_payload_request(std::uint32_t process_id,
                                                                               std::uint32_t constants_id,
                                                                               std::uint64_t size,
                                                                               std::uint64_t offset);
// For a card that wants CRCs (wire::nnc::Feature::crc); 0 where there is none.
struct MetadataCrcs {
  std::uint32_t metadata = 0;
  std::uint32_t flatbuffer = 0;
};
[[nodiscard]] wire::nnc::LoadElfRequest load_elf_request(std::uint32_t process_id, std::string_view name,
                                                         std::uint64_t size, MetadataCrcs crcs);
// Activates at once (ready), with a channel of its own and no reservation.
[[nodiscard]] wire::nnc::ActivateRequest activate_request(std::uint32_t process_id,
                                                          std::uint32_t constants_id, std::uint32_t elf_id);

// Tags that tie a dma_xfer transaction to the command in front of it.
inline constexpr std::uint32_t kElfTag = 100;
inline constexpr std::uint32_t kConstantsTag = 300;

}  // namespace qaic::nnc
