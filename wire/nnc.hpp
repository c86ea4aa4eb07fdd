// The card's control protocol (NNC): the message that travels between driver
// and card, its transactions, and the commands inside passthrough transactions.
// Little-endian, packed. Sources: kernel-interface §2, runtime-protocols §2-3.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace qaic::wire::nnc {

using base::le16;
using base::le32;
using base::le64;
using base::sle32;

// ---- the wire message ----------------------------------------------------

inline constexpr std::uint32_t kMagic = 0x43494151;  // "QAIC"
inline constexpr std::uint32_t kMaxToDevice = 64 * 1024;
inline constexpr std::uint32_t kMaxFromDevice = 4096;
inline constexpr std::uint16_t kTransactionMajor = 5;  // mainline accepts exactly 5.0
inline constexpr std::uint16_t kTransactionMinor = 0;
inline constexpr std::uint16_t kCommandMajor = 17;
inline constexpr std::uint16_t kCommandMinor = 0;
inline constexpr std::uint16_t kMetadataMajor = 1;
inline constexpr std::uint16_t kMetadataMinor = 0;
inline constexpr std::uint8_t kStatusFormatVersion = 12;

struct MessageHeader {
  le32 crc32;  // zlib crc32 of the whole message with this field 0
  le32 magic;
  le32 sequence_number;
  le32 len;  // whole message
  le32 count;
  le32 handle;
  sle32 partition_id;  // -1; 0 in TERMINATE
  le32 padding;
};
static_assert(sizeof(MessageHeader) == 32);

struct TransactionHeader {
  le32 type;  // uapi::TransactionType
  le32 len;   // header included
};
static_assert(sizeof(TransactionHeader) == 8);

struct DmaXferToDev {
  TransactionHeader header;
  le32 tag;
  le32 count;  // DmaSegment entries that follow
  le32 dma_chunk_id;
  le32 pad;
};
static_assert(sizeof(DmaXferToDev) == 24);

struct DmaSegment {
  le64 addr;
  le64 size;
};
static_assert(sizeof(DmaSegment) == 16);

struct DmaXferCont {
  TransactionHeader header;
  le32 dma_chunk_id;
  le32 pad;
  le64 xferred_size;
};
static_assert(sizeof(DmaXferCont) == 24);

struct ActivateToDev {
  TransactionHeader header;
  le64 req_q_addr;
  le64 rsp_q_addr;
  le32 req_q_size;  // elements
  le32 rsp_q_size;
  le32 buf_len;  // bytes
  le32 options;
};
static_assert(sizeof(ActivateToDev) == 40);

struct ActivateFromDev {
  TransactionHeader header;
  le32 status;
  le32 dbc_id;
  le64 options;
};
static_assert(sizeof(ActivateFromDev) == 24);

struct DeactivateFromDev {
  TransactionHeader header;
  le32 status;
  le32 dbc_id;
};
static_assert(sizeof(DeactivateFromDev) == 16);

struct StatusFromDev {
  TransactionHeader header;
  le16 major;
  le16 minor;
  le32 status;
  le64 flags;
};
static_assert(sizeof(StatusFromDev) == 24);

struct TerminateToDev {
  TransactionHeader header;
  le32 handle;
  le32 pad;
};
static_assert(sizeof(TerminateToDev) == 16);

struct TerminateFromDev {
  TransactionHeader header;
  le32 status;
  le32 pad;
};
static_assert(sizeof(TerminateFromDev) == 16);

// StatusFromDev::flags, runtime-protocols §2.3
enum class Feature : std::uint32_t {
  crc = 0,  // the message CRC is used (automotive, "FUSA")
  datapath_switching = 1,
  hbe = 2,
  hybrid_boot = 3,
  ssr = 4,
  multi_device = 5,  // "MDP"
  ddr_ecc = 6,
  page_retirement = 7,
  secure_boot = 8,
  soc_debug = 9,
};
constexpr std::uint64_t feature_bit(Feature feature) {
  return std::uint64_t{1} << static_cast<std::uint32_t>(feature);
}

// ---- commands inside passthrough -----------------------------------------

enum class Command : std::uint32_t {
  load_constants = 1,
  load_constants_rsp = 2,
  load_elf = 3,
  load_elf_rsp = 4,
  unload_constants = 5,
  unload_constants_rsp = 6,
  unload_elf = 7,
  unload_elf_rsp = 8,
  activate = 9,
  activate_rsp = 10,
  deactivate = 11,
  deactivate_rsp = 12,
  status = 13,
  status_rsp = 14,
  load_constants_ex = 15,       // answered with load_constants_rsp
  load_constants_payload = 16,  // answered with load_constants_rsp
  terminate = 17,
  terminate_rsp = 18,
  reserve_vc = 19,
  reserve_vc_rsp = 20,
  release_vc = 22,
  release_vc_rsp = 23,
  ac_reservation = 24,
  ac_reservation_rsp = 25,
  ac_release = 26,
  ac_release_rsp = 27,
  create_resource_group = 28,
  create_resource_group_rsp = 29,
  release_resource_group = 30,
  release_resource_group_rsp = 31,
  resource_info = 32,
  resource_info_rsp = 33,
  performance_info = 34,
  performance_info_rsp = 35,
  activate_state = 36,
  activate_state_rsp = 37,
  device_config = 38,
  device_config_rsp = 39,
  update_ac_reservation = 44,
  update_ac_reservation_rsp = 45,
};

