#include "sim/vm/machine.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace qaic::sim::vm;

namespace {

Machine one_card() {
  Machine machine;
  machine.qemu = "/q";
  machine.kernel = "/k/kernel";
  machine.initramfs = "/s/initramfs";
  machine.console = "/s/console";
  machine.port = 7;
  machine.boards = {{"/s/card0.0"}};
  return machine;
}

// The value that follows an option, and whether any argument holds a text.
std::string after(const std::vector<std::string>& command, const std::string& option) {
  const auto at = std::find(command.begin(), command.end(), option);
  return at == command.end() || at + 1 == command.end() ? std::string() : at[1];
}
std::size_t count(const std::vector<std::string>& command, const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(command.begin(), command.end(),
                    [&](const std::string& argument) { return argument.find(text) != std::string::npos; }));
}

}  // namespace

TEST_CASE("QEMU runs by its own loader, with memory that the cards can see") {
  const auto command = qemu_command(one_card());
  CHECK(command[0] == "/q/usr/lib64/ld-linux-x86-64.so.2");
  CHECK(count(command, "memory-backend-memfd,id=mem,share=on,size=1024M") == 1);
  CHECK(count(command, R"("driver":"vfio-user-pci")") == 1);
  CHECK(count(command, R"("path":"/s/card0.0")") == 1);
  CHECK(count(command, "socket,id=port,fd=7") == 1);
}

TEST_CASE("each mode has its IOMMU and its kernel arguments") {
  Machine machine = one_card();
  machine.iommu = Iommu::off;
  CHECK(count(qemu_command(machine), "intel-iommu") == 0);
  machine.iommu = Iommu::remap;
  CHECK(count(qemu_command(machine), "intel-iommu,intremap=on") == 1);
  CHECK(after(qemu_command(machine), "-append").find("intel_iommu=off") != std::string::npos);
  machine.iommu = Iommu::strict;
  CHECK(count(qemu_command(machine), "caching-mode=on") == 1);
  CHECK(after(qemu_command(machine), "-append").find("intel_iommu=on iommu.strict=1") != std::string::npos);
}

TEST_CASE("the SoCs of a board stand behind a switch of their own") {
  Machine machine = one_card();
  machine.boards = {{"/a0", "/a1", "/a2", "/a3"}, {"/b"}};
  const auto command = qemu_command(machine);
  CHECK(count(command, "pcie-root-port") == 2);
  CHECK(count(command, "x3130-upstream") == 1);
  CHECK(count(command, "xio3130-downstream") == 4);
  CHECK(count(command, "vfio-user-pci") == 5);
}

TEST_CASE("the host's root is shared read-only, the plan's folders are not, commas survive") {
  Machine machine = one_card();
  machine.writable = {{"s0", "/home/a,b"}};
  const auto command = qemu_command(machine);
  CHECK(count(command, "id=qaic-root,path=/,security_model=none,multidevs=remap,readonly=on") == 1);
  CHECK(count(command, "id=s0,path=/home/a,,b,security_model=none,multidevs=remap") == 1);
  CHECK(count(command, "readonly=on") == 1);
  CHECK(count(command, "qaic-firmware") == 0);
}
