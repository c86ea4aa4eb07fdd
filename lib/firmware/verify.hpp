// The judgement on one image: checks in a fixed order, the first failure named.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/firmware/image.hpp"
#include "lib/firmware/signer.hpp"
#include "lib/firmware/version.hpp"

namespace qaic::firmware {

// In the order in which they run (firmware-images "For a tool").
enum class Check {
  elf,             // sane, everything inside the file
  hash_segment,    // exactly one
  header_version,  // of the hash segment
  sizes,           // agree with each other and with the segment
  table_length,    // one hash per program header
  hashes,          // every segment has the bytes that its hash says
  signature,       // over header, metadata and hashes, by the leaf
  chain,           // leaf by intermediate by root
  root,            // is one that is known, or that the caller accepts
  versions,        // strings can be read and do not contradict each other
  name,            // the content is what the file's name promises
};
inline constexpr std::array kChecks = {Check::elf,       Check::hash_segment, Check::header_version,
                                       Check::sizes,     Check::table_length, Check::hashes,
                                       Check::signature, Check::chain,        Check::root,
                                       Check::versions,  Check::name};
[[nodiscard]] std::string_view check_name(Check check);

enum class Outcome { passed, failed, not_reached, not_applicable };
[[nodiscard]] std::string_view outcome_name(Outcome outcome);

enum class Verdict { good, bad, not_an_image };
[[nodiscard]] std::string_view verdict_name(Verdict verdict);

struct RootJudgement {
  std::string label;
  std::string proves;
};

struct Report {
  std::string name;  // file name without folders, may be empty
  std::uint64_t size = 0;
  std::string sha384;  // of the whole file
  Verdict verdict = Verdict::good;
  std::array<Outcome, kChecks.size()> outcomes{};
  std::optional<base::Error> failure;  // of the first check that failed
  std::vector<std::string> notes;      // worth knowing, change no verdict

  // What was read before a check failed; nothing here points into the image.
  std::optional<std::uint32_t> class_bits;
  std::optional<std::uint16_t> machine;
  std::vector<Segment> segments;
  std::optional<std::size_t> hash_segment;
  std::optional<std::uint32_t> software_id;
  std::optional<Uncovered> uncovered;
  std::vector<Certificate> certificates;  // leaf first
  std::optional<RootJudgement> root;
  std::optional<Versions> versions;

  [[nodiscard]] Outcome outcome(Check check) const { return outcomes.at(static_cast<std::size_t>(check)); }
};

struct VerifyOptions {
  std::vector<std::string> accepted_roots;  // SHA-384 of DER, lower-case hex
};

// Judges `bytes`. `name` is the file's name (folders are cut off) or empty when
// there is none; then, and for names no card asks for, the last check does not
// apply. Any thread; `bytes` must not change meanwhile.
[[nodiscard]] Report verify(base::Bytes bytes, std::string_view name, const VerifyOptions& options = {});

}  // namespace qaic::firmware
