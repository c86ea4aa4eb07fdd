#include "lib/program/elf.hpp"

#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "base/checked.hpp"
#include "wire/qpc.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;
using base::Bytes;
using base::fail;

base::Error malformed(std::string why) {
  return base::make_error(base::ErrorKind::bad_input, "qpc-elf",
                          "network.elf is not a valid program for the NSP cores: " + std::move(why),
                          "build it with --target=hexagon-unknown-elf -mv68 and ld.lld");
}

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, ElfEnd>;

base::Result<ElfHandle> open_elf(Bytes bytes) {
  if (elf_version(EV_CURRENT) == EV_NONE) {
    return fail(base::make_error(base::ErrorKind::internal, "qpc-elf", "libelf does not know ELF version 1"));
  }
  if (bytes.size() < sizeof(Elf32_Ehdr)) return fail(malformed("it is shorter than an ELF header"));
  const auto* ident = reinterpret_cast<const unsigned char*>(bytes.data());
  if (!std::equal(ident, ident + SELFMAG, reinterpret_cast<const unsigned char*>(ELFMAG))) {
    return fail(malformed("it does not begin as an ELF file"));
  }
  if (ident[EI_CLASS] != ELFCLASS32 || ident[EI_DATA] != ELFDATA2LSB) {
    return fail(malformed("not 32-bit little-endian"));
  }
  // libelf reads only: no ELF_C_RDWR, no update.
  ElfHandle elf(elf_memory(reinterpret_cast<char*>(const_cast<std::byte*>(bytes.data())), bytes.size()));
  if (elf == nullptr || elf_kind(elf.get()) != ELF_K_ELF) return fail(malformed("libelf cannot read it"));
  // gelf_* copy: what libelf points to has the alignment of the memory given.
  GElf_Ehdr header;
  if (gelf_getehdr(elf.get(), &header) == nullptr) return fail(malformed("its header cannot be read"));
  if (header.e_machine != qpc::kElfMachineHexagon) {
    return fail(
        malformed("made for machine " + std::to_string(header.e_machine) + ", not for Hexagon (164)"));
  }
  // libelf overlooks tables that are not inside the file.
  const auto inside = [bytes](std::uint64_t offset, std::uint64_t count, std::uint64_t size,
                              std::size_t expected) {
    return count == 0 ||
           (size == expected && offset >= sizeof(Elf32_Ehdr) && base::slice(bytes, offset, count * size));
  };
  if (!inside(header.e_phoff, header.e_phnum, header.e_phentsize, sizeof(Elf32_Phdr))) {
    return fail(malformed("its program headers are not inside the file"));
  }
  if (!inside(header.e_shoff, header.e_shnum, header.e_shentsize, sizeof(Elf32_Shdr))) {
    return fail(malformed("its section table is not inside the file"));
  }
  // The count is then elsewhere, for files of more than 65279 sections.
  if (header.e_shnum == 0 && header.e_shoff != 0) return fail(malformed("its sections are not counted"));
  return elf;
}

// The content of a section with bytes in the file.
std::optional<Bytes> section_bytes(Bytes file, const GElf_Shdr& s) {
  if (s.sh_type == SHT_NOBITS || s.sh_type == SHT_NULL) return Bytes{};
  return base::slice(file, s.sh_offset, s.sh_size);
}

// Section `index` as a table of texts; empty if it is none.
Bytes text_table(Elf* elf, Bytes file, std::size_t index) {
  GElf_Shdr s;
  Elf_Scn* section = elf_getscn(elf, index);
  if (section == nullptr || gelf_getshdr(section, &s) == nullptr) return {};
  return section_bytes(file, s).value_or(Bytes{});
}

// The text at `offset`; empty if there is none, or none of a length that the
// name of a section has. (Looking for its end without a bound, once for each
// of many sections, is what a hostile file would want.)
std::string_view short_text(Bytes table, std::uint64_t offset) {
  constexpr std::size_t kMaxName = 256;
  if (offset >= table.size()) return {};
  const auto rest = base::as_text(table.subspan(static_cast<std::size_t>(offset))).substr(0, kMaxName);
  const auto end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view{} : rest.substr(0, end);
}

// Whether the text at `offset` is `text`.
bool is_text(Bytes table, std::uint64_t offset, std::string_view text) {
  const auto bytes = base::slice(table, offset, text.size() + 1);
  return bytes && base::as_text(*bytes).substr(0, text.size()) == text && bytes->back() == std::byte{0};
}

