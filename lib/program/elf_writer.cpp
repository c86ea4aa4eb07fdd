// Adds a section to an ELF32 file without moving what is there: names, content
// and a new section header table go behind the old end.
#include <elf.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "lib/program/elf.hpp"

namespace qaic::program {
namespace {

using base::Bytes;
using base::ByteVector;
using base::fail;

base::Error cannot_add(std::string why) {
  return base::make_error(base::ErrorKind::bad_input, "qpc-elf",
                          "a section cannot be added to the ELF file: " + std::move(why));
}

// Elf32 structs are naturally aligned and little-endian, as every host of this
// card is; they are copied, never cast.
template <class T>
T load(Bytes bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

template <class T>
void store(ByteVector& bytes, std::size_t offset, const T& value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

void align(ByteVector& bytes, std::size_t unit) {
  bytes.resize((bytes.size() + unit - 1) / unit * unit);
}

}  // namespace

base::Result<ByteVector> with_section(Bytes elf, std::string_view name, Bytes content) {
  QAIC_TRY(const ElfFile parsed, parse_elf(elf));
  const ElfSection* present = parsed.find_section(name);
  if (present != nullptr && std::ranges::equal(present->bytes, content))
    return ByteVector(elf.begin(), elf.end());
  auto header = load<Elf32_Ehdr>(elf, 0);
  if (header.e_shnum >= SHN_LORESERVE - 2 ||
      (header.e_shnum > 0 && header.e_shentsize != sizeof(Elf32_Shdr))) {
    return fail(cannot_add("its section table has an unusual form"));
  }
  std::vector<Elf32_Shdr> sections(header.e_shnum);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const std::size_t at = header.e_shoff + i * sizeof(Elf32_Shdr);
    if (!base::slice(elf, at, sizeof(Elf32_Shdr))) return fail(cannot_add("its section table is not inside"));
    sections[i] = load<Elf32_Shdr>(elf, at);
  }
  if (sections.empty()) sections.push_back({});
  std::size_t names_index = header.e_shstrndx;
  ByteVector names;
  if (names_index == SHN_UNDEF) {
    names_index = sections.size();
    sections.push_back({});
    sections[names_index].sh_type = SHT_STRTAB;
    sections[names_index].sh_addralign = 1;
    names.push_back(std::byte{0});
  } else if (names_index < sections.size()) {
    const auto old = base::slice(elf, sections[names_index].sh_offset, sections[names_index].sh_size);
    if (!old || old->empty() || old->back() != std::byte{0})
      return fail(cannot_add("its section names are broken"));
    names.assign(old->begin(), old->end());
  } else {
    return fail(cannot_add("its section names are in no section"));
  }

  const auto has_name = [&](const Elf32_Shdr& s) {
    return s.sh_name < names.size() &&
           name == std::string_view(reinterpret_cast<const char*>(names.data()) + s.sh_name);
  };
  std::size_t target = 1;
  while (target < sections.size() && !(target != names_index && has_name(sections[target]))) ++target;
  ByteVector out(elf.begin(), elf.end());
  if (target == sections.size()) {
    Elf32_Shdr added{};
    added.sh_name = static_cast<Elf32_Word>(names.size());
    const Bytes text = base::as_bytes(name);
    names.insert(names.end(), text.begin(), text.end());
    names.push_back(std::byte{0});
    sections.push_back(added);
    sections[names_index].sh_offset = static_cast<Elf32_Off>(out.size());
    sections[names_index].sh_size = static_cast<Elf32_Word>(names.size());
    out.insert(out.end(), names.begin(), names.end());
  }
  align(out, 16);
  Elf32_Shdr& section = sections[target];
  section.sh_type = SHT_PROGBITS;
  section.sh_flags = 0;  // not loaded
  section.sh_addr = 0;
  section.sh_addralign = 16;
  section.sh_offset = static_cast<Elf32_Off>(out.size());
  section.sh_size = static_cast<Elf32_Word>(content.size());
  out.insert(out.end(), content.begin(), content.end());
  align(out, 4);

  header.e_shoff = static_cast<Elf32_Off>(out.size());
  header.e_shnum = static_cast<Elf32_Half>(sections.size());
  header.e_shentsize = sizeof(Elf32_Shdr);
  header.e_shstrndx = static_cast<Elf32_Half>(names_index);
  out.resize(out.size() + sections.size() * sizeof(Elf32_Shdr));
  if (out.size() > UINT32_MAX) return fail(cannot_add("it would grow past 4 GiB"));
  for (std::size_t i = 0; i < sections.size(); ++i) {
    store(out, header.e_shoff + i * sizeof(Elf32_Shdr), sections[i]);
  }
  store(out, 0, header);
  return out;
}

}  // namespace qaic::program
