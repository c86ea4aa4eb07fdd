// User, mount and network namespaces of the calling process (single-threaded
// callers only), and mounts in them.
#pragma once

#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::os {

// Has the calling process the right to make mount and network namespaces?
[[nodiscard]] bool may_make_namespaces();

// Moves the calling process into a new user namespace in which it keeps its
// own user and group id and holds all capabilities until it executes a program.
// When the host forbids it, the error (kind unsupported) names the setting.
// Error ids: namespace-user.
[[nodiscard]] base::Result<void> enter_user_namespace();

// The calling process' user namespace, for join_user_namespace() of another
// process of the same user. Error ids: namespace-user.
[[nodiscard]] base::Result<Fd> own_user_namespace();
// Moves the calling process there, with all capabilities in it as above.
[[nodiscard]] base::Result<void> join_user_namespace(const Fd& user_namespace);

// Gives the calling process its own mounts: a copy that still follows the
// host's. Error ids: namespace-mount.
[[nodiscard]] base::Result<void> enter_mount_namespace();

// Gives the calling process its own, empty network. Error ids: namespace-net.
[[nodiscard]] base::Result<void> enter_network_namespace();

// Mounts an empty memory file system over a folder.
[[nodiscard]] base::Result<void> mount_memory_folder(const std::string& path);
// Shows `source`, all that is mounted in it included, at `target`.
[[nodiscard]] base::Result<void> mount_again(const std::string& source, const std::string& target);
// The folder as a mount of its own that only the descriptor's holder sees.
[[nodiscard]] base::Result<Fd> detached_mount(const std::string& path);
// The same with everything that is mounted below it.
[[nodiscard]] base::Result<Fd> detached_mounts(const std::string& path);
// Puts such a copy at a folder.
[[nodiscard]] base::Result<void> attach_mount(const Fd& mount, const std::string& path);
// Nothing can be changed through the mount at `path` any more.
[[nodiscard]] base::Result<void> make_mount_read_only(const std::string& path);

}  // namespace qaic::os
