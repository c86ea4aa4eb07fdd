// The program container (QPC) and the numbers of the network descriptor's
// protobuf schema. Little-endian. Source: runtime-protocols §1.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace qaic::wire::qpc {

inline constexpr std::uint32_t kMagic = 0x00A1CD7C;
inline constexpr std::uint8_t kMajor = 0;
inline constexpr std::uint8_t kMinor = 1;
inline constexpr std::uint16_t kSelfContained = 1;  // the only compression type legal in a file

// Fields named *_address minus `base` are file offsets.
struct Header {
  base::le32 magic;
  std::uint8_t major{};
  std::uint8_t minor{};
  base::le16 compression;
  base::le64 size;  // of the whole file
  base::le64 base;
  base::le64 segment_count;
  base::le64 segments_address;
};
static_assert(sizeof(Header) == 40);

struct Segment {
  base::le64 size;
  base::le64 offset;  // constants.bin: bytes that are static; otherwise 0
  base::le64 name_address;
  base::le64 start_address;
};
static_assert(sizeof(Segment) == 32);

inline constexpr std::string_view kFileName = "programqpc.bin";
inline constexpr std::string_view kNetworkElf = "network.elf";
inline constexpr std::string_view kNetworkDescriptor = "networkdesc.bin";
inline constexpr std::string_view kConstants = "constants.bin";
inline constexpr std::string_view kConstantsDescriptor = "constantsdesc.bin";
inline constexpr std::string_view kMultiDevice = "mdp_meta_info";
inline constexpr std::string_view kMetadataCrc = "metadata.crc";               // CRC-32
inline constexpr std::string_view kMetadataFlatbufferCrc = "metadata_fb.crc";  // likewise

struct ConstantsDescriptor {
  base::le64 static_size;
  base::le64 dynamic_size;
  std::uint8_t static_ecc{};
  std::uint8_t dynamic_ecc{};
  std::uint8_t pad[6]{};
};
static_assert(sizeof(ConstantsDescriptor) == 24);

// In a DMA buffer, where the CopyDMABuffer of a partial input points: where its
// bytes are, and how many. Source: runtime-protocols §1.3.
struct PartialRecord {
  base::le32 offset;  // bytes, from the beginning of the DMA buffer
  base::le32 size;    // bytes
};
static_assert(sizeof(PartialRecord) == 8);

// The ELF section with the device metadata, and the eight bytes before it.
inline constexpr std::string_view kMetadataSection = "metadata";
inline constexpr std::string_view kBareMetadataSection = "metadata_fb";
// What precedes the flatbuffer in kMetadataSection.
struct MetadataPrefix {
  base::le16 major;
  base::le16 minor;
  base::le32 zero;
};
static_assert(sizeof(MetadataPrefix) == 8);
inline constexpr std::uint16_t kMetadataMajor = 1;
inline constexpr std::uint16_t kMetadataMinor = 0;
inline constexpr std::uint16_t kElfMachineHexagon = 164;
inline constexpr std::uint32_t kElfFlagsV68 = 0x68;
// Virtual addresses below are not valid on the cores (runtime-protocols §6.1).
inline constexpr std::uint32_t kLowestAddress = 0x2000000;

// Firmware hard-codes where the exit doorbell is in L2TCM.
inline constexpr std::uint64_t kExitDoorbellOffset = 0x460;
inline constexpr std::uint32_t kMaxL2Tcm = 1U << 20;
inline constexpr std::uint32_t kMaxVtcm = 8U << 20;
inline constexpr std::uint32_t kMaxNsps = 16;
inline constexpr std::uint32_t kMaxSemaphores = 32;
inline constexpr std::uint16_t kExecContextMajor = 5;

