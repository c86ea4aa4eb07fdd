#include "lib/firmware/verify.hpp"

#include <algorithm>
#include <utility>

#include "lib/firmware/catalogue.hpp"
#include "lib/firmware/digest.hpp"

namespace qaic::firmware {
namespace {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;
using wire::mbn::Role;

base::Error wrong(std::string_view id, std::string what, std::string hint = {}) {
  return make_error(ErrorKind::verdict, id, std::move(what), std::move(hint));
}

bool all_zero(base::Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

Result<void> check_table_length(const Image& image, const HashSegment& hashes) {
  const std::uint64_t expected = std::uint64_t{image.segments.size()} * wire::mbn::kHashSize;
  if (hashes.table.size() == expected) return {};
  return fail(wrong("fw-hash-table-length", "the hash table has " + std::to_string(hashes.table.size()) +
                                                " bytes, " + std::to_string(image.segments.size()) +
                                                " program headers need " + std::to_string(expected)));
}

Result<void> check_hashes(const Image& image, const HashSegment& hashes) {
  const Segment& first = image.segments.front();
  if (!first.has_role(Role::headers) || first.offset != 0 || first.file_size != image.headers_size) {
    return fail(wrong("fw-headers-not-covered", "no hash covers the ELF header and the program headers"));
  }
  for (std::size_t i = 0; i < image.segments.size(); ++i) {
    const auto entry = hashes.entry(i);
    const auto content = image.content(image.segments[i]);
    if (i == hashes.index || content.empty()) {
      if (all_zero(entry)) continue;
      return fail(wrong("fw-hash-mismatch", "segment " + std::to_string(i) +
                                                " has a hash, but nothing that it could be the hash of"));
    }
    const auto digest = sha384(content);
    if (!digest)
      return fail(make_error(ErrorKind::internal, "fw-libcrypto", "libcrypto cannot compute SHA-384"));
    if (!std::equal(entry.begin(), entry.end(), digest->begin(), digest->end())) {
      return fail(wrong(
          "fw-hash-mismatch",
          "segment " + std::to_string(i) + " (" + std::to_string(content.size()) + " bytes at offset " +
              std::to_string(image.segments[i].offset) + ") does not have the hash that is signed for it",
          "the file was changed or damaged: install it again from your distribution's package"));
    }
  }
  return {};
}

Result<RootJudgement> check_root(const Certificate& root, const VerifyOptions& options) {
  if (const auto* known = find_known_root(root.sha384)) {
    return RootJudgement{std::string(known->label), std::string(known->proves)};
  }
  const auto& accepted = options.accepted_roots;
  if (std::find(accepted.begin(), accepted.end(), root.sha384) != accepted.end()) {
    return RootJudgement{"accepted by the caller",
                         "the image is whole and was signed under the root that the caller named"};
  }
  return fail(wrong(
      "fw-root-unknown",
      "the signature is sound, but its root is not known here: " + root.subject + ", SHA-384 " + root.sha384,
      "if you trust that root, name its SHA-384 (qaic-fw verify --accept-root)"));
}

Result<void> check_versions(const Versions& versions) {
  for (const auto& version : versions.components) {
    if (!version.release) {
      return fail(wrong("fw-version-unreadable",
                        "the version string \"" + version.text + "\" has no release number"));
    }
    const auto* first = versions.find(version.component);
    if (first->text != version.text) {
      return fail(wrong("fw-version-contradiction",
                        "the image calls itself both " + first->text + " and " + version.text));
    }
  }
  return {};
}

Result<void> check_file_name(const KnownImage& known, const Image& image, const HashSegment& hashes,
                             const Versions& versions) {
  const auto mismatch = [&known](const std::string& what) {
    return fail(wrong("fw-name", "the content is not what " + std::string(known.file) + " should be: " + what,
                      "give each image the name it was shipped under"));
  };
  if (image.class_bits != known.class_bits)
    return mismatch("a " + std::to_string(image.class_bits) + "-bit ELF file");
  if (image.machine != known.machine) return mismatch("for machine " + std::to_string(image.machine));
  if (!known.component.empty()) {
    const auto* version = versions.find(known.component);
    if (version == nullptr) return mismatch("it has no " + std::string(known.component) + " version");
    if (!version->variant.value_or("").starts_with(known.variant_prefix)) {
      return mismatch("its variant is " + version->variant.value_or("not given"));
    }
  }
  if (hashes.metadata.software_id != known.software_id) {
    return mismatch("its software id is " + std::to_string(hashes.metadata.software_id.get()) + ", not " +
                    std::to_string(known.software_id));
  }
  return {};
}

// Runs the checks in order and writes down what each found.
class Judge {
 public:
  Judge(Report& report, const VerifyOptions& options) : report_(report), options_(options) {
    report_.outcomes.fill(Outcome::not_reached);
  }

  // False once a check has failed.
  template <class T>
  bool pass(Check check, const Result<T>& result) {
    auto& outcome = report_.outcomes.at(static_cast<std::size_t>(check));
    outcome = result ? Outcome::passed : Outcome::failed;
    if (result) return true;
    report_.failure = result.error();
    report_.verdict = result.error().kind == ErrorKind::bad_input ? Verdict::not_an_image : Verdict::bad;
    return false;
  }

  void run(base::Bytes bytes) {
    const auto image = read_elf(bytes);
    if (!pass(Check::elf, image)) return;
    report_.class_bits = image->class_bits;
    report_.machine = image->machine;
    report_.segments = image->segments;

    const auto index = find_hash_segment(*image);
    if (!pass(Check::hash_segment, index)) return;
    report_.hash_segment = *index;
    const auto header = read_hash_header(*image, *index);
    if (!header && header.error().id == "fw-hash-sizes") {
      pass(Check::sizes, header);  // too short to have a version
      return;
    }
    if (!pass(Check::header_version, header)) return;
    const auto hashes = read_hash_segment(*image, *index, *header);
    if (!pass(Check::sizes, hashes)) return;
    if (!pass(Check::table_length, check_table_length(*image, *hashes))) return;
    if (!pass(Check::hashes, check_hashes(*image, *hashes))) return;
    report_.uncovered = uncovered(*image);
    if (check_signer(*hashes)) check_identity(*image, *hashes);
  }

 private:
  bool check_signer(const HashSegment& hashes) {
    const auto signer = Signer::read(hashes.chain);
    if (!pass(Check::signature, signer)) return false;
    report_.certificates = signer->certificates();
    if (!pass(Check::signature, signer->check_signature(hashes.signed_bytes, hashes.signature))) return false;
    if (!pass(Check::chain, signer->check_chain())) return false;
    const auto root = check_root(report_.certificates.back(), options_);
    if (!pass(Check::root, root)) return false;
    report_.root = *root;
    return true;
  }

  void check_identity(const Image& image, const HashSegment& hashes) {
    report_.software_id = hashes.metadata.software_id;
    report_.versions = find_versions(image);
    if (!pass(Check::versions, check_versions(*report_.versions))) return;
    if (const auto* known = find_known_image(report_.name)) {
      pass(Check::name, check_file_name(*known, image, hashes, *report_.versions));
    } else {
      report_.outcomes.at(static_cast<std::size_t>(Check::name)) = Outcome::not_applicable;
      report_.notes.push_back(
          is_unseen_image(report_.name)
              ? "the kernel would load this name, but no image of it is known to compare with"
              : "the kernel asks for no file of this name, so the name was not checked");
    }
    if (report_.uncovered->not_fill != 0) {
      report_.notes.push_back(std::to_string(report_.uncovered->not_fill) +
                              " bytes outside all segments are neither 0x00 nor 0xFF; no hash covers them");
    }
  }

  Report& report_;
  const VerifyOptions& options_;
};

}  // namespace

std::string_view check_name(Check check) {
  switch (check) {
    case Check::elf:
      return "elf";
    case Check::hash_segment:
      return "hash_segment";
    case Check::header_version:
      return "header_version";
    case Check::sizes:
      return "sizes";
    case Check::table_length:
      return "table_length";
    case Check::hashes:
      return "hashes";
    case Check::signature:
      return "signature";
    case Check::chain:
      return "chain";
    case Check::root:
      return "root";
    case Check::versions:
      return "versions";
    case Check::name:
      return "name";
  }
  return "unknown";
}

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::failed:
      return "failed";
    case Outcome::not_reached:
      return "not_reached";
    case Outcome::not_applicable:
      return "not_applicable";
  }
  return "unknown";
}

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "good";
    case Verdict::bad:
      return "bad";
    case Verdict::not_an_image:
      return "not_an_image";
  }
  return "unknown";
}

Report verify(base::Bytes bytes, std::string_view name, const VerifyOptions& options) {
  Report report;
  report.name = std::string(name.substr(name.rfind('/') + 1));
  report.size = bytes.size();
  if (const auto digest = sha384(bytes)) report.sha384 = hex(*digest);
  Judge(report, options).run(bytes);
  return report;
}

}  // namespace qaic::firmware