// Command status, runtime-protocols §2.2. 0 is success.
enum class Status : std::int32_t {
  ok = 0,
  general = -1,
  dma_setup = -2,
  undefined_request = -3,
  memory_exhausted = -4,
  metadata_mismatch = -5,
  bad_parameter = -6,
  timed_out = -7,
  not_initialised = -8,
  not_permitted = -9,  // bad handle, or resource in use
  buffer_too_small = -10,
  not_found = -11,
  mcid_exhausted = -12,
  nsp_exhausted = -13,
  virtual_channel_exhausted = -14,
  semaphore_exhausted = -15,
  nsp_response = -16,
  command_length = -17,
  reservation_exhausted = -18,
  database_id_not_found = -19,
  database_ids_exhausted = -20,
  subsystem_restart = -36,
  metadata_safety = -38,
  exec_context_version = -102,
  deactivate_message = -113,
  deactivate_cleanup = -114,
  already_deactivated = -116,
};

struct SimpleRequest {  // only a command number
  le32 type;
  std::array<std::uint8_t, 4> pad{};
};
static_assert(sizeof(SimpleRequest) == 8);

struct StatusRequest {
  le32 type;
  std::uint8_t info_type{};
  std::array<std::uint8_t, 3> pad{};
};
static_assert(sizeof(StatusRequest) == 8);

struct ResourceInfo {  // 40 bytes, STATUS offset 168
  le32 dram_total;     // MB
  le32 dram_free;      // MB
  le32 fragmentation;  // percent
  std::uint8_t vc_total{};
  std::uint8_t vc_free{};
  std::uint8_t nsp_total{};
  std::uint8_t nsp_free{};
  le32 mcid_total;
  le32 mcid_free;
  le32 semaphore_total;
  le32 semaphore_free;
  std::uint8_t pc_total{};  // DMA physical channels
  std::uint8_t pc_reserved{};
  std::array<std::uint8_t, 6> pad{};
};
static_assert(sizeof(ResourceInfo) == 40);

struct PerformanceInfo {  // 56 bytes, STATUS offset 208
  le32 nsp_frequency;     // Hz
  le32 ddr_frequency;
  le32 comp_frequency;
  le32 mem_frequency;
  le32 sys_frequency;
  std::array<std::uint8_t, 4> pad{};
  le64 peak_compute;  // int8 operations per second
  le64 dram_bw;       // KB/s, mean of the last ~100 ms
  le64 reserved0;
  le64 reserved1;
};
static_assert(sizeof(PerformanceInfo) == 56);

struct StatusResponse {  // 504 bytes; offsets in runtime-protocols §3.1
  le32 type;
  sle32 status;
  std::uint8_t format_version{};
  std::array<std::uint8_t, 7> pad0{};
  std::uint8_t fw_major{};  // 16
  std::uint8_t fw_minor{};
  std::uint8_t fw_patch{};
  std::uint8_t fw_build{};  // 0xFF = none
  std::array<char, 38> fw_qc_image_version{};
  std::array<char, 38> fw_oem_image_version{};
  std::array<char, 16> fw_image_variant{};
  le32 hw_version;  // 112: [31:28].[27:16].[15:8].[7:0]
  std::array<char, 16> hw_serial{};
  std::array<char, 32> board_serial{};
  le32 compiler_version;        // 164
  ResourceInfo resources;       // 168
  PerformanceInfo performance;  // 208
  le32 constants_loaded;        // 264
  le32 constants_in_use;
  std::uint8_t networks_loaded{};
  std::uint8_t networks_active{};
  le16 metadata_major;  // 274
  le16 metadata_minor;
  le16 command_major;
  le16 command_minor;
  std::array<char, 24> sbl_image_name{};      // 282
  std::uint8_t need_reset_to_retire_pages{};  // 306
  std::uint8_t pad1{};
  le32 pvs_image_version;  // 308
  le64 nsp_pg_mask;        // 312: defective NSPs
  le64 qts_time_offset_us;
  le32 retired_pages;         // 328
  std::uint8_t sku_type{};    // 332
  std::uint8_t complex_id{};  // SoC index on multi-SoC cards
  std::array<std::uint8_t, 2> pad2{};
  std::uint8_t nsp_fw_major{};  // 336
  std::uint8_t nsp_fw_minor{};
  std::uint8_t nsp_fw_patch{};
  std::uint8_t nsp_fw_build{};
  std::array<std::uint8_t, 4> pad3{};
  std::array<char, 64> nsp_qc_image_version{};  // 344
  std::array<char, 48> nsp_oem_image_version{};
  std::array<char, 48> nsp_image_variant{};
};
static_assert(sizeof(StatusResponse) == 504);

