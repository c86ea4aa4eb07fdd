#include "sim/vm/guest_files.hpp"

#include <algorithm>
#include <utility>

#include "os/file.hpp"
#include "sim/vm/initramfs.hpp"

namespace qaic::sim::vm {
namespace {

constexpr std::size_t kLargestFile = 64 * 1024 * 1024;  // bytes

}  // namespace

base::Result<std::string> guest_initramfs(const Bundle& bundle, const std::string& first_process,
                                          GuestPlan plan) {
  Initramfs archive;
  archive.add_folder("dev");
  archive.add_character_device("dev/console", 5, 1);
  QAIC_TRY(const auto init, os::read_file(first_process, kLargestFile));
  archive.add_program("init", base::as_text(init));
  archive.add_folder("modules");
  for (const std::string& module : bundle.modules) {
    QAIC_TRY(const auto content, os::read_file(module, kLargestFile));
    const std::string path = "modules" + module.substr(module.rfind('/'));
    archive.add_file(path, base::as_text(content));
    plan.modules.push_back("/" + path);
  }
  if (!bundle.driver.empty()) {
    QAIC_TRY(const auto content, os::read_file(bundle.driver, kLargestFile));
    archive.add_file("modules/qaic.ko", base::as_text(content));
    plan.driver = "/modules/qaic.ko";
  }
  archive.add_file(kPlanFile + 1, encode_plan(plan));
  return archive.finish();
}

std::vector<Share> writable_shares(std::vector<std::string> folders) {
  std::sort(folders.begin(), folders.end());  // a folder comes before what is in it
  std::vector<Share> out;
  for (const std::string& folder : folders) {
    const bool inside = std::any_of(out.begin(), out.end(), [&](const Share& share) {
      return folder == share.path || folder.starts_with(share.path + "/");
    });
    if (folder != "/" && !inside) out.push_back({"qaic-share" + std::to_string(out.size()), folder});
  }
  return out;
}

}  // namespace qaic::sim::vm
