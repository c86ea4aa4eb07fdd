#include "lib/firmware/report_json.hpp"

#include <optional>

#include "base/json_writer.hpp"

namespace qaic::firmware {
namespace {

using base::JsonWriter;

void optional_text(JsonWriter& json, std::string_view key, const std::optional<std::string>& text) {
  json.key(key);
  if (text) {
    json.string(*text);
  } else {
    json.null();
  }
}

template <class T>
void optional_number(JsonWriter& json, std::string_view key, const std::optional<T>& number) {
  json.key(key);
  if (number) {
    json.number(std::uint64_t{*number});
  } else {
    json.null();
  }
}

void error_object(JsonWriter& json, const base::Error& error) {
  json.begin_object();
  json.key("id").string(error.id);
  json.key("what").string(error.what);
  json.key("hint").string(error.hint);
  json.end_object();
}

std::string_view machine_name(std::uint16_t machine) {
  if (machine == wire::mbn::kMachineAarch64) return "aarch64";
  if (machine == wire::mbn::kMachineHexagon) return "hexagon";
  return "other";
}

std::string_view role_name(const Segment& segment) {
  if (segment.has_role(wire::mbn::Role::headers)) return "headers";
  if (segment.has_role(wire::mbn::Role::hash_segment)) return "hash_segment";
  return "ordinary";
}

void elf_object(JsonWriter& json, const Report& report) {
  json.key("elf");
  if (!report.class_bits || !report.machine) {
    json.null();
    return;
  }
  json.begin_object();
  json.key("class_bits").number(*report.class_bits);
  json.key("machine").string(machine_name(*report.machine));
  json.key("machine_number").number(std::uint32_t{*report.machine});
  json.key("segments").begin_array();
  for (const auto& segment : report.segments) {
    json.begin_object();
    json.key("role").string(role_name(segment));
    json.key("type").hex(segment.type);
    json.key("flags").hex(segment.flags);
    json.key("offset_bytes").number(segment.offset);
    json.key("file_size_bytes").number(segment.file_size);
    json.key("memory_size_bytes").number(segment.memory_size);
    json.end_object();
  }
  json.end_array().end_object();
}

void certificate_object(JsonWriter& json, const Certificate& certificate) {
  json.begin_object();
  json.key("subject").string(certificate.subject);
  json.key("issuer").string(certificate.issuer);
  json.key("not_before").string(certificate.not_before);
  json.key("not_after").string(certificate.not_after);
  json.key("sha384").string(certificate.sha384);
  json.end_object();
}

void signer_object(JsonWriter& json, const Report& report) {
  json.key("signer");
  if (report.certificates.empty()) {
    json.null();
    return;
  }
  json.begin_object();
  json.key("certificates").begin_array();
  for (const auto& certificate : report.certificates) certificate_object(json, certificate);
  json.end_array();
  json.key("root");
  if (report.root) {
    json.begin_object();
    json.key("sha384").string(report.certificates.back().sha384);
    json.key("label").string(report.root->label);
    json.key("proves").string(report.root->proves);
    json.end_object();
  } else {
    json.null();
  }
  json.end_object();
}

void versions_object(JsonWriter& json, const Report& report) {
  json.key("versions");
  if (!report.versions) {
    json.null();
    return;
  }
  json.begin_array();
  for (const auto& version : report.versions->components) {
    json.begin_object();
    json.key("component").string(version.component);
    json.key("text").string(version.text);
    optional_text(json, "release", version.release ? std::optional(version.release->text()) : std::nullopt);
    optional_text(json, "variant", version.variant);
    optional_text(json, "oem", version.oem);
    json.key("segment").number(std::uint64_t{version.segment});
    json.end_object();
  }
  json.end_array();
  json.key("build");
  if (const auto& build = report.versions->build) {
    json.begin_object();
    json.key("text").string(build->text);
    optional_text(json, "uuid", build->uuid);
    optional_text(json, "time", build->time);
    json.end_object();
  } else {
    json.null();
  }
}

}  // namespace

std::string to_json(const Report& report) {
  JsonWriter json;
  json.begin_object();
  json.key("schema").string(kImageSchema);
  json.key("name").string(report.name);
  json.key("size_bytes").number(report.size);
  json.key("sha384").string(report.sha384);
  json.key("verdict").string(verdict_name(report.verdict));
  json.key("failure");
  if (report.failure) {
    error_object(json, *report.failure);
  } else {
    json.null();
  }
  json.key("checks").begin_array();
  for (const auto check : kChecks) {
    json.begin_object();
    json.key("check").string(check_name(check));
    json.key("outcome").string(outcome_name(report.outcome(check)));
    json.end_object();
  }
  json.end_array();
  json.key("notes").begin_array();
  for (const auto& note : report.notes) json.string(note);
  json.end_array();
  elf_object(json, report);
  optional_number(json, "hash_segment", report.hash_segment);
  json.key("software_id");
  if (report.software_id) {
    json.hex(*report.software_id);
  } else {
    json.null();
  }
  optional_number(json, "uncovered_bytes",
                  report.uncovered ? std::optional(report.uncovered->bytes) : std::nullopt);
  optional_number(json, "uncovered_not_fill_bytes",
                  report.uncovered ? std::optional(report.uncovered->not_fill) : std::nullopt);
  signer_object(json, report);
  versions_object(json, report);
  json.end_object();
  return json.take();
}

std::string to_json(const SetReport& report) {
  JsonWriter json;
  json.begin_object();
  json.key("schema").string(kSetSchema);
  json.key("consistent");
  if (report.consistent()) {
    json.boolean_true();
  } else {
    json.boolean_false();
  }
  json.key("releases").begin_object();
  for (const auto& [name, release] : report.releases) json.key(name).string(release.text());
  json.end_object();
  json.key("findings").begin_array();
  for (const auto& finding : report.findings) error_object(json, finding);
  json.end_array();
  json.key("absent").begin_array();
  for (const auto& name : report.absent) json.string(name);
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace qaic::firmware
