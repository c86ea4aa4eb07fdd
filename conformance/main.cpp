// qaic-conformance: every ioctl of an accel node, good and bad, as KTAP.
#include <fnmatch.h>
#include <getopt.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "conformance/groups.hpp"
#include "conformance/ktap.hpp"
#include "os/file.hpp"

namespace {

using namespace qaic;
using namespace qaic::conformance;

constexpr int kUsage = static_cast<int>(base::ErrorKind::usage);

constexpr char kHelp[] =
    "usage: qaic-conformance [--node PATH] [--only GLOB]... [--kernel 6.12|7] [--network ELF]\n"
    "                        [--device-address ADDRESS] [--list]\n"
    "Tries every ioctl of a Cloud AI 100 accel node, with good and bad arguments, and\n"
    "prints what the kernel driver did, as KTAP.\n"
    "  --node PATH      the node (default /dev/accel/accel0)\n"
    "  --only GLOB      only the cases whose name matches; may be repeated\n"
    "  --kernel SERIES  whose behaviour is expected (default: what the driver looks like)\n"
    "  --network ELF    activate with this network; default: a bare activation\n"
    "  --device-address ADDRESS  where on the card data may be written\n"
    "  --list           print the names of the cases, touch nothing\n"
    "  -h, --help       print this\n"
    "  --version        print the version\n";

std::vector<Case> select(const std::vector<std::string>& globs) {
  std::vector<Case> out;
  for (const auto group : {node_cases(), manage_cases(), transaction_cases(), bo_cases(), mmap_cases(),
                           slice_cases(), execute_cases(), partial_cases(), semaphore_cases(),
                           doorbell_cases(), wait_cases(), perf_cases(), lifetime_cases()}) {
    for (const Case& one : group) {
      bool wanted = globs.empty();
      for (const std::string& glob : globs) wanted = wanted || ::fnmatch(glob.c_str(), one.name, 0) == 0;
      if (wanted) out.push_back(one);
    }
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
                                        {"list", no_argument, nullptr, 'l'},
                                        {"help", no_argument, nullptr, 'h'},
                                        {"version", no_argument, nullptr, 'V'},
                                        {nullptr, 0, nullptr, 0}};
  Settings settings;
  std::vector<std::string> globs;
  std::string kernel;
  bool list = false;
  for (int option = 0; (option = ::getopt_long(argc, argv, "h", kOptions, nullptr)) != -1;) {
    switch (option) {
      case 'n':
        settings.node = optarg;
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
  const std::vector<Case> cases = select(globs);
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
