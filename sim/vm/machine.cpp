#include "sim/vm/machine.hpp"

namespace qaic::sim::vm {
namespace {

// A comma ends a value in QEMU's options; doubled, it is part of it.
std::string value(const std::string& text) {
  std::string out;
  for (const char c : text) out.append(c == ',' ? 2 : 1, c);
  return out;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

std::string libraries(const Machine& machine) {
  return machine.qemu + "/usr/lib/x86_64-linux-gnu";
}

void share(std::vector<std::string>& out, const std::string& tag, const std::string& path, bool read_only) {
  // Below one folder there can be several file systems with the same numbers.
  out.insert(out.end(), {"-fsdev",
                         "local,id=" + tag + ",path=" + value(path) + ",security_model=none,multidevs=remap" +
                             (read_only ? ",readonly=on" : ""),
                         "-device", "virtio-9p-pci,fsdev=" + tag + ",mount_tag=" + tag});
}

void attach(std::vector<std::string>& out, const std::string& socket, const std::string& bus) {
  // A card that computes may answer late where the host is slow.
  out.insert(out.end(), {"-device", R"({"driver":"vfio-user-pci","bus":)" + quoted(bus) +
                                        R"(,"x-msg-timeout":30000,"socket":{"type":"unix","path":)" +
                                        quoted(socket) + "}}"});
}

void add_boards(std::vector<std::string>& out, const std::vector<BoardSockets>& boards) {
  for (std::size_t board = 0; board < boards.size(); ++board) {
    const std::string port = "board" + std::to_string(board);
    out.insert(out.end(), {"-device", "pcie-root-port,id=" + port + ",chassis=" + std::to_string(board + 1)});
    if (boards[board].size() == 1) {
      attach(out, boards[board][0], port);
      continue;
    }
    out.insert(out.end(), {"-device", "x3130-upstream,id=" + port + "-switch,bus=" + port});
    for (std::size_t soc = 0; soc < boards[board].size(); ++soc) {
      const std::string slot = port + "-soc" + std::to_string(soc);
      out.insert(out.end(), {"-device", "xio3130-downstream,id=" + slot + ",bus=" + port +
                                            "-switch,chassis=" + std::to_string(100 + 16 * board + soc) +
                                            ",slot=" + std::to_string(soc)});
      attach(out, boards[board][soc], slot);
    }
  }
}

}  // namespace

std::vector<std::string> qemu_command(const Machine& machine) {
  const std::string memory = std::to_string(machine.memory_mib) + "M";
  std::string append =
      "console=ttyS0 panic=-1 loglevel=5 mitigations=off random.trust_cpu=1"
      // On a busy host the emulated timer comes late, which is no defect of it.
      " no_timer_check tsc=reliable firmware_class.path=";
  append += kFirmwareInGuest;
  std::vector<std::string> out{
      machine.qemu + "/usr/lib64/ld-linux-x86-64.so.2", "--library-path",
      libraries(machine) + ":" + libraries(machine) + "/pulseaudio",
      machine.qemu + "/usr/bin/qemu-system-x86_64", "-L", machine.qemu + "/usr/share/qemu", "-L",
      machine.qemu + "/usr/share/seabios", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", memory, "-smp",
      std::to_string(machine.cpus),
      // The cards see the guest's memory by its descriptor.
      "-object", "memory-backend-memfd,id=mem,share=on,size=" + memory, "-machine", "q35,memory-backend=mem",
      "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-chardev",
      "file,id=console,path=" + value(machine.console), "-serial", "chardev:console", "-kernel",
      machine.kernel, "-initrd", machine.initramfs, "-device", "virtio-serial-pci", "-chardev",
      "socket,id=port,fd=" + std::to_string(machine.port), "-device",
      std::string("virtserialport,chardev=port,name=") + kPortName};
  switch (machine.iommu) {
    case Iommu::off:
      break;
    case Iommu::remap:
      append += " intel_iommu=off";
      out.insert(out.end(), {"-device", "intel-iommu,intremap=on"});
      break;
    case Iommu::strict:
      append += " intel_iommu=on iommu.strict=1";
      out.insert(out.end(), {"-device", "intel-iommu,intremap=on,caching-mode=on"});
      break;
  }
  if (!machine.kernel_arguments.empty()) append += " " + machine.kernel_arguments;
  out.insert(out.end(), {"-append", append});
  share(out, kRootTag, "/", true);
  if (!machine.firmware.empty()) share(out, kFirmwareTag, machine.firmware, true);
  for (const Share& folder : machine.writable) share(out, folder.tag, folder.path, false);
  add_boards(out, machine.boards);
  return out;
}

std::string qemu_module_folder(const Machine& machine) {
  return "QEMU_MODULE_DIR=" + libraries(machine) + "/qemu";
}

}  // namespace qaic::sim::vm
