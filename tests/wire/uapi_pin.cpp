// wire/uapi.hpp against the kernel's qaic_accel.h and drm.h: theirs lie in the
// global namespace, ours in qaic::wire::uapi. Compiled by uapi_pin.sh only.
#include <drm.h>
#include <qaic_accel.h>

#include <cstddef>

#include "wire/uapi.hpp"

namespace uapi = qaic::wire::uapi;

#define SAME_NUMBER(ours, theirs) \
  static_assert(static_cast<unsigned long long>(ours) == static_cast<unsigned long long>(theirs));
#define SAME_SIZE(ours, theirs) static_assert(sizeof(uapi::ours) == sizeof(struct theirs));
#define SAME_FIELD(ours, our_field, theirs, their_field)                                   \
  static_assert(offsetof(uapi::ours, our_field) == offsetof(struct theirs, their_field) && \
                sizeof(uapi::ours::our_field) == sizeof(theirs::their_field));

SAME_NUMBER(uapi::kIoctlManage, DRM_IOCTL_QAIC_MANAGE)
SAME_NUMBER(uapi::kIoctlCreateBo, DRM_IOCTL_QAIC_CREATE_BO)
SAME_NUMBER(uapi::kIoctlMmapBo, DRM_IOCTL_QAIC_MMAP_BO)
SAME_NUMBER(uapi::kIoctlAttachSliceBo, DRM_IOCTL_QAIC_ATTACH_SLICE_BO)
SAME_NUMBER(uapi::kIoctlExecuteBo, DRM_IOCTL_QAIC_EXECUTE_BO)
SAME_NUMBER(uapi::kIoctlPartialExecuteBo, DRM_IOCTL_QAIC_PARTIAL_EXECUTE_BO)
SAME_NUMBER(uapi::kIoctlWaitBo, DRM_IOCTL_QAIC_WAIT_BO)
SAME_NUMBER(uapi::kIoctlPerfStatsBo, DRM_IOCTL_QAIC_PERF_STATS_BO)
SAME_NUMBER(uapi::kIoctlDetachSliceBo, DRM_IOCTL_QAIC_DETACH_SLICE_BO)
SAME_NUMBER(uapi::kIoctlDrmVersion, DRM_IOCTL_VERSION)
SAME_NUMBER(uapi::kIoctlDrmGemClose, DRM_IOCTL_GEM_CLOSE)
SAME_NUMBER(uapi::kIoctlDrmGetCap, DRM_IOCTL_GET_CAP)
SAME_NUMBER(uapi::kIoctlDrmPrimeHandleToFd, DRM_IOCTL_PRIME_HANDLE_TO_FD)
SAME_NUMBER(uapi::kIoctlDrmPrimeFdToHandle, DRM_IOCTL_PRIME_FD_TO_HANDLE)
SAME_NUMBER(uapi::kDrmCommandBase, DRM_COMMAND_BASE)
SAME_NUMBER(uapi::kMaxManageBytes, QAIC_MANAGE_MAX_MSG_LENGTH)
SAME_NUMBER(uapi::kMaxManageTransactions, QAIC_MANAGE_MAX_MSG_LENGTH / sizeof(qaic_manage_trans_hdr))

SAME_NUMBER(uapi::SemaphoreCommand::nop, QAIC_SEM_NOP)
SAME_NUMBER(uapi::SemaphoreCommand::init, QAIC_SEM_INIT)
SAME_NUMBER(uapi::SemaphoreCommand::inc, QAIC_SEM_INC)
SAME_NUMBER(uapi::SemaphoreCommand::dec, QAIC_SEM_DEC)
SAME_NUMBER(uapi::SemaphoreCommand::wait_equal, QAIC_SEM_WAIT_EQUAL)
SAME_NUMBER(uapi::SemaphoreCommand::wait_gt_eq, QAIC_SEM_WAIT_GT_EQ)
SAME_NUMBER(uapi::SemaphoreCommand::wait_gt_0, QAIC_SEM_WAIT_GT_0)
SAME_NUMBER(uapi::kSemaphoreInSyncFence, QAIC_SEM_INSYNCFENCE)
SAME_NUMBER(uapi::kSemaphoreOutSyncFence, QAIC_SEM_OUTSYNCFENCE)

