#include "tests/lib_program/samples.hpp"

#include <elf.h>

#include <cctype>
#include <cstring>

#include "lib/program/container.hpp"
#include "lib/program/program.hpp"
#include "wire/qpc.hpp"

namespace qaic::samples {

namespace qpc = wire::qpc;
using base::ByteVector;

ByteVector hex(std::string_view text) {
  ByteVector out;
  unsigned digits = 0;
  unsigned value = 0;
  for (const char c : text) {
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) continue;
    const auto digit = static_cast<unsigned>(
        std::isdigit(static_cast<unsigned char>(c)) != 0 ? c - '0' : (c | 32) - 'a' + 10);
    value = value << 4 | digit;
    if (++digits % 2 == 0) out.push_back(static_cast<std::byte>(value & 0xFF));
  }
  return out;
}

std::string to_hex(base::Bytes bytes) {
  std::string out;
  for (const std::byte b : bytes) {
    out += "0123456789abcdef"[static_cast<unsigned>(b) >> 4];
    out += "0123456789abcdef"[static_cast<unsigned>(b) & 15];
  }
  return out;
}

void poke(ByteVector& bytes, std::size_t offset, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) bytes.at(offset + i) = static_cast<std::byte>(value >> (8 * i));
}

void poke64(ByteVector& bytes, std::size_t offset, std::uint64_t value) {
  poke(bytes, offset, value, 8);
}

namespace {

template <class T>
void append(ByteVector& out, const T& value) {
  const auto* first = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), first, first + sizeof(T));
}

void append_text(ByteVector& out, std::string_view text) {
  const auto bytes = base::as_bytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
  out.push_back(std::byte{0});
}

}  // namespace

ByteVector elf(const std::vector<Section>& extra) {
  Elf32_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = qpc::kElfMachineHexagon;
  header.e_version = EV_CURRENT;
  header.e_entry = kCodeAddress + 16;
  header.e_phoff = sizeof(Elf32_Ehdr);
  header.e_flags = qpc::kElfFlagsV68;
  header.e_ehsize = sizeof(Elf32_Ehdr);
  header.e_phentsize = sizeof(Elf32_Phdr);
  header.e_phnum = 1;
  header.e_shentsize = sizeof(Elf32_Shdr);
  Elf32_Phdr load{};
  load.p_type = PT_LOAD;
  load.p_offset = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr);
  load.p_vaddr = load.p_paddr = kCodeAddress;
  load.p_filesz = load.p_memsz = 64;
  load.p_flags = PF_R | PF_X;
  load.p_align = 4;

  ByteVector body(64, std::byte{0x5A});  // what follows the two headers
  const auto position = [&] { return static_cast<Elf32_Off>(load.p_offset + body.size()); };
  ByteVector names(1);
  std::vector<Elf32_Shdr> table(1);
  const auto add = [&](std::string_view name, Elf32_Word type, const ByteVector& bytes) -> Elf32_Shdr& {
    Elf32_Shdr& s = table.emplace_back();
    s.sh_name = static_cast<Elf32_Word>(names.size());
    append_text(names, name);
    s.sh_type = type;
    s.sh_offset = position();
    s.sh_size = static_cast<Elf32_Word>(bytes.size());
    s.sh_addralign = 1;
    body.insert(body.end(), bytes.begin(), bytes.end());
    return s;
  };
  ByteVector strings(1);
  append_text(strings, "entry");
  append_text(strings, "elsewhere");
  ByteVector symbols;
  append(symbols, Elf32_Sym{});
  append(symbols, Elf32_Sym{1, kCodeAddress + 16, 0, ELF32_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1});
  append(symbols, Elf32_Sym{7, 0, 0, ELF32_ST_INFO(STB_GLOBAL, STT_NOTYPE), 0, SHN_UNDEF});
  Elf32_Shdr& symtab = add(".symtab", SHT_SYMTAB, symbols);
  symtab.sh_entsize = sizeof(Elf32_Sym);
  symtab.sh_link = 2;
  add(".strtab", SHT_STRTAB, strings);
  for (const auto& section : extra) add(section.name, SHT_PROGBITS, section.bytes);
  Elf32_Shdr& last = add(".shstrtab", SHT_STRTAB, {});
  last.sh_size = static_cast<Elf32_Word>(names.size());
  body.insert(body.end(), names.begin(), names.end());

  header.e_shstrndx = static_cast<Elf32_Half>(table.size() - 1);
  header.e_shnum = static_cast<Elf32_Half>(table.size());
  header.e_shoff = position();
  ByteVector out;
  append(out, header);
  append(out, load);
  out.insert(out.end(), body.begin(), body.end());
  for (const auto& s : table) append(out, s);
  return out;
}

