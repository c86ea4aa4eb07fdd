// Firmware images, whole and step by step: no fuzzer finds a SHA-384 or a
// signature, so what lies behind those checks is also called without them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lib/firmware/image.hpp"
#include "lib/firmware/report_json.hpp"
#include "lib/firmware/signer.hpp"
#include "lib/firmware/verify.hpp"
#include "lib/firmware/version.hpp"

namespace {

using namespace qaic;

void require(bool good) {
  if (!good) std::abort();
}

void look_inside(base::Bytes bytes) {
  const auto image = firmware::read_elf(bytes);
  if (!image) return;
  (void)firmware::find_versions(*image);
  const auto gap = firmware::uncovered(*image);
  require(gap.bytes <= bytes.size() && gap.not_fill <= gap.bytes);
  const auto index = firmware::find_hash_segment(*image);
  if (!index) return;
  const auto header = firmware::read_hash_header(*image, *index);
  if (!header) return;
  const auto hashes = firmware::read_hash_segment(*image, *index, *header);
  if (!hashes) return;
  const auto signer = firmware::Signer::read(hashes->chain);
  if (!signer) return;
  (void)signer->check_signature(hashes->signed_bytes, hashes->signature);
  (void)signer->check_chain();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto report = firmware::verify(bytes, "sbl.bin");
  // Nobody signs fuzzer input under a known root.
  require(report.verdict != firmware::Verdict::good && report.failure.has_value());
  const std::string json = firmware::to_json(report);
  require(!json.empty() && json.front() == '{' && json.back() == '}');
  look_inside(bytes);
  (void)firmware::Signer::read(bytes);
  return 0;
}
