#include "lib/sysfs/visible.hpp"

#include <charconv>

namespace qaic::sysfs {

base::Result<std::vector<std::uint32_t>> parse_visible_devices(std::string_view text) {
  std::vector<std::uint32_t> qids;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::uint32_t qid = 0;
    const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), qid);
    const auto used = static_cast<std::size_t>(stop - rest.data());
    const bool more = used < rest.size() && rest[used] == ',';
    const bool ends = used == rest.size();
    if (error != std::errc() || (!more && !ends) || (more && used + 1 == rest.size())) {
      return base::fail(base::make_error(
          base::ErrorKind::usage, "visible-devices",
          "QAIC_VISIBLE_DEVICES is \"" + std::string(text) + "\", which is not a list of card numbers",
          "set it to numbers of qaic-util list, such as 0,2, or unset it"));
    }
    qids.push_back(qid);
    rest.remove_prefix(more ? used + 1 : used);
  }
  return qids;
}

}  // namespace qaic::sysfs
