// NNC commands that set parts of the card aside: virtual channels, compute
// reservations, resource groups; DEVICE_CONFIG; and the old LOAD_CONSTANTS.
// Little-endian, packed. Source: runtime-protocols §2.2.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace qaic::wire::nnc {

using base::le16;
using base::le32;
using base::le64;
using base::sle32;

inline constexpr std::int32_t kWholeCard = -1;  // as a source group

struct LoadConstantsRequest {  // answered with LoadConstantsResponse
  le32 type;
  le32 process_id;
  le32 tag;
  le32 constants_crc;
  le64 data_length;
  std::array<char, 64> name{};
};
static_assert(sizeof(LoadConstantsRequest) == 88);

struct ReserveVcRequest {
  le32 type;
  le32 process_id;
  le32 semaphores;
  sle32 source_group;
  le32 dma_option;
  le32 memory_command_block_size;
  std::uint8_t assign_special_semaphore{};
  std::array<std::uint8_t, 7> pad{};
};
static_assert(sizeof(ReserveVcRequest) == 32);

struct ReserveVcResponse {
  le32 type;
  sle32 status;
  le32 reservation_id;
  le32 virtual_channel_id;
  le32 dma_type;
  le32 pc_mask;
  std::uint8_t special_semaphore_included{};
  std::uint8_t pad{};
  le16 special_semaphore_id;
  le32 memory_command_block_size;
  le64 memory_command_block_base;
};
static_assert(sizeof(ReserveVcResponse) == 40);

struct AcReservationRequest {
  le32 type;
  le32 process_id;
  sle32 source_group;
  le32 pad0;
  le64 shared_ddr_size;
  le32 nsps;
  le32 multicast_ids;
  le64 l2_region_size;
  le16 networks;
  std::array<std::uint8_t, 6> pad1{};
};
static_assert(sizeof(AcReservationRequest) == 48);

struct CreateResourceGroupRequest {
  le32 type;
  le32 process_id;
  sle32 source_group;
  le32 nsps;
  le32 multicast_ids;
  le32 semaphores;
  le32 virtual_channels;
  le32 pad0;
  le64 shared_ddr_size;
  le64 l2_region_size;
  le64 memory_size;
  le16 networks;
  std::array<std::uint8_t, 6> pad1{};
};
static_assert(sizeof(CreateResourceGroupRequest) == 64);

struct ReservationResponse {  // AC_RESERVATION, CREATE_RESOURCE_GROUP
  le32 type;
  sle32 status;
  sle32 id;
  le32 pad;
};
static_assert(sizeof(ReservationResponse) == 16);

struct ReleaseRequest {  // RELEASE_VC, AC_RELEASE, RELEASE_RESOURCE_GROUP
  le32 type;
  sle32 id;
};
static_assert(sizeof(ReleaseRequest) == 8);

struct UpdateAcReservationRequest {
  le32 type;
  le32 process_id;
  sle32 reservation_id;
  le32 nsps;
  le64 zero;
};
static_assert(sizeof(UpdateAcReservationRequest) == 24);

enum class ConfigOption : std::int32_t { dedicate_physical_channels = 1 };
struct DeviceConfigRequest {
  le32 type;
  le32 process_id;
  sle32 option;  // ConfigOption
  le32 physical_channels;
};
static_assert(sizeof(DeviceConfigRequest) == 16);

}  // namespace qaic::wire::nnc
