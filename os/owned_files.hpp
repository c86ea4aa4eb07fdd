// Small operations on files and folders that the process holds open.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "os/foreign_process.hpp"

namespace qaic::os {

// The entry `name` of the open folder.
[[nodiscard]] std::optional<FileIdentity> identity_at(int folder, const std::string& name);

// Makes `text` the content of a small file, in place; for readers in one step
// unless it gets shorter.
void overwrite_at(int folder, const std::string& path, std::string_view text);

// Who may do what with an entry, and whose it is; nothing if it is not there.
struct Permissions {
  unsigned mode = 0;
  unsigned user = 0;
};
[[nodiscard]] std::optional<Permissions> permissions_at(int folder, const std::string& path);
// Whether the kernel would let a user do that (4 read, 2 write); the bits of the
// group count for nobody, root may everything.
[[nodiscard]] bool permits(const Permissions& permissions, unsigned user, unsigned wanted);

// How far the file can be sought; 0 if it cannot.
[[nodiscard]] std::uint64_t file_end(int fd);
[[nodiscard]] std::uint64_t file_position(int fd);
void set_file_position(int fd, std::uint64_t position);

[[nodiscard]] std::optional<std::string> working_folder();
// Stays where it is when that folder cannot be entered.
void change_folder(const std::string& path);

}  // namespace qaic::os
