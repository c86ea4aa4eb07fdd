#include "sim/vm/guest_plan.hpp"

#include <charconv>

namespace qaic::sim::vm {
namespace {

// Every field is "KEY=VALUE" ended by a NUL, which no value can hold.
void put(std::string& out, std::string_view key, std::string_view value) {
  out.append(key).append("=").append(value).push_back('\0');
}

bool number(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

bool apply(GuestPlan& plan, std::string_view key, std::string_view value) {
  std::uint64_t count = 0;
  if (key == "module") {
    plan.modules.emplace_back(value);
  } else if (key == "driver") {
    plan.driver = value;
  } else if (key == "driver-parameters") {
    plan.driver_parameters = value;
  } else if (key == "nodes") {
    if (!number(value, count)) return false;
    plan.nodes = static_cast<unsigned>(count);
  } else if (key == "ready-timeout") {
    return number(value, plan.ready_timeout_ms);
  } else if (key == "firmware") {
    plan.firmware_tag = value;
  } else if (key == "share") {
    const auto space = value.find(' ');
    if (space == std::string_view::npos) return false;
    plan.writable.push_back({std::string(value.substr(0, space)), std::string(value.substr(space + 1))});
  } else if (key == "folder") {
    plan.folder = value;
  } else if (key == "umask") {
    return number(value, plan.umask);
  } else if (key == "argument") {
    plan.command.emplace_back(value);
  } else if (key == "environment") {
    plan.environment.emplace_back(value);
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::string encode_plan(const GuestPlan& plan) {
  std::string out;
  for (const std::string& module : plan.modules) put(out, "module", module);
  put(out, "driver", plan.driver);
  put(out, "driver-parameters", plan.driver_parameters);
  put(out, "nodes", std::to_string(plan.nodes));
  put(out, "ready-timeout", std::to_string(plan.ready_timeout_ms));
  put(out, "firmware", plan.firmware_tag);
  for (const Share& share : plan.writable) put(out, "share", share.tag + " " + share.path);
  put(out, "folder", plan.folder);
  put(out, "umask", std::to_string(plan.umask));
  for (const std::string& argument : plan.command) put(out, "argument", argument);
  for (const std::string& variable : plan.environment) put(out, "environment", variable);
  return out;
}

base::Result<GuestPlan> decode_plan(std::string_view text) {
  GuestPlan plan;
  while (!text.empty()) {
    const auto end = text.find('\0');
    const auto equals = text.find('=');
    if (end == std::string_view::npos || equals == std::string_view::npos || equals > end ||
        !apply(plan, text.substr(0, equals), text.substr(equals + 1, end - equals - 1))) {
      return base::fail(
          base::make_error(base::ErrorKind::internal, "vm-plan", "the guest's plan is malformed"));
    }
    text.remove_prefix(end + 1);
  }
  return plan;
}

}  // namespace qaic::sim::vm
