#include "lib/program/elf.hpp"

#include <libelf.h>

#include <algorithm>
#include <memory>
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
  const Elf32_Ehdr* header = elf32_getehdr(elf.get());
  if (header == nullptr) return fail(malformed("its header cannot be read"));
  if (header->e_machine != qpc::kElfMachineHexagon) {
    return fail(
        malformed("made for machine " + std::to_string(header->e_machine) + ", not for Hexagon (164)"));
  }
  // libelf overlooks tables that are not inside the file.
  const auto inside = [bytes](std::uint64_t offset, std::uint64_t count, std::uint64_t size,
                              std::size_t expected) {
    return count == 0 || (size == expected && base::slice(bytes, offset, count * size));
  };
  if (!inside(header->e_phoff, header->e_phnum, header->e_phentsize, sizeof(Elf32_Phdr))) {
    return fail(malformed("its program headers are not inside the file"));
  }
  if (!inside(header->e_shoff, header->e_shnum, header->e_shentsize, sizeof(Elf32_Shdr))) {
    return fail(malformed("its section table is not inside the file"));
  }
  return elf;
}

std::string section_name(Elf* elf, std::size_t strings, std::uint32_t offset) {
  const char* name = elf_strptr(elf, strings, offset);
  return name == nullptr ? std::string{} : std::string(name);
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
  ElfFile out;
  const Elf32_Ehdr* header = elf32_getehdr(elf.get());
  out.flags = header->e_flags;
  out.entry = header->e_entry;

  std::size_t count = 0;
  if (elf_getphdrnum(elf.get(), &count) != 0) return fail(malformed("its program headers cannot be counted"));
  const Elf32_Phdr* programs = count > 0 ? elf32_getphdr(elf.get()) : nullptr;
  if (count > 0 && programs == nullptr) return fail(malformed("its program headers are not inside the file"));
  for (std::size_t i = 0; i < count; ++i) {
    const Elf32_Phdr& p = programs[i];
    if (p.p_type != PT_LOAD) continue;
    const std::string what = "loadable segment " + std::to_string(out.segments.size());
    if (!base::slice(bytes, p.p_offset, p.p_filesz)) return fail(malformed(what + " reaches past the end"));
    if (p.p_filesz > p.p_memsz) return fail(malformed(what + " is larger in the file than in memory"));
    if (!base::checked_add<std::uint32_t>(p.p_vaddr, p.p_memsz)) {
      return fail(malformed(what + " does not fit into 32-bit addresses"));
    }
    out.segments.push_back({p.p_offset, p.p_vaddr, p.p_filesz, p.p_memsz, (p.p_flags & PF_R) != 0,
                            (p.p_flags & PF_W) != 0, (p.p_flags & PF_X) != 0});
  }
  auto by_address = out.segments;
  std::ranges::sort(by_address, {}, &LoadSegment::address);
  for (std::size_t i = 1; i < by_address.size(); ++i) {
    if (by_address[i].address - by_address[i - 1].address < by_address[i - 1].memory_size) {
      return fail(malformed("two loadable segments overlap"));
    }
  }

  std::size_t strings = 0;
  if (elf_getshdrstrndx(elf.get(), &strings) != 0)
    return fail(malformed("its section names cannot be found"));
  for (Elf_Scn* section = elf_nextscn(elf.get(), nullptr); section != nullptr;
       section = elf_nextscn(elf.get(), section)) {
    const Elf32_Shdr* s = elf32_getshdr(section);
    if (s == nullptr) return fail(malformed("a section header is not inside the file"));
    std::string name = section_name(elf.get(), strings, s->sh_name);
    Bytes content;
    if (s->sh_type != SHT_NOBITS && s->sh_type != SHT_NULL) {
      const auto inside = base::slice(bytes, s->sh_offset, s->sh_size);
      if (!inside) return fail(malformed("section '" + name + "' reaches past the end"));
      content = *inside;
    }
    out.sections.push_back({std::move(name), content});
  }
  return out;
}

base::Result<std::uint64_t> symbol_address(Bytes bytes, std::string_view name) {
  QAIC_TRY(const ElfHandle elf, open_elf(bytes));
  bool has_table = false;
  for (Elf_Scn* section = elf_nextscn(elf.get(), nullptr); section != nullptr;
       section = elf_nextscn(elf.get(), section)) {
    const Elf32_Shdr* s = elf32_getshdr(section);
    if (s == nullptr || s->sh_type != SHT_SYMTAB || s->sh_entsize != sizeof(Elf32_Sym)) continue;
    const Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr || data->d_buf == nullptr) continue;
    has_table = true;
    const auto* symbols = static_cast<const Elf32_Sym*>(data->d_buf);
    for (std::size_t i = 0; i < data->d_size / sizeof(Elf32_Sym); ++i) {
      if (symbols[i].st_shndx == SHN_UNDEF) continue;
      if (section_name(elf.get(), s->sh_link, symbols[i].st_name) == name) return symbols[i].st_value;
    }
  }
  if (!has_table) return fail(malformed("it has no symbol table to find '" + std::string(name) + "' in"));
  return fail(malformed("it defines no symbol '" + std::string(name) + "'"));
}

}  // namespace qaic::program