// Values of metadata fields (wire/metadata.fbs).
enum class PreOrPost : std::uint8_t { post = 0, pre = 1 };
enum class DoorbellSize : std::uint8_t { bits8 = 0, bits16 = 1, bits32 = 2 };
enum class AddressSpace : std::uint8_t { multicast = 0, ddr = 1, ddr_dynamic_shared = 2 };
enum class Transfer : std::uint8_t { in = 0, out = 1 };  // in: host to device
enum class NspMemory : std::uint8_t { l2tcm = 0, vtcm = 1 };
inline constexpr std::uint8_t kThreadHmx = 1;  // bits of ThreadDescriptor.type_mask
inline constexpr std::uint8_t kThreadHvx = 2;
enum class PortType : std::int8_t { user_io = 0, p2p = 1, mdp = 2 };
enum class QnnConstants : std::int8_t { cache_disabled = 1, cache_enabled = 2 };
enum class HeapOnDeactivate : std::int8_t { free = 1, preserve = 2 };
inline constexpr std::uint16_t kHostInputPort = 100;
inline constexpr std::uint16_t kHostOutputPort = 101;
// Host writes to multicast id n go to mcid_base + n * kMulticastWindow.
inline constexpr std::uint64_t kMulticastWindow = 0x800000;
inline constexpr std::uint16_t kNoBuffer = 65535;
inline constexpr std::uint32_t kNoTransaction = 0xFFFFFFFF;

// Element types of tensors (descriptor enum dataType).
enum class DataType : std::uint32_t {
  float32 = 0,
  float16 = 1,
  int8_q = 2,
  uint8_q = 3,
  int16_q = 4,
  int32_q = 5,
  int32 = 6,
  int64 = 7,
  int8 = 8,
  bfloat16 = 11,  // [inferred: the SDK's API has it, runtime-protocols §1.3; no descriptor with it was seen]
};
inline constexpr std::uint32_t kDescriptorMajor = 9;

enum class Transform : std::uint32_t {
  convert = 0,
  convert_to_d32 = 1,
  convert_from_d32 = 2,
  dequantize = 3,
  transpose = 4,
  quantize = 5,
  copy_dma_buffer = 6,
};

// Protobuf field numbers of networkdesc.bin, one scope per message.
namespace field {
namespace network {
inline constexpr std::uint32_t major_version = 1, minor_version = 2, name = 3, inputs = 4, outputs = 5,
                               dma_buffers = 6, num_cores = 7, num_threads = 8, num_hvx_threads = 9,
                               thread_groups = 10, thread_group_issue_count = 11, stats = 12,
                               thread_group_names = 13, batch_size = 14, crc_info = 16, cluster_offsets = 17,
                               allowed_shapes = 18;
}
namespace binding {
inline constexpr std::uint32_t name = 1, io_initial = 2, io_transformed = 3, transforms = 4,
                               is_partial_allowed = 5, align = 6;
}
namespace io {
inline constexpr std::uint32_t type = 1, scale = 2, offset = 3, dims = 4, layout = 5;
}
namespace dma_buffer {
inline constexpr std::uint32_t size = 1, direction = 2;  // direction 0 = in, 1 = out
}
namespace transform {
inline constexpr std::uint32_t kind = 1, type = 2, scale = 3, offset = 4, dims = 5, layout = 6, shuffle = 7,
                               convert_to_d32 = 8, copy_dma_buffer = 9;
}
namespace copy_dma_buffer {
inline constexpr std::uint32_t direction = 1, offset = 2, buffer = 3;
}
namespace crc {
inline constexpr std::uint32_t buffer = 1, entries = 2;  // CRCInfo
inline constexpr std::uint32_t dma_buffer = 1, offset = 2, size = 3, index = 4, begin_block_size = 5,
                               end_block_size = 6, stride_interval = 7, stride_size = 8,
                               algorithm = 9;  // CRCEntry
}  // namespace crc
namespace stats {
inline constexpr std::uint32_t buffer = 1, print_stats = 2, stats_level = 3, no_host_sync = 4,
                               print_op_stats = 5, op_stats_level = 6, batch_size = 7, count_ddr_bw = 8,
                               utimer_freq_ms = 9, pmu_events = 10, ops_per_core = 11, core_op_names = 12,
                               pmu_stats_level = 13;
inline constexpr std::uint32_t groups = 1, ops = 1;  // CoreOpNameKinds, ThreadGroupOpNameKinds
}  // namespace stats
namespace op {
inline constexpr std::uint32_t name = 1, kind = 2, type = 3, memory = 4, shape = 5, operand = 6,
                               output_size = 7, attributes = 8, operands = 9;  // OpNameKind
}
namespace shapes {
inline constexpr std::uint32_t tensor = 1;          // IOShapes
inline constexpr std::uint32_t type = 1, dims = 2;  // tensorShape
}  // namespace shapes
}  // namespace field

}  // namespace qaic::wire::qpc
