#include "tests/lib_firmware/synthetic_image.hpp"

#include <elf.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace qaic::test {
namespace {

using base::ByteVector;

constexpr std::size_t kSignatureSize = 0x68;
constexpr std::size_t kChainSize = 0x800;

void require(bool good) {
  if (!good) throw std::runtime_error("libcrypto cannot make a test certificate");
}

template <auto F>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    F(object);
  }
};
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

Certificate make_certificate(const char* name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                             bool may_sign) {
  Certificate out(X509_new());
  X509_set_version(out.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(out.get()), 1);
  require(ASN1_TIME_set_string(X509_getm_notBefore(out.get()), "20250725064415Z") == 1);
  require(ASN1_TIME_set_string(X509_getm_notAfter(out.get()), "20450720064415Z") == 1);
  X509_NAME* subject = X509_get_subject_name(out.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1,
                             -1, 0);
  X509* from = issuer == nullptr ? out.get() : issuer;
  X509_set_issuer_name(out.get(), X509_get_subject_name(from));
  X509_set_pubkey(out.get(), key);
  add_extension(out.get(), from, NID_basic_constraints, may_sign ? "critical,CA:TRUE" : "CA:FALSE");
  require(X509_sign(out.get(), issuer_key, EVP_sha384()) > 0);
  return out;
}

ByteVector der(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  require(size > 0);
  const auto* first = reinterpret_cast<const std::byte*>(bytes);
  ByteVector out(first, first + size);
  OPENSSL_free(bytes);
  return out;
}

ByteVector sha384(base::Bytes bytes) {
  ByteVector out(48);
  require(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr,
                     EVP_sha384(), nullptr) == 1);
  return out;
}

std::size_t headers_size(const SyntheticImage& image) {
  const std::size_t count = image.segments.size() + 2;
  return image.class_bits == 64 ? sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr)
                                : sizeof(Elf32_Ehdr) + count * sizeof(Elf32_Phdr);
}

template <class T>
void put(ByteVector& out, std::size_t at, const T& value) {
  std::memcpy(out.data() + at, &value, sizeof(T));
}

struct Placed {
  std::uint32_t type;
  std::uint32_t flags;
  std::size_t offset;
  std::size_t size;
};

template <class Ehdr, class Phdr>
void put_headers(ByteVector& out, const SyntheticImage& image, const std::vector<Placed>& placed) {
  Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = image.class_bits == 64 ? ELFCLASS64 : ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = image.machine;
  header.e_version = EV_CURRENT;
  header.e_phoff = sizeof(Ehdr);
  header.e_ehsize = sizeof(Ehdr);
  header.e_phentsize = sizeof(Phdr);
  header.e_phnum = static_cast<Elf64_Half>(placed.size());
  put(out, 0, header);
  for (std::size_t i = 0; i < placed.size(); ++i) {
    Phdr entry{};
    entry.p_type = placed[i].type;
    entry.p_flags = placed[i].flags;
    entry.p_offset = static_cast<decltype(entry.p_offset)>(placed[i].offset);
    entry.p_filesz = static_cast<decltype(entry.p_filesz)>(placed[i].size);
    entry.p_memsz = entry.p_filesz;
    put(out, sizeof(Ehdr) + i * sizeof(Phdr), entry);
  }
}

}  // namespace

void Authority::Free::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

Authority::Authority() : Authority(Options{}) {}

Authority::Authority(const Options& options) {
  using Key = std::unique_ptr<EVP_PKEY, Free>;
  const Key root_key(EVP_EC_gen("P-384"));
  const Key middle_key(EVP_EC_gen("P-384"));
  leaf_key_.reset(EVP_EC_gen(options.leaf_curve));
  require(root_key && middle_key && leaf_key_);
  const auto root = make_certificate("Synthetic Root", root_key.get(), nullptr, root_key.get(), true);
  const auto middle = make_certificate("Synthetic Intermediate", middle_key.get(), root.get(), root_key.get(),
                                       options.intermediate_may_sign);
  const auto leaf =
      make_certificate("Synthetic Signer", leaf_key_.get(), middle.get(), middle_key.get(), false);
  certificates_ = {der(leaf.get()), der(middle.get()), der(root.get())};
}

std::string Authority::root_sha384() const {
  std::string out;
  for (const auto byte : sha384(certificates_.back())) {
    constexpr char kDigits[] = "0123456789abcdef";
    out += kDigits[std::to_integer<unsigned>(byte) >> 4];
    out += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return out;
}

ByteVector Authority::sign(base::Bytes bytes) const {
  const std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  require(EVP_DigestSignInit(context.get(), nullptr, EVP_sha384(), nullptr, leaf_key_.get()) == 1);
  require(EVP_DigestSign(context.get(), nullptr, &size, data, bytes.size()) == 1);
  ByteVector out(size);
  require(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, data,
                         bytes.size()) == 1);
  out.resize(size);
  return out;
}

