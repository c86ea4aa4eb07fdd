// qaic-conformance: every ioctl of an accel node, good and bad, as KTAP.
#include <fnmatch.h>
#include <getopt.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "conformance/errno_rows.hpp"
#include "conformance/groups.hpp"
#include "conformance/ktap.hpp"
#include "os/file.hpp"

namespace {

using namespace qaic;
using namespace qaic::conformance;

constexpr int kUsage = static_cast<int>(base::ErrorKind::usage);

constexpr char kHelp[] =
    "usage: qaic-conformance [--node PATH]... [--only GLOB]... [--kernel 6.12|7] [--network ELF]\n"
    "                        [--crash-network ELF] [--device-address ADDRESS] [--destructive | --fatal]\n"
    "                        [--list | --rows]\n"
    "Tries every ioctl of a Cloud AI 100 accel node, with good and bad arguments, and\n"
    "prints what the kernel driver did, as KTAP.\n"
    "  --node PATH      the node (default /dev/accel/accel0); a second one for cases that need\n"
    "                   two cards\n"
    "  --only GLOB      only the cases whose name matches; may be repeated\n"
    "  --kernel SERIES  whose behaviour is expected (default: what the driver looks like)\n"
    "  --network ELF    activate with this network; default: a bare activation\n"
    "  --device-address ADDRESS  where on the card data may be written\n"
    "  --crash-network ELF  for the cases about a network that dies: one that does so at the\n"
    "                   first doorbell of its first multicast window\n"
    "  --destructive    also the cases that reset the card, take the driver off it, and ask\n"
    "                   for more than the machine has\n"
    "  --fatal          also the cases that may bring the kernel down; implies --destructive\n"
    "  --rows           print which case provokes which errno of the driver, touch nothing\n"
    "  --list           print the names of the cases, touch nothing\n"
    "  -h, --help       print this\n"
    "  --version        print the version\n";

std::vector<Case> select(const std::vector<std::string>& globs, Hazard worst) {
  std::vector<Case> out;
  for (const Case& one : all_cases()) {
    if (one.hazard > worst) continue;
    bool wanted = globs.empty();
    for (const std::string& glob : globs) wanted = wanted || ::fnmatch(glob.c_str(), one.name, 0) == 0;
    if (wanted) out.push_back(one);
  }
  return out;
}

// The series as the driver itself shows it: 7.x has the state of each DBC in sysfs.
Kernel kernel_of(const std::string& node) {
  const std::string name = node.substr(node.find_last_of('/') + 1);
  return os::file_kind("/sys/class/accel/" + name + "/dbc0_state") == os::FileKind::missing ? Kernel::v6_12
                                                                                            : Kernel::v7;
}

int usage(const std::string& what) {
  std::fprintf(stderr, "qaic-conformance: %s\nhint: qaic-conformance --help\nid: usage\n", what.c_str());
  return kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  static constexpr option kOptions[] = {{"node", required_argument, nullptr, 'n'},
                                        {"only", required_argument, nullptr, 'o'},
                                        {"kernel", required_argument, nullptr, 'k'},
                                        {"network", required_argument, nullptr, 'e'},
                                        {"device-address", required_argument, nullptr, 'a'},
                                        {"crash-network", required_argument, nullptr, 'c'},
                                        {"destructive", no_argument, nullptr, 'd'},
                                        {"fatal", no_argument, nullptr, 'f'},
                                        {"rows", no_argument, nullptr, 'r'},
                                        {"list", no_argument, nullptr, 'l'},
                                        {"help", no_argument, nullptr, 'h'},
                                        {"version", no_argument, nullptr, 'V'},
                                        {nullptr, 0, nullptr, 0}};
  Settings settings;
  std::vector<std::string> globs;
  std::string kernel;
  bool list = false;
  bool rows = false;
  std::vector<std::string> nodes;
  Hazard worst = Hazard::none;
  for (int option = 0; (option = ::getopt_long(argc, argv, "h", kOptions, nullptr)) != -1;) {
    switch (option) {
      case 'n':
        nodes.emplace_back(optarg);
        break;
      case 'c':
        settings.crash_network = optarg;
        break;
      case 'd':
        worst = std::max(worst, Hazard::destructive);
        break;
      case 'f':
        worst = Hazard::fatal;
        break;
      case 'r':
        rows = true;
        break;
      case 'o':
        globs.emplace_back(optarg);
        break;
      case 'k':
        kernel = optarg;
        break;
      case 'e':
        settings.network = optarg;
        break;
      case 'a': {
        char* end = nullptr;
        errno = 0;
        settings.device_address = std::strtoull(optarg, &end, 0);
        if (errno != 0 || end == optarg || *end != '\0')
          return usage("not an address: " + std::string(optarg));
        break;
      }
      case 'l':
        list = true;
        break;
      case 'h':
        std::fputs(kHelp, stdout);
        return 0;
      case 'V':
        std::puts("qaic-conformance " QAIC_VERSION);
        return 0;
      default:
        return kUsage;
    }
  }
  if (optind != argc) return usage("not an option: " + std::string(argv[optind]));
  if (!kernel.empty() && kernel != "6.12" && kernel != "7")
    return usage("kernel is 6.12 or 7, not " + kernel);
  if (nodes.size() > 2) return usage("two nodes at most");
  if (!nodes.empty()) settings.node = nodes.front();
  if (nodes.size() == 2) settings.second_node = nodes.back();
  if (rows) {
    std::fputs(errno_rows_text().c_str(), stdout);
    return 0;
  }
  const std::vector<Case> cases = select(globs, worst);
  if (cases.empty()) return usage("no case matches");
  if (list) {
    for (const Case& one : cases) std::puts(one.name);
    return 0;
  }
  {
    const auto node = os::open_file(settings.node, os::OpenMode::read_write);
    if (!node.has_value()) {
      const base::Error& error = node.error();
      std::fprintf(stderr, "qaic-conformance: %s\nhint: %s\nid: %s\n", error.what.c_str(),
                   error.hint.empty() ? "--node PATH names another node" : error.hint.c_str(),
                   error.id.c_str());
      return static_cast<int>(error.kind);
    }
    settings.kernel = kernel.empty() ? kernel_of(settings.node) : kernel == "7" ? Kernel::v7 : Kernel::v6_12;
  }
  return run_all(settings, cases).not_ok == 0 ? 0 : static_cast<int>(base::ErrorKind::verdict);
}