base::Result<std::vector<LoadSegment>> load_segments(Elf* elf, Bytes bytes) {
  std::size_t count = 0;
  if (elf_getphdrnum(elf, &count) != 0) return fail(malformed("its program headers cannot be counted"));
  std::vector<LoadSegment> out;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr p;
    if (gelf_getphdr(elf, static_cast<int>(i), &p) == nullptr) {
      return fail(malformed("its program headers are not inside the file"));
    }
    if (p.p_type != PT_LOAD) continue;
    const std::string what = "loadable segment " + std::to_string(out.size());
    if (!base::slice(bytes, p.p_offset, p.p_filesz)) return fail(malformed(what + " reaches past the end"));
    if (p.p_filesz > p.p_memsz) return fail(malformed(what + " is larger in the file than in memory"));
    if (p.p_vaddr + p.p_memsz > UINT32_MAX)
      return fail(malformed(what + " does not fit into 32-bit addresses"));
    out.push_back({static_cast<std::uint32_t>(p.p_offset), static_cast<std::uint32_t>(p.p_vaddr),
                   static_cast<std::uint32_t>(p.p_filesz), static_cast<std::uint32_t>(p.p_memsz),
                   (p.p_flags & PF_R) != 0, (p.p_flags & PF_W) != 0, (p.p_flags & PF_X) != 0});
  }
  auto by_address = out;
  std::ranges::sort(by_address, {}, &LoadSegment::address);
  for (std::size_t i = 1; i < by_address.size(); ++i) {
    if (by_address[i].address - by_address[i - 1].address < by_address[i - 1].memory_size) {
      return fail(malformed("two loadable segments overlap"));
    }
  }
  return out;
}

}  // namespace

const ElfSection* ElfFile::find_section(std::string_view name) const {
  const auto it = std::ranges::find(sections, name, &ElfSection::name);
  return it == sections.end() ? nullptr : &*it;
}

bool ElfFile::is_code(std::uint64_t address) const {
  return std::ranges::any_of(segments, [address](const LoadSegment& s) {
    return s.executable && address >= s.address && address - s.address + 4 <= s.file_size;
  });
}

base::Result<ElfFile> parse_elf(Bytes bytes) {
  QAIC_TRY(const ElfHandle elf, open_elf(bytes));
  GElf_Ehdr header;
  if (gelf_getehdr(elf.get(), &header) == nullptr) return fail(malformed("its header cannot be read"));
  ElfFile out;
  out.flags = header.e_flags;
  out.entry = static_cast<std::uint32_t>(header.e_entry);
  QAIC_TRY(out.segments, load_segments(elf.get(), bytes));

  std::size_t names_index = 0;
  if (elf_getshdrstrndx(elf.get(), &names_index) != 0)
    return fail(malformed("its section names cannot be found"));
  const Bytes names = text_table(elf.get(), bytes, names_index);
  for (Elf_Scn* section = elf_nextscn(elf.get(), nullptr); section != nullptr;
       section = elf_nextscn(elf.get(), section)) {
    GElf_Shdr s;
    if (gelf_getshdr(section, &s) == nullptr)
      return fail(malformed("a section header is not inside the file"));
    std::string name(short_text(names, s.sh_name));
    const auto content = section_bytes(bytes, s);
    if (!content) return fail(malformed("section '" + name + "' reaches past the end"));
    out.sections.push_back({std::move(name), *content});
  }
  return out;
}

base::Result<std::uint64_t> symbol_address(Bytes bytes, std::string_view name) {
  QAIC_TRY(const ElfHandle elf, open_elf(bytes));
  bool has_table = false;
  for (Elf_Scn* section = elf_nextscn(elf.get(), nullptr); section != nullptr;
       section = elf_nextscn(elf.get(), section)) {
    GElf_Shdr s;
    if (gelf_getshdr(section, &s) == nullptr || s.sh_type != SHT_SYMTAB) continue;
    const auto symbols = section_bytes(bytes, s);
    if (!symbols) continue;
    has_table = true;
    const Bytes names = text_table(elf.get(), bytes, s.sh_link);
    for (std::size_t at = 0; at + sizeof(Elf32_Sym) <= symbols->size(); at += sizeof(Elf32_Sym)) {
      Elf32_Sym symbol;
      std::memcpy(&symbol, symbols->data() + at, sizeof(symbol));
      if (symbol.st_shndx != SHN_UNDEF && is_text(names, symbol.st_name, name)) return symbol.st_value;
    }
  }
  if (!has_table) return fail(malformed("it has no symbol table to find '" + std::string(name) + "' in"));
  return fail(malformed("it defines no symbol '" + std::string(name) + "'"));
}

}  // namespace qaic::program