SAME_NUMBER(uapi::TransactionType::undefined, QAIC_TRANS_UNDEFINED)
SAME_NUMBER(uapi::TransactionType::passthrough_from_user, QAIC_TRANS_PASSTHROUGH_FROM_USR)
SAME_NUMBER(uapi::TransactionType::passthrough_to_user, QAIC_TRANS_PASSTHROUGH_TO_USR)
SAME_NUMBER(uapi::TransactionType::passthrough_from_dev, QAIC_TRANS_PASSTHROUGH_FROM_DEV)
SAME_NUMBER(uapi::TransactionType::passthrough_to_dev, QAIC_TRANS_PASSTHROUGH_TO_DEV)
SAME_NUMBER(uapi::TransactionType::dma_xfer_from_user, QAIC_TRANS_DMA_XFER_FROM_USR)
SAME_NUMBER(uapi::TransactionType::dma_xfer_to_dev, QAIC_TRANS_DMA_XFER_TO_DEV)
SAME_NUMBER(uapi::TransactionType::activate_from_user, QAIC_TRANS_ACTIVATE_FROM_USR)
SAME_NUMBER(uapi::TransactionType::activate_from_dev, QAIC_TRANS_ACTIVATE_FROM_DEV)
SAME_NUMBER(uapi::TransactionType::activate_to_dev, QAIC_TRANS_ACTIVATE_TO_DEV)
SAME_NUMBER(uapi::TransactionType::deactivate_from_user, QAIC_TRANS_DEACTIVATE_FROM_USR)
SAME_NUMBER(uapi::TransactionType::deactivate_from_dev, QAIC_TRANS_DEACTIVATE_FROM_DEV)
SAME_NUMBER(uapi::TransactionType::status_from_user, QAIC_TRANS_STATUS_FROM_USR)
SAME_NUMBER(uapi::TransactionType::status_to_user, QAIC_TRANS_STATUS_TO_USR)
SAME_NUMBER(uapi::TransactionType::status_from_dev, QAIC_TRANS_STATUS_FROM_DEV)
SAME_NUMBER(uapi::TransactionType::status_to_dev, QAIC_TRANS_STATUS_TO_DEV)
SAME_NUMBER(uapi::TransactionType::terminate_from_dev, QAIC_TRANS_TERMINATE_FROM_DEV)
SAME_NUMBER(uapi::TransactionType::terminate_to_dev, QAIC_TRANS_TERMINATE_TO_DEV)
SAME_NUMBER(uapi::TransactionType::dma_xfer_cont, QAIC_TRANS_DMA_XFER_CONT)
SAME_NUMBER(uapi::TransactionType::validate_partition_from_dev, QAIC_TRANS_VALIDATE_PARTITION_FROM_DEV)
SAME_NUMBER(uapi::TransactionType::validate_partition_to_dev, QAIC_TRANS_VALIDATE_PARTITION_TO_DEV)

SAME_SIZE(ManageMessage, qaic_manage_msg)
SAME_FIELD(ManageMessage, len, qaic_manage_msg, len)
SAME_FIELD(ManageMessage, count, qaic_manage_msg, count)
SAME_FIELD(ManageMessage, data, qaic_manage_msg, data)

SAME_SIZE(TransactionHeader, qaic_manage_trans_hdr)
SAME_FIELD(TransactionHeader, type, qaic_manage_trans_hdr, type)
SAME_FIELD(TransactionHeader, len, qaic_manage_trans_hdr, len)
SAME_SIZE(TransactionHeader, qaic_manage_trans_status_to_dev)

SAME_SIZE(DmaXfer, qaic_manage_trans_dma_xfer)
SAME_FIELD(DmaXfer, header, qaic_manage_trans_dma_xfer, hdr)
SAME_FIELD(DmaXfer, tag, qaic_manage_trans_dma_xfer, tag)
SAME_FIELD(DmaXfer, pad, qaic_manage_trans_dma_xfer, pad)
SAME_FIELD(DmaXfer, addr, qaic_manage_trans_dma_xfer, addr)
SAME_FIELD(DmaXfer, size, qaic_manage_trans_dma_xfer, size)

SAME_SIZE(ActivateToDev, qaic_manage_trans_activate_to_dev)
SAME_FIELD(ActivateToDev, header, qaic_manage_trans_activate_to_dev, hdr)
SAME_FIELD(ActivateToDev, queue_size, qaic_manage_trans_activate_to_dev, queue_size)
SAME_FIELD(ActivateToDev, eventfd, qaic_manage_trans_activate_to_dev, eventfd)
SAME_FIELD(ActivateToDev, options, qaic_manage_trans_activate_to_dev, options)
SAME_FIELD(ActivateToDev, pad, qaic_manage_trans_activate_to_dev, pad)

