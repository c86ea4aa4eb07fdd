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

// Replaces the beginning of a small file by `text`, in one step for readers.
void overwrite_at(int folder, const std::string& path, std::string_view text);

[[nodiscard]] std::uint64_t file_position(int fd);
void set_file_position(int fd, std::uint64_t position);

[[nodiscard]] std::optional<std::string> working_folder();
// Stays where it is when that folder cannot be entered.
void change_folder(const std::string& path);

}  // namespace qaic::os