enum class Sku : std::uint8_t {
  invalid = 0,
  m2 = 1,
  pcie = 2,  // Standard
  pcie_pro = 3,
  pcie_lite = 4,
  pcie_ultra = 5,
  automotive = 6,
  pcie_ultra_plus = 7,
  pcie_080 = 8,
  pcie_ultra_080 = 9,
};

struct LoadConstantsExRequest {  // descriptor bytes follow
  le32 type;
  le32 process_id;
  std::array<char, 64> name{};
  le32 descriptor_len;
  le32 pad;
};
static_assert(sizeof(LoadConstantsExRequest) == 80);

struct LoadConstantsPayloadRequest {
  le32 type;
  le32 process_id;
  le32 tag;
  le32 constants_id;
  le64 data_length;
  le64 offset;
};
static_assert(sizeof(LoadConstantsPayloadRequest) == 32);

struct LoadConstantsResponse {
  le32 type;
  le32 constants_id;  // 0 = failed
  sle32 status;
  le32 pad;
};
static_assert(sizeof(LoadConstantsResponse) == 16);

struct LoadElfRequest {
  le32 type;
  le32 tag;
  le32 process_id;
  le32 metadata_crc;
  std::array<char, 64> name{};
  le64 data_length;
  le32 metadata_flatbuffer_crc;
  le32 pad;
};
static_assert(sizeof(LoadElfRequest) == 96);

struct LoadElfResponse {
  le32 type;
  le32 elf_id;  // 0 = failed
  sle32 status;
  le32 pad;
};
static_assert(sizeof(LoadElfResponse) == 16);

struct UnloadRequest {  // UNLOAD_CONSTANTS, UNLOAD_ELF
  le32 type;
  le32 id;
};
static_assert(sizeof(UnloadRequest) == 8);

struct StatusOnlyResponse {  // UNLOAD_*, DEACTIVATE, ACTIVATE_STATE, TERMINATE …
  le32 type;
  sle32 status;
};
static_assert(sizeof(StatusOnlyResponse) == 8);

enum class InitialState : std::int32_t { standby = 0, ready = 1, deactivate = 2 };

struct ActivateRequest {
  le32 type;
  le32 process_id;
  le32 constants_id;  // 0 = none
  le32 elf_id;
  le32 reservation_type;
  sle32 resource_res_id;  // -1 = none
  le32 opt_vc_setup;      // 1
  sle32 vc_res_id;        // -1 = none
  sle32 initial_state;    // InitialState
  le32 dma_type;
  std::uint8_t datapath_switching{};
  std::array<std::uint8_t, 7> pad{};
};
static_assert(sizeof(ActivateRequest) == 48);

struct ActivateResponse {
  le32 type;
  sle32 status;
  le32 activation_id;
  le32 virtual_channel_id;  // = DBC id
  le64 ddr_base;
  le64 dynamic_ddr_base;
  le64 mcid_base;
  le64 mcid_base_dma_cmd;
  le32 dma_type;
  le32 pc_mask;
  le64 nsp_polling_addr;
  le32 polling_info_size;
  le32 polling_data;
  le64 doorbell_addr;
  std::uint8_t doorbell_len{};  // 0 = 32 bits, 1 = 16, 2 = 8, 3 invalid
  std::uint8_t doorbell_valid{};
  le32 nsp_mask;  // at 82, unaligned
  std::array<std::uint8_t, 2> pad{};
};
static_assert(sizeof(ActivateResponse) == 88);

struct DeactivateRequest {
  le32 type;
  le32 activation_id;
  le32 opt_vc_teardown;  // 1
  le32 pad;
};
static_assert(sizeof(DeactivateRequest) == 16);

inline constexpr std::uint32_t kMaxStateCommands = 8;
struct ActivateStateRequest {
  struct Entry {
    le32 activation_id;
    sle32 command;  // InitialState
  };
  le32 type;
  le32 count;
  std::array<Entry, kMaxStateCommands> entries;
};
static_assert(sizeof(ActivateStateRequest) == 72);

struct ResourceInfoRequest {
  le32 type;
  le32 process_id;
  sle32 resource_group_id;
  le32 pad;
};
static_assert(sizeof(ResourceInfoRequest) == 16);

struct ResourceInfoResponse {
  le32 type;
  sle32 resource_group_id;
  ResourceInfo info;
  sle32 status;  // at 48
  le32 pad;
};
static_assert(sizeof(ResourceInfoResponse) == 56);

struct PerformanceInfoResponse {
  le32 type;
  sle32 status;
  PerformanceInfo info;
};
static_assert(sizeof(PerformanceInfoResponse) == 64);

// Reservations, resource groups and the like: nnc_reservations.hpp.

// The host addresses multicast id n at mcid_base + n * kMulticastWindow.
inline constexpr std::uint64_t kMulticastWindow = 8ULL << 20;

}  // namespace qaic::wire::nnc