SAME_SIZE(ActivateFromDev, qaic_manage_trans_activate_from_dev)
SAME_FIELD(ActivateFromDev, header, qaic_manage_trans_activate_from_dev, hdr)
SAME_FIELD(ActivateFromDev, status, qaic_manage_trans_activate_from_dev, status)
SAME_FIELD(ActivateFromDev, dbc_id, qaic_manage_trans_activate_from_dev, dbc_id)
SAME_FIELD(ActivateFromDev, options, qaic_manage_trans_activate_from_dev, options)

SAME_SIZE(Deactivate, qaic_manage_trans_deactivate)
SAME_FIELD(Deactivate, header, qaic_manage_trans_deactivate, hdr)
SAME_FIELD(Deactivate, dbc_id, qaic_manage_trans_deactivate, dbc_id)
SAME_FIELD(Deactivate, pad, qaic_manage_trans_deactivate, pad)

SAME_SIZE(StatusFromDev, qaic_manage_trans_status_from_dev)
SAME_FIELD(StatusFromDev, header, qaic_manage_trans_status_from_dev, hdr)
SAME_FIELD(StatusFromDev, major, qaic_manage_trans_status_from_dev, major)
SAME_FIELD(StatusFromDev, minor, qaic_manage_trans_status_from_dev, minor)
SAME_FIELD(StatusFromDev, status, qaic_manage_trans_status_from_dev, status)
SAME_FIELD(StatusFromDev, status_flags, qaic_manage_trans_status_from_dev, status_flags)

SAME_SIZE(CreateBo, qaic_create_bo)
SAME_FIELD(CreateBo, size, qaic_create_bo, size)
SAME_FIELD(CreateBo, handle, qaic_create_bo, handle)
SAME_FIELD(CreateBo, pad, qaic_create_bo, pad)

SAME_SIZE(MmapBo, qaic_mmap_bo)
SAME_FIELD(MmapBo, handle, qaic_mmap_bo, handle)
SAME_FIELD(MmapBo, pad, qaic_mmap_bo, pad)
SAME_FIELD(MmapBo, offset, qaic_mmap_bo, offset)

SAME_SIZE(Semaphore, qaic_sem)
SAME_FIELD(Semaphore, val, qaic_sem, val)
SAME_FIELD(Semaphore, index, qaic_sem, index)
SAME_FIELD(Semaphore, presync, qaic_sem, presync)
SAME_FIELD(Semaphore, cmd, qaic_sem, cmd)
SAME_FIELD(Semaphore, flags, qaic_sem, flags)
SAME_FIELD(Semaphore, pad, qaic_sem, pad)

SAME_SIZE(AttachSliceEntry, qaic_attach_slice_entry)
SAME_FIELD(AttachSliceEntry, size, qaic_attach_slice_entry, size)
SAME_NUMBER(offsetof(uapi::AttachSliceEntry, sem[0]), offsetof(qaic_attach_slice_entry, sem0))
SAME_NUMBER(offsetof(uapi::AttachSliceEntry, sem[1]), offsetof(qaic_attach_slice_entry, sem1))
SAME_NUMBER(offsetof(uapi::AttachSliceEntry, sem[2]), offsetof(qaic_attach_slice_entry, sem2))
SAME_NUMBER(offsetof(uapi::AttachSliceEntry, sem[3]), offsetof(qaic_attach_slice_entry, sem3))
SAME_FIELD(AttachSliceEntry, dev_addr, qaic_attach_slice_entry, dev_addr)
SAME_FIELD(AttachSliceEntry, db_addr, qaic_attach_slice_entry, db_addr)
SAME_FIELD(AttachSliceEntry, db_data, qaic_attach_slice_entry, db_data)
SAME_FIELD(AttachSliceEntry, db_len, qaic_attach_slice_entry, db_len)
SAME_FIELD(AttachSliceEntry, offset, qaic_attach_slice_entry, offset)

SAME_SIZE(AttachSlice, qaic_attach_slice)
SAME_NUMBER(offsetof(uapi::AttachSlice, count), offsetof(qaic_attach_slice, hdr.count))
SAME_NUMBER(offsetof(uapi::AttachSlice, dbc_id), offsetof(qaic_attach_slice, hdr.dbc_id))
SAME_NUMBER(offsetof(uapi::AttachSlice, handle), offsetof(qaic_attach_slice, hdr.handle))
SAME_NUMBER(offsetof(uapi::AttachSlice, dir), offsetof(qaic_attach_slice, hdr.dir))
SAME_NUMBER(offsetof(uapi::AttachSlice, size), offsetof(qaic_attach_slice, hdr.size))
SAME_FIELD(AttachSlice, data, qaic_attach_slice, data)

