// What a guest is given: its initramfs, and which folders of the host.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "sim/vm/guest_plan.hpp"
#include "sim/vm/preparation.hpp"

namespace qaic::sim::vm {

// An initramfs with the guest's first process, the bundle's modules and driver,
// and `plan` completed with their names. Error ids: those of files.
[[nodiscard]] base::Result<std::string> guest_initramfs(const Bundle& bundle,
                                                        const std::string& first_process, GuestPlan plan);

// These folders without those that lie in another one, and without "/"; each
// with a tag of its own.
[[nodiscard]] std::vector<Share> writable_shares(std::vector<std::string> folders);

}  // namespace qaic::sim::vm
