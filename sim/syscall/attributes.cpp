// Attributes that are written: opening them and what a write does.
#include <fcntl.h>

#include <cerrno>
#include <charconv>
#include <climits>
#include <utility>

#include "os/owned_files.hpp"
#include "os/sealed_memory.hpp"
#include "sim/syscall/open_node.hpp"

namespace qaic::sim::syscall {

namespace {

using CloseOnExec = os::SeccompListener::CloseOnExec;

// As the kernel's kstrtoul(text, 0, …): one newline may follow.
template <class Number>
int parse(std::string_view text, Number& out) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
  }
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  if (error == std::errc::result_out_of_range) return -ERANGE;
  return error == std::errc{} && rest == text.data() + text.size() ? 0 : -EINVAL;
}

}  // namespace

// Where a program finds the nodes and attributes: after they came or went.
void Supervisor::locate(Run& run) const {
  run.nodes.clear();
  run.attributes.clear();
  for (std::size_t slot = 0; slot < options_.nodes.size(); ++slot) {
    const std::string name = "accel" + std::to_string(options_.sys.topology.slots[slot].minor);
    if (const auto identity = os::identity_at(run.accel.get(), name)) run.nodes[*identity] = slot;
  }
  for (std::size_t i = 0; i < attributes_.size(); ++i) {
    if (const auto identity = os::identity_at(run.sys.get(), attributes_[i].path)) {
      run.attributes[*identity] = i;
    }
  }
}

void Supervisor::refresh() {
  attributes_ = writable_attributes(options_.sys);
  View now = view();
  os::FileTree nodes;
  for (const auto& [id, run] : runs_) {
    os::update_tree(run->sys.get(), run->shown.sys, now.sys);
    os::update_tree(run->accel.get(), run->shown.dev.folders().at("accel"), now.dev.folders().at("accel"));
    run->shown = now;
    locate(*run);
  }
}

void Supervisor::show_attribute(const std::string& path, const std::string& text) {
  for (const auto& [id, run] : runs_) {
    os::overwrite_at(run->sys.get(), path, text);
    run->shown.sys.set_content(path, text);
  }
}

int Supervisor::open_attribute(Run& run, const os::Notification& call, std::size_t index,
                               std::uint64_t flags) {
  const WritableAttribute& attribute = attributes_[index];
  const auto permissions = os::permissions_at(run.sys.get(), attribute.path);
  const auto user = os::user_of(call.thread);
  if (!permissions || !user || !run.listener->valid(call.id)) return -ENODEV;
  const bool reads = (flags & O_ACCMODE) == O_RDWR;
  if (!os::permits(*permissions, *user, reads ? 6U : 2U)) return -EACCES;
  if ((flags & O_DIRECTORY) != 0) return -ENOTDIR;
  if ((flags & (O_EXCL | O_CREAT)) == (O_EXCL | O_CREAT)) return -EEXIST;
  std::erase_if(open_attributes_, [](const auto& open) { return os::open_only_here(open.file.get()); });
  auto file = os::constant_memory_file("attribute", attribute.content);
  if (!file) return -ENOMEM;
  const auto identity = os::identity_of_fd(file->get());
  const auto own = os::reopen(file->get(), static_cast<int>(flags & O_ACCMODE) | O_CLOEXEC);
  if (!identity || !own) return -ENFILE;
  const int result = run.listener->respond_with_fd(
      call.id, own->get(), (flags & O_CLOEXEC) != 0 ? CloseOnExec::yes : CloseOnExec::no);
  if (result == 0) open_attributes_.push_back({std::move(*file), *identity, attribute});
  return result;
}

void Supervisor::handle_write(Run& run, const os::Notification& call) {
  constexpr std::size_t kLongest = 31;  // the filter's limit
  if (open_attributes_.empty()) {
    (void)run.listener->pass(call.id);
    return;
  }
  const auto identity = os::identity_of_foreign_fd(call.thread, static_cast<std::int32_t>(call.arguments[0]));
  const auto at = std::find_if(open_attributes_.begin(), open_attributes_.end(),
                               [&](const auto& open) { return identity && open.identity == *identity; });
  if (at == open_attributes_.end()) {
    (void)run.listener->pass(call.id);
    return;
  }
  std::array<std::byte, kLongest> bytes{};
  const std::uint64_t count = call.arguments[2];
  int result = -EINVAL;
  if (count <= kLongest) {
    const auto text = base::MutableBytes(bytes).first(static_cast<std::size_t>(count));
    if (!os::read_memory(call.thread, call.arguments[1], text)) {
      result = -EFAULT;
    } else if (run.listener->valid(call.id)) {
      const WritableAttribute attribute = at->attribute;
      result = write_attribute(attribute, base::as_text(text));
    }
  }
  (void)run.listener->respond(call.id, result < 0 ? result : static_cast<std::int64_t>(count));
}

int Supervisor::write_attribute(const WritableAttribute& attribute, std::string_view text) {
  using Action = WritableAttribute::Action;
  const std::size_t slot = attribute.slot;
  driver::Driver& driver = *options_.nodes[slot].driver;
  SlotState& state = options_.sys.states[slot];
  unsigned long number = 0;
  switch (attribute.action) {
    case Action::reset_soc:  // whatever is written
      if (!state.bound) return -ENODEV;
      driver.reset_soc();
      publish(slot);
      return 0;
    case Action::reset_pci:
      if (const int error = parse(text, number); error != 0 || number != 1) return -EINVAL;
      if (!state.present) return -ENODEV;
      driver.reset_pci();
      publish(slot);
      return 0;
    case Action::remove:
      if (parse(text, number) != 0) return -EINVAL;
      if (!state.present) return -ENODEV;
      if (number != 0) pull_out(slot);
      return 0;
    case Action::rescan:
      if (parse(text, number) != 0) return -EINVAL;
      if (number != 0) rescan();
      return 0;
    case Action::drop_dump:
      drop_dump(slot);
      return 0;
    case Action::bind:
    case Action::unbind: {
      if (text.ends_with('\n')) text.remove_suffix(1);
      const auto& slots = options_.sys.topology.slots;
      const auto at = std::find_if(slots.begin(), slots.end(),
                                   [&](const Slot& other) { return other.address.text() == text; });
      if (at == slots.end()) return -ENODEV;
      const auto found = static_cast<std::size_t>(at - slots.begin());
      if (!options_.sys.states[found].present) return -ENODEV;
      const bool bind = attribute.action == Action::bind;
      if (options_.sys.states[found].bound == bind) return bind ? -EBUSY : -ENODEV;
      set_bound(found, bind);
      return 0;
    }
    case Action::control_timeout:
    case Action::wait_timeout: {
      unsigned value = 0;
      if (const int error = parse(text, value); error != 0) return error;
      auto& parameters = options_.sys.parameters;
      if (attribute.action == Action::control_timeout) {
        parameters.control_resp_timeout = std::chrono::seconds(value);
      } else {
        parameters.wait_exec_default_timeout = std::chrono::milliseconds(value);
      }
      for (const Node& node : options_.nodes) {
        node.driver->set_timeouts(parameters.control_resp_timeout, parameters.wait_exec_default_timeout);
      }
      attributes_ = writable_attributes(options_.sys);
      show_attribute(attribute.path, std::to_string(value) + "\n");
      return 0;
    }
  }
  return -EINVAL;
}

}  // namespace qaic::sim::syscall
