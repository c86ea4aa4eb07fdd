// Tiny signed images for tests, made with keys of their own: the real layout,
// nothing of a real image.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "wire/mbn.hpp"

struct evp_pkey_st;

namespace qaic::test {

// A root, an intermediate and a leaf with fresh keys.
class Authority {
 public:
  struct Options {
    const char* leaf_curve = "P-384";
    bool intermediate_may_sign = true;  // basicConstraints CA
  };
  Authority();
  explicit Authority(const Options& options);

  [[nodiscard]] const std::vector<base::ByteVector>& certificates() const {
    return certificates_;
  }  // leaf first
  [[nodiscard]] std::string root_sha384() const;
  // DER ECDSA over SHA-384, by the leaf.
  [[nodiscard]] base::ByteVector sign(base::Bytes bytes) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  std::unique_ptr<evp_pkey_st, Free> leaf_key_;
  std::vector<base::ByteVector> certificates_;
};

struct SyntheticSegment {
  std::string content;  // empty: a segment without bytes in the file
  std::uint32_t flags = 5;
};

struct SyntheticImage {
  std::uint32_t class_bits = 64;
  std::uint16_t machine = wire::mbn::kMachineAarch64;
  std::uint32_t software_id = 0;
  std::vector<SyntheticSegment> segments;
  std::vector<base::ByteVector> certificates;  // leaf first
  std::string gap;                             // bytes after the last segment, in no segment
  std::uint32_t headers_role = static_cast<std::uint32_t>(wire::mbn::Role::headers);
  // Changes the hash table before it is signed.
  std::function<void(base::MutableBytes)> change_table;

  // Segment 0 is the headers, 1 the hash segment, `segments` follow.
  [[nodiscard]] base::ByteVector build(const Authority& authority) const;
};

// What passes every check under the name sbl.bin, fw2.bin and so on; `release`
// is like "1.20".
SyntheticImage synthetic(const std::string& file, const std::string& release);

// Where the parts of a built image are.
struct Layout {
  std::size_t hash_segment;
  std::size_t table;
  std::size_t signature;
  std::size_t chain;
  std::size_t first_segment;
};
Layout layout_of(const SyntheticImage& image);

}  // namespace qaic::test
