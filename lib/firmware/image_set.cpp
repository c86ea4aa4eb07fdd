#include "lib/firmware/image_set.hpp"

#include <algorithm>
#include <set>

#include "lib/firmware/catalogue.hpp"

namespace qaic::firmware {
SetReport check_set(const std::vector<const Report*>& images) {
  SetReport out;
  for (const auto& known : known_images()) {
    const auto found = std::find_if(images.begin(), images.end(),
                                    [&known](const Report* image) { return image->name == known.file; });
    if (found == images.end()) {
      out.absent.emplace_back(known.file);
      continue;
    }
    const Report& image = **found;
    if (known.component.empty() || image.verdict != Verdict::good || !image.versions) continue;
    const auto* version = image.versions->find(known.component);
    if (version != nullptr && version->release) out.releases.emplace(image.name, *version->release);
  }
  std::set<Release> different;
  std::string list;
  for (const auto& [name, release] : out.releases) {
    different.insert(release);
    list += (list.empty() ? "" : ", ") + name + " is " + release.text();
  }
  if (different.size() > 1) {
    out.findings.push_back(base::make_error(base::ErrorKind::verdict, "fw-set-mixed",
                                            "images of different releases are installed together: " + list,
                                            "install all images from one package"));
  }
  return out;
}

}  // namespace qaic::firmware
