// System calls of the guest's first process. It is alone: what cannot go on
// ends the guest, with the reason on the console.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qaic::sim::vm::guest {

// Prints to the console and switches the machine off.
[[noreturn]] void give_up(const std::string& reason);
[[noreturn]] void power_off();

void make_folders(const std::string& path);  // like mkdir -p
void mount_at(const char* source, const std::string& target, const char* type, unsigned long flags,
              const std::string& options);
[[nodiscard]] std::string read_whole(const std::string& path);  // "" when it cannot be read
void copy_file(const std::string& from, const std::string& to);
// Loads a kernel module; "" or the reason why not.
[[nodiscard]] std::string load_module(const std::string& path, const std::string& parameters);
[[nodiscard]] std::vector<std::string> names_in(const std::string& folder);
void write_everything(int fd, std::string_view bytes);

}  // namespace qaic::sim::vm::guest