program::Metadata metadata() {
  using wire::uapi::SemaphoreCommand;
  constexpr auto kPre = qpc::PreOrPost::pre;
  constexpr auto kPost = qpc::PreOrPost::post;
  program::Metadata m;
  m.network_name = "double";
  m.semaphore_init = {0, 1};
  m.l2tcm_init = hex("00000000 01000000");
  m.l2tcm_size = 65536;
  m.vtcm_size = 65536;
  m.static_shared_ddr_size = 4096;
  m.threads = {{kCodeAddress + 16, false, true}};
  m.host_multicast = {{1, 2048}, {1, 128}};
  m.nsp_multicast = {
      {{0, 1, 2048, qpc::NspMemory::l2tcm, false}, {4096, 1, 128, qpc::NspMemory::l2tcm, false}}};
  program::DmaRequest in;
  in.buffer = 0;
  in.mcid = 1;
  in.size = 128;
  in.port = qpc::kHostInputPort;
  in.semaphores = {{SemaphoreCommand::wait_equal, 0, 1, kPre, false, false},
                   {SemaphoreCommand::init, 0, 0, kPost, false, false}};
  in.doorbells = {{0, 1, 0, qpc::DoorbellSize::bits32}};
  program::DmaRequest out;
  out.buffer = 1;
  out.space = qpc::AddressSpace::ddr;
  out.dev_offset = 64;
  out.size = 128;
  out.transfer = qpc::Transfer::out;
  out.port = qpc::kHostOutputPort;
  out.semaphores = {{SemaphoreCommand::wait_equal, 1, 0, kPre, false, false},
                    {SemaphoreCommand::init, 1, 1, kPost, false, false}};
  out.doorbells = {{4, 1, 0, qpc::DoorbellSize::bits32}};
  m.requests = {in, out};
  return m;
}

program::Descriptor descriptor() {
  using qpc::Transfer;
  const auto binding = [](const char* name, std::uint32_t buffer, Transfer direction) {
    program::Binding b;
    b.name = name;
    b.initial.type = static_cast<std::uint32_t>(qpc::DataType::int32);
    b.initial.dims = {32};
    b.transformed = b.initial;
    program::TransformStep step;
    step.kind = static_cast<std::uint32_t>(qpc::Transform::copy_dma_buffer);
    step.copy = program::CopyDmaBuffer{direction, 0, buffer};
    b.transforms = {step};
    return b;
  };
  program::Descriptor d;
  d.network_name = "double";
  d.inputs = {binding("x", 0, Transfer::in)};
  d.outputs = {binding("y", 1, Transfer::out)};
  d.dma_buffers = {{128, Transfer::in}, {128, Transfer::out}};
  d.num_cores = 1;
  d.batch_size = 1;
  return d;
}

ByteVector program_file(const program::Metadata& given, const program::Descriptor& d,
                        const ByteVector& constants) {
  program::Metadata m = given;
  qpc::ConstantsDescriptor c;
  if (!constants.empty()) m.static_constants_size = constants.size();
  c.static_size = constants.size();
  const ByteVector network = elf({{"metadata", program::write_metadata(m)}});
  const ByteVector description = program::write_descriptor(d);
  std::vector<program::Segment> segments = {{"network.elf", network, 0}, {"networkdesc.bin", description, 0}};
  if (!constants.empty()) {
    segments.push_back({"constants.bin", constants, constants.size()});
    segments.push_back({"constantsdesc.bin", base::bytes_of(c), 0});
  }
  return program::write_container(segments).value();
}

}  // namespace qaic::samples
