#include "sim/vm/kernel_log.hpp"

#include <doctest/doctest.h>

using namespace qaic::sim::vm;

TEST_CASE("a record of the kernel's log is shown as dmesg does") {
  CHECK(log_line("4,520,11038140,-;mhi mhi0: Requested to power ON\n SUBSYSTEM=pci\n") ==
        "[   11.038140] mhi mhi0: Requested to power ON");
  CHECK(log_line("6,1,0,-;x;y\n") == "[    0.000000] x;y");
  CHECK(log_priority("30,1,0,-;daemon, info\n") == 6);
  CHECK(log_priority("4,520,11038140,-;text\n") == 4);
}

TEST_CASE("a warning is kept from its first line to its end, and nothing else") {
  KernelComplaints complaints;
  for (const char* line :
       {"[    1.000000] qaic: all is well", "[    2.000000] ------------[ cut here ]------------",
        "[    2.000001] WARNING: CPU: 0 PID: 1 at drivers/accel/qaic/qaic_data.c:1 f+0x1/0x2",
        "[    2.000002] Call Trace:", "[    2.000003]  <TASK>", "[    2.000004]  f+0x1/0x2",
        "[    2.000005]  </TASK>", "[    2.000006] ---[ end trace 0000000000000000 ]---",
        "[    3.000000] qaic: going on"}) {
    complaints.take(line);
  }
  CHECK(complaints.count() == 1);
  REQUIRE(complaints.lines().size() == 6);
  CHECK(complaints.lines().front().find("WARNING: CPU: 0") != std::string::npos);
  CHECK(complaints.lines().back().find("end trace") != std::string::npos);
}

TEST_CASE("a call trace alone, a bug and a stuck task are complaints of their own") {
  KernelComplaints complaints;
  complaints.take("[    1.000000] Call Trace:");
  complaints.take("[    1.000001]  </TASK>");
  complaints.take("[    1.000002] one line after it");
  complaints.take("[    1.000003] not part of it");
  complaints.take("[    2.000000] BUG: kernel NULL pointer dereference, address: 0000000000000000");
  complaints.take("[   99.000000] INFO: task qaic:12 blocked for more than 120 seconds.");
  CHECK(complaints.count() == 3);
  for (const std::string& line : complaints.lines()) CHECK(line.find("not part") == std::string::npos);
}