SAME_SIZE(Execute, qaic_execute)
SAME_NUMBER(offsetof(uapi::Execute, count), offsetof(qaic_execute, hdr.count))
SAME_NUMBER(offsetof(uapi::Execute, dbc_id), offsetof(qaic_execute, hdr.dbc_id))
SAME_FIELD(Execute, data, qaic_execute, data)

SAME_SIZE(ExecuteEntry, qaic_execute_entry)
SAME_FIELD(ExecuteEntry, handle, qaic_execute_entry, handle)
SAME_FIELD(ExecuteEntry, dir, qaic_execute_entry, dir)

SAME_SIZE(PartialExecuteEntry, qaic_partial_execute_entry)
SAME_FIELD(PartialExecuteEntry, handle, qaic_partial_execute_entry, handle)
SAME_FIELD(PartialExecuteEntry, dir, qaic_partial_execute_entry, dir)
SAME_FIELD(PartialExecuteEntry, resize, qaic_partial_execute_entry, resize)

SAME_SIZE(Wait, qaic_wait)
SAME_FIELD(Wait, handle, qaic_wait, handle)
SAME_FIELD(Wait, timeout, qaic_wait, timeout)
SAME_FIELD(Wait, dbc_id, qaic_wait, dbc_id)
SAME_FIELD(Wait, pad, qaic_wait, pad)

SAME_SIZE(PerfStats, qaic_perf_stats)
SAME_NUMBER(offsetof(uapi::PerfStats, count), offsetof(qaic_perf_stats, hdr.count))
SAME_NUMBER(offsetof(uapi::PerfStats, pad), offsetof(qaic_perf_stats, hdr.pad))
SAME_NUMBER(offsetof(uapi::PerfStats, dbc_id), offsetof(qaic_perf_stats, hdr.dbc_id))
SAME_FIELD(PerfStats, data, qaic_perf_stats, data)

SAME_SIZE(PerfStatsEntry, qaic_perf_stats_entry)
SAME_FIELD(PerfStatsEntry, handle, qaic_perf_stats_entry, handle)
SAME_FIELD(PerfStatsEntry, queue_level_before, qaic_perf_stats_entry, queue_level_before)
SAME_FIELD(PerfStatsEntry, num_queue_element, qaic_perf_stats_entry, num_queue_element)
SAME_FIELD(PerfStatsEntry, submit_latency_us, qaic_perf_stats_entry, submit_latency_us)
SAME_FIELD(PerfStatsEntry, device_latency_us, qaic_perf_stats_entry, device_latency_us)
SAME_FIELD(PerfStatsEntry, pad, qaic_perf_stats_entry, pad)

SAME_SIZE(DetachSlice, qaic_detach_slice)
SAME_FIELD(DetachSlice, handle, qaic_detach_slice, handle)
SAME_FIELD(DetachSlice, pad, qaic_detach_slice, pad)

SAME_SIZE(DrmVersion, drm_version)
SAME_FIELD(DrmVersion, major, drm_version, version_major)
SAME_FIELD(DrmVersion, minor, drm_version, version_minor)
SAME_FIELD(DrmVersion, patchlevel, drm_version, version_patchlevel)
SAME_FIELD(DrmVersion, name_len, drm_version, name_len)
SAME_FIELD(DrmVersion, name, drm_version, name)
SAME_FIELD(DrmVersion, date_len, drm_version, date_len)
SAME_FIELD(DrmVersion, date, drm_version, date)
SAME_FIELD(DrmVersion, desc_len, drm_version, desc_len)
SAME_FIELD(DrmVersion, desc, drm_version, desc)

SAME_SIZE(DrmGemClose, drm_gem_close)
SAME_FIELD(DrmGemClose, handle, drm_gem_close, handle)
SAME_SIZE(DrmPrimeHandle, drm_prime_handle)
SAME_FIELD(DrmPrimeHandle, handle, drm_prime_handle, handle)
SAME_FIELD(DrmPrimeHandle, flags, drm_prime_handle, flags)
SAME_FIELD(DrmPrimeHandle, fd, drm_prime_handle, fd)
SAME_SIZE(DrmGetCap, drm_get_cap)
SAME_FIELD(DrmGetCap, capability, drm_get_cap, capability)
SAME_FIELD(DrmGetCap, value, drm_get_cap, value)

#ifdef DRM_IOCTL_SET_CLIENT_NAME  // not in 6.12
SAME_NUMBER(uapi::kIoctlDrmSetClientName, DRM_IOCTL_SET_CLIENT_NAME)
SAME_SIZE(DrmSetClientName, drm_set_client_name)
SAME_FIELD(DrmSetClientName, name_len, drm_set_client_name, name_len)
SAME_FIELD(DrmSetClientName, name, drm_set_client_name, name)
#endif
