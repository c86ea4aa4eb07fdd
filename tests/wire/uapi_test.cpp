// kernel-interface §1.2-1.4
#include "wire/uapi.hpp"

#include <doctest/doctest.h>

#include <cstddef>

using namespace qaic::wire::uapi;

TEST_CASE("ioctl numbers are the ones that the kernel's header composes") {
  CHECK(kIoctlManage == 0xc0106440U);
  CHECK(kIoctlCreateBo == 0xc0106441U);
  CHECK(kIoctlMmapBo == 0xc0106442U);
  CHECK(kIoctlAttachSliceBo == 0x40206443U);
  CHECK(kIoctlExecuteBo == 0x40106444U);
  CHECK(kIoctlPartialExecuteBo == 0x40106445U);
  CHECK(kIoctlWaitBo == 0x40106446U);
  CHECK(kIoctlPerfStatsBo == 0xc0106447U);
  CHECK(kIoctlDetachSliceBo == 0x40086448U);
  CHECK(kIoctlDrmVersion == 0xc0406400U);
  CHECK(kIoctlDrmGemClose == 0x40086409U);
  CHECK(kIoctlDrmPrimeHandleToFd == 0xc00c642dU);
  CHECK(kIoctlDrmPrimeFdToHandle == 0xc00c642eU);
  CHECK(kIoctlDrmGetCap == 0xc010640cU);
  CHECK(kIoctlDrmSetClientName == 0xc01064d1U);
}

TEST_CASE("an ioctl number comes apart into the parts it was made of") {
  CHECK(ioctl_nr(0x40206443U) == 0x43);
  CHECK(ioctl_type(0x40206443U) == 'd');
  CHECK(ioctl_size(0x40206443U) == 32);
  CHECK(ioctl_dir(0x40206443U) == IoctlDir::write);
  CHECK(ioctl_dir(0xc0106440U) == IoctlDir::read_write);
}

TEST_CASE("struct fields lie where the kernel reads them") {
  CHECK(offsetof(ManageMessage, data) == 8);
  CHECK(offsetof(DmaXfer, tag) == 8);
  CHECK(offsetof(DmaXfer, addr) == 16);
  CHECK(offsetof(DmaXfer, size) == 24);
  CHECK(offsetof(ActivateToDev, queue_size) == 8);
  CHECK(offsetof(ActivateToDev, options) == 16);
  CHECK(offsetof(ActivateToDev, pad) == 20);
  CHECK(offsetof(ActivateFromDev, dbc_id) == 12);
  CHECK(offsetof(ActivateFromDev, options) == 16);
  CHECK(offsetof(Deactivate, dbc_id) == 8);
  CHECK(offsetof(StatusFromDev, major) == 8);
  CHECK(offsetof(StatusFromDev, minor) == 10);
  CHECK(offsetof(StatusFromDev, status) == 12);
  CHECK(offsetof(StatusFromDev, status_flags) == 16);
  CHECK(offsetof(CreateBo, handle) == 8);
  CHECK(offsetof(MmapBo, offset) == 8);
  CHECK(offsetof(Semaphore, index) == 2);
  CHECK(offsetof(Semaphore, presync) == 3);
  CHECK(offsetof(Semaphore, cmd) == 4);
  CHECK(offsetof(Semaphore, flags) == 5);
  CHECK(offsetof(AttachSliceEntry, sem) == 8);
  CHECK(offsetof(AttachSliceEntry, dev_addr) == 40);
  CHECK(offsetof(AttachSliceEntry, db_addr) == 48);
  CHECK(offsetof(AttachSliceEntry, db_data) == 56);
  CHECK(offsetof(AttachSliceEntry, db_len) == 60);
  CHECK(offsetof(AttachSliceEntry, offset) == 64);
  CHECK(offsetof(AttachSlice, handle) == 8);
  CHECK(offsetof(AttachSlice, data) == 24);
  CHECK(offsetof(PartialExecuteEntry, resize) == 8);
  CHECK(offsetof(Wait, dbc_id) == 8);
  CHECK(offsetof(PerfStats, dbc_id) == 4);
  CHECK(offsetof(PerfStatsEntry, device_latency_us) == 16);
}

TEST_CASE("limits, directions and semaphore words have the kernel's values") {
  CHECK(kAccelMajor == 261);
  CHECK(kMaxManageBytes == 4096);
  CHECK(kMaxManageTransactions == 512);
  CHECK(kDbcCount == 16);
  CHECK(static_cast<int>(Direction::to_device) == 1);
  CHECK(static_cast<int>(Direction::from_device) == 2);
  CHECK(static_cast<int>(SemaphoreCommand::init) == 1);
  CHECK(static_cast<int>(SemaphoreCommand::wait_gt_0) == 6);
  CHECK(kSemaphoreOutSyncFence == 1);
  CHECK(kSemaphoreInSyncFence == 2);
  CHECK(static_cast<int>(TransactionType::activate_to_dev) == 9);
  CHECK(static_cast<int>(TransactionType::dma_xfer_cont) == 18);
}
