#include "tests/lib_program/material.hpp"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "lib/program/container.hpp"
#include "lib/program/elf.hpp"
#include "lib/program/program.hpp"
#include "tests/lib_program/samples.hpp"
#include "wire/qpc.hpp"

namespace qaic::samples {
namespace {

namespace qpc = wire::qpc;
using base::ByteVector;
using program::SemaphoreOp;
using qpc::PreOrPost;
using qpc::Transfer;
using wire::uapi::SemaphoreCommand;

program::Binding binding(const char* name, qpc::DataType type, std::int32_t count, std::uint32_t buffer,
                         std::uint32_t offset, Transfer direction) {
  program::Binding b;
  b.name = name;
  b.initial.type = static_cast<std::uint32_t>(type);
  b.initial.scale = 0.5F;
  b.initial.dims = {count};
  b.transformed = b.initial;
  program::TransformStep step;
  step.kind = static_cast<std::uint32_t>(qpc::Transform::copy_dma_buffer);
  step.copy = program::CopyDmaBuffer{direction, offset, buffer};
  b.transforms = {step};
  return b;
}

program::DmaRequest request(std::uint16_t buffer, Transfer direction, std::uint32_t size,
                            std::uint64_t host_offset, qpc::AddressSpace space, std::uint16_t mcid,
                            std::uint64_t dev_offset) {
  program::DmaRequest r;
  r.buffer = buffer;
  r.transfer = direction;
  r.size = size;
  r.host_offset = host_offset;
  r.space = space;
  r.mcid = mcid;
  r.dev_offset = dev_offset;
  r.port = direction == Transfer::in ? qpc::kHostInputPort : qpc::kHostOutputPort;
  return r;
}

SemaphoreOp op(SemaphoreCommand command, std::uint16_t number, std::uint16_t value, PreOrPost when) {
  return {command, number, value, when, false, false};
}

program::Metadata rich_metadata() {
  using qpc::AddressSpace;
  constexpr auto kL2 = qpc::NspMemory::l2tcm;
  constexpr auto kVtcm = qpc::NspMemory::vtcm;
  program::Metadata m;
  m.network_name = "rich";
  m.num_nsps = 3;
  m.semaphore_init = {0, 1, 2};
  m.l2tcm_init = ByteVector(1124);
  m.l2tcm_size = 262144;
  m.vtcm_size = 1U << 20;
  m.static_shared_ddr_size = 8192;
  m.dynamic_shared_ddr_size = 4096;
  m.static_constants_size = 300;
  m.dynamic_constants_size = 100;
  m.constant_mappings = {{0, 7, 300}, {300, 1, 100}};
  m.threads = {{kCodeAddress + 16, false, true}, {kCodeAddress + 32, false, false}};
  m.host_multicast = {{7, 1120}, {7, 4096}, {2, 65536}, {4, 8192}};
  for (int nsp = 0; nsp < 3; ++nsp) {
    m.nsp_multicast.push_back({{0, 7, 1120, kL2, false},
                               {4096, 7, 4096, kL2, false},
                               {0, 2, 65536, kVtcm, false},
                               {16384, 4, 8192, kL2, false}});
  }
  m.requests = {request(0, Transfer::in, 2048, 0, AddressSpace::multicast, 1, 0),
                request(0, Transfer::in, 2048, 2048, AddressSpace::multicast, 1, 2048),
                request(1, Transfer::in, 1088, 0, AddressSpace::multicast, 2, 0),
                request(4, Transfer::in, 512, 0, AddressSpace::ddr_dynamic_shared, 0, 0),
                {},
                request(2, Transfer::out, 8192, 0, AddressSpace::multicast, 3, 0),
                request(3, Transfer::out, 2048, 0, AddressSpace::ddr, 0, 64)};
  m.requests[0].semaphores = {op(SemaphoreCommand::wait_equal, 0, 1, PreOrPost::pre)};
  m.requests[1].semaphores = {op(SemaphoreCommand::init, 0, 0, PreOrPost::post)};
  m.requests[1].doorbells = {{0, 1, 0, qpc::DoorbellSize::bits32}};
  m.requests[2].doorbells = {{64, 1, 0, qpc::DoorbellSize::bits8}, {66, 500, 0, qpc::DoorbellSize::bits16}};
  m.requests[4].semaphores = {op(SemaphoreCommand::wait_gt_0, 2, 0, PreOrPost::pre),
                              op(SemaphoreCommand::inc, 2, 0, PreOrPost::post)};
  m.requests[5].semaphores = {op(SemaphoreCommand::wait_equal, 1, 0, PreOrPost::pre)};
  m.requests[6].semaphores = {op(SemaphoreCommand::init, 1, 1, PreOrPost::post)};
  m.requests[6].doorbells = {{4, 1, 0, qpc::DoorbellSize::bits32}};
  return m;
}

program::Descriptor rich_descriptor() {
  using qpc::DataType;
  program::Descriptor d;
  d.network_name = "rich";
  d.inputs = {binding("a", DataType::float32, 512, 0, 0, Transfer::in),
              binding("b", DataType::float32, 512, 0, 2048, Transfer::in),
              binding("p", DataType::int8, 1000, 1, 0, Transfer::in),
              binding("e", DataType::int32, 128, 4, 0, Transfer::in)};
  d.inputs[2].partial_allowed = true;
  d.inputs[2].align = 64;
  d.outputs = {binding("q", DataType::uint8_q, 8192, 2, 0, Transfer::out),
               binding("y", DataType::float32, 512, 3, 0, Transfer::out)};
  d.dma_buffers = {{4096, Transfer::in},
                   {1088, Transfer::in},
                   {8192, Transfer::out},
                   {2048, Transfer::out},
                   {512, Transfer::in}};
  d.num_cores = 3;
  d.num_threads = 2;
  d.num_hvx_threads = 1;
  d.batch_size = 1;
  for (const std::int32_t rows : {512, 256}) {
    std::vector<program::TensorShape> tuple;
    for (const auto* list : {&d.inputs, &d.outputs}) {
      for (const auto& b : *list) tuple.push_back({b.initial.type, b.initial.dims});
    }
    tuple[0].dims = {rows};
    d.allowed_shapes.push_back(tuple);
  }
  return d;
}

ByteVector read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto bytes = base::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

Material from_file(const std::string& name, const ByteVector& file) {
  const program::Program read = program::read_program(file).value();
  Material out;
  out.name = name;
  out.m = read.metadata;
  out.d = read.descriptor;
  out.elf.assign(read.elf_bytes.begin(), read.elf_bytes.end());
  out.has_constants = read.has_constants();
  out.described_static = read.constants.static_size;
  out.described_dynamic = read.constants.dynamic_size;
  if (const auto* constants = read.container.find(qpc::kConstants)) {
    out.constants.assign(constants->bytes.begin(), constants->bytes.end());
    out.constants_offset = constants->offset;
  }
  return out;
}

}  // namespace

std::vector<Material> materials() {
  std::vector<Material> out(2);
  out[0].name = "double";
  out[0].m = metadata();
  out[0].d = descriptor();
  out[0].elf = elf();
  out[1].name = "rich";
  out[1].m = rich_metadata();
  out[1].d = rich_descriptor();
  out[1].elf = elf();
  out[1].constants = ByteVector(400, std::byte{9});
  out[1].has_constants = true;
  out[1].constants_offset = out[1].described_static = 300;
  out[1].described_dynamic = 100;
  std::error_code ignored;
  std::vector<std::filesystem::path> files;
  for (const auto& folder : std::filesystem::directory_iterator(QAIC_NETWORKS_DIR, ignored)) {
    if (std::filesystem::exists(folder.path() / qpc::kFileName)) files.push_back(folder.path());
  }
  std::ranges::sort(files);
  for (const auto& folder : files) {
    out.push_back(from_file(folder.filename().string(), read_file(folder / qpc::kFileName)));
  }
  return out;
}

ByteVector file_of(const Material& material) {
  const ByteVector network =
      program::with_section(material.elf, qpc::kMetadataSection, program::write_metadata(material.m)).value();
  const ByteVector description = program::write_descriptor(material.d);
  qpc::ConstantsDescriptor described;
  described.static_size = material.described_static;
  described.dynamic_size = material.described_dynamic;
  std::vector<program::Segment> segments = {{"network.elf", network, 0}, {"networkdesc.bin", description, 0}};
  if (material.has_constants) {
    segments.push_back({"constants.bin", material.constants, material.constants_offset});
    segments.push_back({"constantsdesc.bin", base::bytes_of(described), 0});
  }
  for (const auto& [name, bytes] : material.more_segments) segments.push_back({name, bytes, 0});
  ByteVector file = program::write_container(std::move(segments)).value();
  if (material.overlapping) {
    // The last entry of the table gets the start of the first (§1.1: 40 + 32 n + 24).
    const auto count = base::read_struct<base::le64>(file, 24).value();
    const auto first = base::read_struct<base::le64>(file, 40 + 24).value();
    poke64(file, 40 + 32 * (static_cast<std::size_t>(count) - 1) + 24, first);
    poke64(file, 40 + 32 * (static_cast<std::size_t>(count) - 1), 1);  // of one byte
  }
  return file;
}

ByteVector exec_context(const std::vector<std::uint32_t>& variables) {
  flatbuffers::FlatBufferBuilder out;
  out.ForceDefaults(true);
  std::vector<flatbuffers::Offset<void>> fields;
  for (const std::uint32_t variable : variables) {
    const auto start = out.StartTable();
    out.AddElement<std::uint32_t>(4, variable, 0);
    out.AddElement<std::uint32_t>(6, 4, 0);
    out.AddElement<std::uint64_t>(8, 4 * std::uint64_t{variable}, 0);
    out.AddElement<std::uint32_t>(10, 0, 0);
    fields.emplace_back(out.EndTable(start));
  }
  const auto list = out.CreateVector(fields);
  const auto start = out.StartTable();
  out.AddElement<std::uint32_t>(4, 144, 0);
  out.AddOffset(6, list);
  const flatbuffers::Offset<void> root(out.EndTable(start));
  out.Finish(root);
  const auto* first = reinterpret_cast<const std::byte*>(out.GetBufferPointer());
  return {first, first + out.GetSize()};
}

}  // namespace qaic::samples
