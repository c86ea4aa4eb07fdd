#include "lib/firmware/version.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace qaic::firmware {
namespace {

constexpr std::string_view kVersionTag = "QC_IMAGE_VERSION_STRING=";
constexpr std::string_view kVariantTag = "IMAGE_VARIANT_STRING=";
constexpr std::string_view kOemTag = "OEM_IMAGE_VERSION_STRING=";
constexpr std::string_view kBuildTag = "OEM_IMAGE_UUID_STRING=";
constexpr std::string_view kFamily = ".AIC.";
constexpr std::size_t kLongest = 256;      // bytes of one string
constexpr std::size_t kMostVersions = 32;  // genuine images have at most two

bool printable(char c) {
  return c >= 0x20 && c < 0x7F;
}
bool upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view value_at(std::string_view text, std::size_t at) {
  text = text.substr(at, kLongest);
  const auto end = std::find_if_not(text.begin(), text.end(), printable);
  auto value = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  return value;
}

Version make_version(std::string_view text, std::size_t segment) {
  Version out;
  const auto family = text.find(kFamily);
  out.component = std::string(text.substr(0, family == std::string_view::npos ? text.find('.') : family));
  out.text = std::string(text);
  out.release = release_of(text);
  out.segment = segment;
  return out;
}

void add(Versions& versions, Version version) {
  for (auto& known : versions.components) {
    if (known.text != version.text) continue;
    if (!known.variant) known.variant = std::move(version.variant);
    if (!known.oem) known.oem = std::move(version.oem);
    return;
  }
  if (versions.components.size() < kMostVersions) versions.components.push_back(std::move(version));
}

// The value of `tag` in text[from, to): it belongs to the version string before it.
std::optional<std::string> tagged(std::string_view text, std::string_view tag, std::size_t from,
                                  std::size_t to) {
  const auto at = text.substr(0, to).find(tag, from);
  if (at == std::string_view::npos) return std::nullopt;
  const auto value = value_at(text, at + tag.size());
  if (value.empty()) return std::nullopt;
  return std::string(value);
}

void find_tagged(std::string_view text, std::size_t segment, Versions& versions) {
  for (auto at = text.find(kVersionTag); at != std::string_view::npos;) {
    const auto value = value_at(text, at + kVersionTag.size());
    const auto next = text.find(kVersionTag, at + kVersionTag.size());
    // The other strings of the same image stand within a few hundred bytes.
    const auto end = std::min({next, at + 1024, text.size()});
    if (!value.empty()) {
      auto version = make_version(value, segment);
      version.variant = tagged(text, kVariantTag, at, end);
      version.oem = tagged(text, kOemTag, at, end);
      add(versions, std::move(version));
    }
    at = next;
  }
}

void find_bare(std::string_view text, std::size_t segment, Versions& versions) {
  for (auto at = text.find(kFamily); at != std::string_view::npos; at = text.find(kFamily, at + 1)) {
    std::size_t first = at;
    while (first > 0 && at - first < 8 && upper(text[first - 1])) --first;
    if (first == at || (first > 0 && printable(text[first - 1]))) continue;
    const auto value = value_at(text, first);
    if (release_of(value)) add(versions, make_version(value, segment));
  }
}

BuildId make_build(std::string_view text) {
  BuildId out{std::string(text), std::nullopt, std::nullopt};
  const auto open = text.find('{');
  const auto close = text.find('}', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return out;
  out.uuid = std::string(text.substr(open + 1, close - open - 1));
  const auto rest = text.substr(close + 1);  // _20251220_1159
  const bool dated = rest.size() == 14 && rest[0] == '_' && rest[9] == '_' &&
                     std::all_of(rest.begin() + 1, rest.begin() + 9, digit) &&
                     std::all_of(rest.begin() + 10, rest.end(), digit);
  if (dated) {
    const std::string d(rest);
    out.time = d.substr(1, 4) + "-" + d.substr(5, 2) + "-" + d.substr(7, 2) + "T" + d.substr(10, 2) + ":" +
               d.substr(12, 2);
  }
  return out;
}

}  // namespace

const Version* Versions::find(std::string_view component) const {
  const auto found = std::find_if(components.begin(), components.end(),
                                  [component](const Version& v) { return v.component == component; });
  return found == components.end() ? nullptr : &*found;
}

std::optional<Release> release_of(std::string_view version) {
  const auto family = version.find(kFamily);
  if (family == std::string_view::npos) return std::nullopt;
  const auto numbers = version.substr(family + kFamily.size());
  const char* const end = numbers.data() + numbers.size();
  Release out;
  const auto major = std::from_chars(numbers.data(), end, out.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, out.minor);
  if (minor.ec != std::errc{} || (minor.ptr != end && *minor.ptr != '.')) return std::nullopt;
  return out;
}

Versions find_versions(const Image& image) {
  Versions out;
  for (std::size_t i = 0; i < image.segments.size(); ++i) {
    if (!image.segments[i].has_role(wire::mbn::Role::hash_segment)) {
      find_tagged(base::as_text(image.content(image.segments[i])), i, out);
    }
  }
  for (std::size_t i = 0; i < image.segments.size(); ++i) {
    if (image.segments[i].has_role(wire::mbn::Role::hash_segment)) continue;
    const auto text = base::as_text(image.content(image.segments[i]));
    find_bare(text, i, out);
    const auto build = text.find(kBuildTag);
    if (build != std::string_view::npos && !out.build)
      out.build = make_build(value_at(text, build + kBuildTag.size()));
  }
  return out;
}

}  // namespace qaic::firmware