Layout layout_of(const SyntheticImage& image) {
  Layout out{};
  out.hash_segment = headers_size(image);
  out.table = out.hash_segment + sizeof(wire::mbn::HashSegmentHeader) + sizeof(wire::mbn::OwnerMetadata);
  out.signature = out.table + (image.segments.size() + 2) * wire::mbn::kHashSize;
  out.chain = out.signature + kSignatureSize;
  out.first_segment = out.chain + kChainSize;
  return out;
}

ByteVector SyntheticImage::build(const Authority& authority) const {
  const auto at = layout_of(*this);
  std::vector<Placed> placed{
      {PT_NULL, headers_role << wire::mbn::kRoleShift, 0, headers_size(*this)},
      {PT_NULL, 2U << wire::mbn::kRoleShift, at.hash_segment, at.first_segment - at.hash_segment}};
  std::size_t end = at.first_segment;
  for (const auto& segment : segments) {
    placed.push_back({PT_LOAD, segment.flags, end, segment.content.size()});
    end += segment.content.size();
  }
  ByteVector out(end);
  const auto tail = base::as_bytes(gap);
  out.insert(out.end(), tail.begin(), tail.end());
  if (class_bits == 64) {
    put_headers<Elf64_Ehdr, Elf64_Phdr>(out, *this, placed);
  } else {
    put_headers<Elf32_Ehdr, Elf32_Phdr>(out, *this, placed);
  }
  for (std::size_t i = 0; i < segments.size(); ++i) {
    std::memcpy(out.data() + placed[i + 2].offset, segments[i].content.data(), segments[i].content.size());
  }

  const auto table_size = static_cast<std::uint32_t>(placed.size() * wire::mbn::kHashSize);
  wire::mbn::HashSegmentHeader header{};
  header.version = wire::mbn::kHeaderVersion;
  header.payload_size = table_size + static_cast<std::uint32_t>(kSignatureSize + kChainSize);
  header.hash_table_size = table_size;
  header.signature_address = wire::mbn::kNoAddress;
  header.signature_size = kSignatureSize;
  header.chain_address = wire::mbn::kNoAddress;
  header.chain_size = kChainSize;
  header.owner_metadata_size = sizeof(wire::mbn::OwnerMetadata);
  put(out, at.hash_segment, header);
  wire::mbn::OwnerMetadata metadata{};
  metadata.software_id = software_id;
  put(out, at.hash_segment + sizeof(header), metadata);
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (i == 1 || placed[i].size == 0) continue;
    const auto digest = sha384(base::Bytes(out).subspan(placed[i].offset, placed[i].size));
    std::memcpy(out.data() + at.table + i * wire::mbn::kHashSize, digest.data(), digest.size());
  }
  if (change_table) change_table(base::MutableBytes(out).subspan(at.table, table_size));

  const auto signature =
      authority.sign(base::Bytes(out).subspan(at.hash_segment, at.signature - at.hash_segment));
  require(signature.size() <= kSignatureSize);
  std::memcpy(out.data() + at.signature, signature.data(), signature.size());
  std::memset(out.data() + at.chain, 0xFF, kChainSize);
  std::size_t chain = at.chain;
  for (const auto& certificate : certificates.empty() ? authority.certificates() : certificates) {
    require(chain + certificate.size() <= at.first_segment);
    std::memcpy(out.data() + chain, certificate.data(), certificate.size());
    chain += certificate.size();
  }
  return out;
}

SyntheticImage synthetic(const std::string& file, const std::string& release) {
  using namespace std::string_literals;
  SyntheticImage out;
  const auto tagged = [&release](const std::string& component, const std::string& variant) {
    return "\0QC_IMAGE_VERSION_STRING="s + component + ".AIC." + release + ".2.0\0IMAGE_VARIANT_STRING="s +
           variant + "\0OEM_IMAGE_VERSION_STRING=\0"s;
  };
  std::string strings = "code";
  if (file == "sbl.bin") {
    strings = tagged("SBL", "AIC100_REL");
  } else if (file == "fw1.bin") {
    out.software_id = 0x0e;
    strings =
        "\0OEM_IMAGE_UUID_STRING=Q_SENTINEL_{00000000-0000-4000-8000-000000000001}_20251220_1159\0QSM.AIC."s +
        release + ".2.5\0\xd6TZ.AIC."s + release + ".0.3-1-G00000000\0"s;
  } else if (file == "fw2.bin" || file == "fw9.bin") {
    out.class_bits = 32;
    out.machine = wire::mbn::kMachineHexagon;
    out.software_id = 0x02;
    strings = tagged("NSP", file == "fw2.bin" ? "aic100.nsp.prodQ" : "aic100.nsp_fusa.prodQ");
  } else if (file == "fw5.bin") {
    out.software_id = 0x0f;
  } else if (file == "fw10.bin") {
    out.software_id = 0x31;
  }
  out.segments = {{std::string(64, 'x'), 5}, {"", 6}, {strings, 6}};
  return out;
}

}  // namespace qaic::test
