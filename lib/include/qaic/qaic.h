/*
 * libqaic: the C interface to the Qualcomm Cloud AI 100 through the mainline
 * kernel driver drivers/accel/qaic.
 *
 * Not stable yet (soname 0). Rules that hold for every function:
 *  - Functions that can fail return 0 or a new object's presence, or -1 with
 *    *error filled (error may be NULL). Nothing is printed, nothing exits.
 *  - Structs that the library fills start with `size`: the caller sets it to
 *    sizeof the struct it was compiled with; no more than that is written.
 *  - Text given by the library lives as long as the object it came from, and is
 *    NUL-terminated. Text from the card is given as it is (not always UTF-8).
 *  - Structs that the library reads start with `size` too: members that a caller
 *    did not know when it was compiled count as 0. qaic_error and qaic_import have
 *    no size and stay as they are; members called reserved are 0.
 *  - Objects belong to one thread at a time, except where said otherwise.
 *  - Functions that ask the card (qaic_device_status(), _resources(), _performance(),
 *    qaic_network_load(), _unload()) take as long as it does, for each request up to
 *    the driver's control_resp_timeout_s (60 s), and hold signals back meanwhile. Who
 *    must not hang calls them in a child process.
 *  - The node is closed when the last object goes that was made from its device,
 *    which can take as long (see qaic_device_close()).
 *  - A child of fork() must neither use nor free the objects of its parent: they are
 *    one open node, and what is freed is freed on the card.
 *  - A JSON string is one document with a "schema" member; free it with
 *    qaic_string_free().
 */
#ifndef QAIC_QAIC_H
#define QAIC_QAIC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define QAIC_API __attribute__((visibility("default")))
#else
#define QAIC_API
#endif

/* ---- errors ------------------------------------------------------------ */

/* What the caller can do about an error; equal to the exit codes of the tools. */
enum qaic_error_kind {
  QAIC_ERROR_USAGE = 2,        /* the call itself is wrong */
  QAIC_ERROR_NO_CARD = 3,      /* no matching card, or no driver */
  QAIC_ERROR_PERMISSION = 4,   /* not allowed to open or change it */
  QAIC_ERROR_UNAVAILABLE = 5,  /* not ready, busy, or not enough free */
  QAIC_ERROR_DEADLINE = 6,     /* no answer in time */
  QAIC_ERROR_DEVICE = 7,       /* card, kernel or transport failed */
  QAIC_ERROR_BAD_INPUT = 9,    /* bad file, or a program no such card could hold */
  QAIC_ERROR_UNSUPPORTED = 10, /* not with this kernel, driver, firmware, host */
  QAIC_ERROR_REFUSED = 11,     /* refused by an interlock */
  QAIC_ERROR_INTERNAL = 12     /* a bug of the library */
};

/* Whose number qaic_error.code is. */
enum qaic_error_domain {
  QAIC_DOMAIN_NONE = 0,
  QAIC_DOMAIN_SYSTEM = 1, /* errno */
  QAIC_DOMAIN_CARD = 2    /* status the card answered, negative */
};

typedef struct qaic_error {
  uint32_t kind;   /* enum qaic_error_kind */
  uint32_t domain; /* enum qaic_error_domain */
  int32_t code;
  char id[48];    /* stable, kebab-case */
  char what[768]; /* one line: what failed, on which object, why */
  char hint[256]; /* one line: what to do; may be empty */
} qaic_error;

/* "0.1.0" */
QAIC_API const char* qaic_version(void);
QAIC_API void qaic_string_free(char* text);

/* ---- inventory: which cards there are; reads /sys, opens no device node ---- */

typedef struct qaic_inventory qaic_inventory;

/* Bits of qaic_card_info.present: which fields could be read. */
#define QAIC_CARD_LINK_MAX (1u << 0)
#define QAIC_CARD_LINK_CURRENT (1u << 1)
#define QAIC_CARD_NUMA_NODE (1u << 2)
#define QAIC_CARD_SOC_TEMPERATURE (1u << 3) /* out-of-tree hwmon only */
#define QAIC_CARD_BOARD_POWER (1u << 4)
#define QAIC_CARD_TDP_CAP (1u << 5)

typedef struct qaic_card_info {
  uint32_t size;
  uint32_t present;     /* QAIC_CARD_* */
  uint32_t qid;         /* position by PCI address, all cards counted */
  uint32_t visible;     /* 0 when QAIC_VISIBLE_DEVICES leaves it out */
  char pci_address[32]; /* "0000:01:00.0" */
  char pci_info[128];   /* "Processing accelerators Qualcomm Device a100" */
  uint16_t vendor;
  uint16_t device;
  uint32_t pci_class;     /* 0x120000 */
  char node[64];          /* "/dev/accel/accel0", "" if the driver made none */
  char driver[32];        /* "qaic", "" if none is bound */
  char mhi[32];           /* "mhi0", "" if none */
  uint32_t link_max_mtps; /* mega-transfers per second: 16000 = 16 GT/s */
  uint32_t link_max_width;
  uint32_t link_current_mtps;
  uint32_t link_current_width;
  int32_t numa_node;
  int32_t soc_temperature_millicelsius;
  uint64_t board_power_microwatts;
  uint64_t tdp_cap_microwatts;
} qaic_card_info;

/* Lists every Cloud AI card of the host, bound to a driver or not. An empty
 * inventory is not an error. Freed by the caller. */
QAIC_API int qaic_inventory_read(qaic_inventory** out, qaic_error* error);
QAIC_API void qaic_inventory_free(qaic_inventory* inventory);
QAIC_API size_t qaic_inventory_count(const qaic_inventory* inventory);
QAIC_API int qaic_inventory_card(const qaic_inventory* inventory, size_t index, qaic_card_info* out,
                                 qaic_error* error);
/* 1 when the qaic kernel module is loaded or built in, else 0. */
QAIC_API int qaic_inventory_driver_present(const qaic_inventory* inventory);

/* ---- device: one open node --------------------------------------------- */

typedef struct qaic_device qaic_device;

/* Opens a node for use. Errors tell apart: no such node, no permission, card
 * not online. close() may block up to 60 s when a card is wedged (the kernel
 * waits for it); callers that must not hang do it in a child process. */
QAIC_API int qaic_device_open(const char* node, qaic_device** out, qaic_error* error);
QAIC_API void qaic_device_close(qaic_device* device);
QAIC_API const char* qaic_device_node(const qaic_device* device);

/* Card's answer to NNC STATUS; units as named. */
typedef struct qaic_status {
  uint32_t size;
  uint32_t format_version;
  uint8_t fw_major, fw_minor, fw_patch, fw_build; /* build 255 = none */
  char fw_qc_image_version[40];
  char fw_oem_image_version[40];
  char fw_image_variant[20];
  uint32_t hw_version;
  char hw_serial[20];
  char board_serial[36];
  uint32_t compiler_version;
  uint32_t dram_total_mb, dram_free_mb;
  uint32_t dram_fragmentation_percent;
  uint32_t vc_total, vc_free;
  uint32_t nsp_total, nsp_free;
  uint32_t mcid_total, mcid_free;
  uint32_t semaphore_total, semaphore_free;
  uint32_t pc_total, pc_reserved;
  uint32_t nsp_hz, ddr_hz, compnoc_hz, memnoc_hz, sysnoc_hz;
  uint64_t peak_compute_ops;    /* int8 operations per second */
  uint64_t dram_bandwidth_kbps; /* KB/s, mean of the last ~100 ms */
  uint32_t constants_loaded, constants_in_use;
  uint32_t networks_loaded, networks_active;
  uint16_t metadata_major, metadata_minor;
  uint16_t nnc_major, nnc_minor;
  char sbl_image_name[28];
  uint32_t need_reset_to_retire_pages;
  uint32_t pvs_image_version;
  uint64_t nsp_pg_mask; /* defective NSPs */
  uint64_t time_offset_us;
  uint32_t retired_pages;
  uint32_t sku_type;
  uint32_t complex_id; /* SoC number on its board */
  uint8_t nsp_fw_major, nsp_fw_minor, nsp_fw_patch, nsp_fw_build;
  char nsp_qc_image_version[68];
  char nsp_oem_image_version[52];
  char nsp_image_variant[52];
  uint64_t features; /* bits: QAIC_FEATURE_* */
  uint16_t transaction_major, transaction_minor;
} qaic_status;

enum qaic_feature {
  QAIC_FEATURE_CRC = 0, /* "FUSA" */
  QAIC_FEATURE_DATAPATH_SWITCHING = 1,
  QAIC_FEATURE_HBE = 2,
  QAIC_FEATURE_HYBRID_BOOT = 3,
  QAIC_FEATURE_SSR = 4,
  QAIC_FEATURE_MULTI_DEVICE = 5,
  QAIC_FEATURE_DDR_ECC = 6,
  QAIC_FEATURE_PAGE_RETIREMENT = 7,
  QAIC_FEATURE_SECURE_BOOT = 8,
  QAIC_FEATURE_SOC_DEBUG = 9
};

/* One MANAGE call with STATUS and the feature query in it. */
QAIC_API int qaic_device_status(qaic_device* device, qaic_status* out, qaic_error* error);
/* "PCIe Pro" for 3 …, "Unknown" for a number this library does not know. */
QAIC_API const char* qaic_sku_name(uint32_t sku_type);

/* Cheaper than STATUS, for polling. Fill the same-named fields of qaic_status
 * (dram … pc, and frequencies, peak_compute, dram_bandwidth) and leave the rest 0. */
QAIC_API int qaic_device_resources(qaic_device* device, qaic_status* out, qaic_error* error);
QAIC_API int qaic_device_performance(qaic_device* device, qaic_status* out, qaic_error* error);

/* ---- program: a QPC on disk or in memory ------------------------------- */

typedef struct qaic_program qaic_program;

/* `path` is a QPC file, or a folder with programqpc.bin in it. The file is
 * mapped, not copied, and must not change while the program lives. */
QAIC_API int qaic_program_open(const char* path, qaic_program** out, qaic_error* error);
/* The bytes must outlive the program. */
QAIC_API int qaic_program_from_bytes(const void* bytes, size_t size, qaic_program** out, qaic_error* error);
QAIC_API void qaic_program_free(qaic_program* program);

/* Everything about the program: schema "qaic.qpc-inspect/1". */
QAIC_API int qaic_program_inspect(const qaic_program* program, char** json, qaic_error* error);

enum qaic_tensor_direction { QAIC_TENSOR_INPUT = 0, QAIC_TENSOR_OUTPUT = 1 };
/* Element types, the descriptor's own numbers. */
enum qaic_tensor_type {
  QAIC_TYPE_FLOAT32 = 0,
  QAIC_TYPE_FLOAT16 = 1,
  QAIC_TYPE_INT8_Q = 2,
  QAIC_TYPE_UINT8_Q = 3,
  QAIC_TYPE_INT16_Q = 4,
  QAIC_TYPE_INT32_Q = 5,
  QAIC_TYPE_INT32 = 6,
  QAIC_TYPE_INT64 = 7,
  QAIC_TYPE_INT8 = 8,
  QAIC_TYPE_BFLOAT16 = 11 /* inferred: no program with it was at hand */
};
#define QAIC_MAX_DIMS 8

/* Bits of qaic_tensor.flags. */
/* The card has it in another form (type, order of elements) than its user: it has
 * memory of its own, from which it is converted when it is submitted, or to which
 * when the inference is complete, and can be neither imported nor exported. Every
 * other tensor that lies in one piece is never copied. */
#define QAIC_TENSOR_CONVERTED (1u << 0)
/* Less than all of it may be sent: qaic_inference_set_size(). */
#define QAIC_TENSOR_PARTIAL (1u << 1)

/* One tensor the user gives or gets. Tensors are numbered inputs first, then
 * outputs, in the descriptor's order. */
typedef struct qaic_tensor {
  uint32_t size;
  uint32_t index;
  uint32_t direction; /* enum qaic_tensor_direction */
  uint32_t type;      /* enum qaic_tensor_type */
  uint32_t dim_count;
  int32_t dims[QAIC_MAX_DIMS];
  uint64_t byte_size;
  float scale; /* real = (value - offset) * scale, for quantised types */
  int32_t offset;
  const char* name; /* lives as long as the program */
  uint32_t flags;   /* QAIC_TENSOR_* */
  uint32_t reserved;
} qaic_tensor;

QAIC_API size_t qaic_program_tensor_count(const qaic_program* program);
QAIC_API int qaic_program_tensor(const qaic_program* program, size_t index, qaic_tensor* out,
                                 qaic_error* error);
QAIC_API const char* qaic_program_name(const qaic_program* program);

/* ---- network: a program loaded and activated on one card ---------------- */

typedef struct qaic_network qaic_network;

/* Asks the card for its status, loads constants and code, activates, and attaches
 * the DMA bridge channel. Keeps the device alive; the program may be freed
 * afterwards. A card that refuses gives kind unavailable (not enough free now) or
 * bad_input (could never hold it), domain card, and the resource that is short in
 * `what`. Kind unsupported = its firmware speaks another protocol (id
 * "protocol-mismatch" or "status-format"); it was sent nothing else then. */
QAIC_API int qaic_network_load(qaic_device* device, const qaic_program* program, qaic_network** out,
                               qaic_error* error);
/* Deactivates and unloads; 0, or -1 when the card did not confirm (it is freed
 * all the same, and the kernel cleans up when the device closes). Takes as long
 * as somebody is in qaic_inference_wait() for an inference of it, and other loads
 * and unloads of the same qaic_device wait for that. Behind qaic_device_close(),
 * the last to be unloaded closes the node. */
QAIC_API int qaic_network_unload(qaic_network* network, qaic_error* error);
QAIC_API uint32_t qaic_network_dbc(const qaic_network* network);

/* ---- inference: one set of buffers of a network -------------------------- */

typedef struct qaic_inference qaic_inference;

/* Allocates the buffers (pinned host memory) and attaches them. Must be freed
 * before its network is unloaded. Errors besides: id "tensor-transform" (kind
 * unsupported: a tensor would have to be converted in a way that is not known). */
QAIC_API int qaic_inference_create(qaic_network* network, qaic_inference** out, qaic_error* error);
/* One in flight is abandoned: its memory stays pinned until the card is done with it
 * and buffers of the same qaic_device are made or freed, or its network unloaded. */
QAIC_API void qaic_inference_free(qaic_inference* inference);

/* Memory of somebody else, as a dma-buf, for the buffer in which a tensor lies:
 * the card reads and writes it where it is. Stays the caller's, who may close it
 * once the object is made. One dma-buf is one buffer of a device at a time, and one
 * buffer has one dma-buf. Not for a buffer with partial inputs, into which the
 * library writes. */
typedef struct qaic_import {
  uint32_t slot;   /* of a queue; 0 for a single inference */
  uint32_t tensor; /* must lie in one piece, and not be QAIC_TENSOR_CONVERTED */
  int32_t dma_buf; /* as large as the buffer as far as that is moved, or larger */
  uint32_t reserved;
} qaic_import;

/* As qaic_inference_create(), with `count` imports. qaic_inference_tensor() of a
 * tensor in an imported buffer is NULL: who exports it maps it. Errors besides:
 * kind usage (no such tensor, no dma-buf, too small, in use, or two for one buffer; a
 * slot or reserved that is not 0), unsupported (a tensor in several pieces, or
 * converted). */
QAIC_API int qaic_inference_create_imported(qaic_network* network, const qaic_import* imports, size_t count,
                                            qaic_inference** out, qaic_error* error);

/* A tensor as a dma-buf, for another device or process. */
typedef struct qaic_export {
  uint32_t size;
  int32_t dma_buf;    /* of the whole buffer, close-on-exec; the caller closes it */
  uint64_t offset;    /* bytes; of the tensor in it */
  uint64_t byte_size; /* of the tensor */
} qaic_export;

/* The memory stays until the inference and all descriptors are gone. Errors: as
 * for imports. */
QAIC_API int qaic_inference_export(const qaic_inference* inference, size_t tensor, qaic_export* out,
                                   qaic_error* error);
/* Where tensor `index` lives: input is read from, output written to, this
 * memory by the card, or by the host where it is QAIC_TENSOR_CONVERTED. NULL (and
 * size 0) for an input the program ignores. */
QAIC_API void* qaic_inference_tensor(qaic_inference* inference, size_t index, size_t* size);
/* Of a partial input, only the first `bytes` are sent from the next submission
 * on, 0 to byte_size, a multiple of the element's size, both as its user has it; all
 * of it at first. The memory above stays as large and where it is. The network is
 * told the offset and size of each partial input, and nothing else of its shape.
 * Where several are in one DMA buffer, what is sent of them is copied at each
 * submission, and of one that is alone nothing; of one that is QAIC_TENSOR_CONVERTED
 * as much is converted. Errors, all kind usage: id "partial-input" (it is none, or
 * there is no such tensor), "partial-size" (more than it has), "partial-element"
 * (ends inside an element), "inference-in-flight".
 *
 * Source: runtime-protocols 1.3, kernel-interface 3.5. */
QAIC_API int qaic_inference_set_size(qaic_inference* inference, size_t index, uint64_t bytes,
                                     qaic_error* error);
/* Queues it. Kind unavailable = no room, or a buffer queued yet: the hint says
 * when to try again. */
QAIC_API int qaic_inference_submit(qaic_inference* inference, qaic_error* error);
/* Waits until all outputs are there; timeout_ms for each buffer of them, and 0 = the
 * driver's default (5 s), unlike in the functions of a queue, where it is "do not
 * wait". Kind deadline = not done yet; it may be waited for again. */
QAIC_API int qaic_inference_wait(qaic_inference* inference, uint32_t timeout_ms, qaic_error* error);

typedef struct qaic_inference_stats {
  uint32_t size;
  uint32_t queue_level_before; /* elements in the queue ahead of it */
  uint32_t queue_elements;
  uint32_t submit_latency_us; /* of the slowest buffer */
  uint32_t device_latency_us; /* of the slowest buffer */
} qaic_inference_stats;
QAIC_API int qaic_inference_stats_read(qaic_inference* inference, qaic_inference_stats* out,
                                       qaic_error* error);

/* ---- queue: several inferences of one network in flight ------------------ */

/* Slots, each with buffers of its own: acquire one, fill its input tensors,
 * submit it, get its completion, read its outputs; then submit it again or
 * release it. Every submission has exactly one completion, and they come in the
 * order of submission. Once it is made, the queue allocates nothing and copies
 * nothing (but a tensor that lies in several pieces, or beside another partial
 * input; and one that is QAIC_TENSOR_CONVERTED is converted: at submission, or by
 * who waits or, for QAIC_QUEUE_EVENT and QAIC_QUEUE_CALLBACK, on the queue's
 * thread).
 *
 * Any thread may call any function of a queue but qaic_queue_free(). A slot is
 * handed out to one at a time, threads that wait for one in turn.
 *
 * An inference for which the card's own queue has no room waits inside and goes to
 * the card behind the next completion. Submitting fails with id "queue-full" only when
 * nothing of this queue is in flight: others fill it, or a buffer of the slot is in it yet.
 *
 * Source: kernel-interface 1.6, 1.9, 1.12. */
typedef struct qaic_queue qaic_queue;

/* How completions are delivered. */
enum qaic_queue_delivery {
  QAIC_QUEUE_WAIT = 0,    /* to who asks, who sleeps in the kernel; no thread is started */
  QAIC_QUEUE_EVENT = 1,   /* to who asks; a descriptor is readable while there are some */
  QAIC_QUEUE_CALLBACK = 2 /* to a function, called on a thread of the queue */
};

/* A timeout or deadline without limit. */
#define QAIC_FOREVER UINT32_MAX

/* How an inference ended; its slot belongs to who gets this. */
typedef struct qaic_completion {
  uint32_t size;
  uint32_t slot;
  uint64_t user_data; /* as given to qaic_queue_submit() */
  uint32_t kind;      /* 0: the outputs are there; else enum qaic_error_kind */
  uint32_t reserved;
} qaic_completion;

/* `error` is NULL when kind is 0. May acquire (timeout 0), submit and release;
 * must not wait, drain or free the queue. Both pointers are valid during the
 * call only. Signals are held back on this thread. */
typedef void (*qaic_queue_callback)(void* context, const qaic_completion* completion,
                                    const qaic_error* error);

/* Zero in any member but size is its default. */
typedef struct qaic_queue_options {
  uint32_t size;
  uint32_t depth;       /* slots, at most 32768; 0 = 8 */
  uint32_t delivery;    /* enum qaic_queue_delivery */
  uint32_t deadline_ms; /* of each inference, from its submission; 0 = 5000 */
  qaic_queue_callback callback;
  void* context;
  const qaic_import* imports; /* read by qaic_queue_create() only */
  uint64_t import_count;
} qaic_queue_options;

/* `options` may be NULL. The queue must be freed before its network is
 * unloaded. Errors: those of qaic_inference_create(). */
QAIC_API int qaic_queue_create(qaic_network* network, const qaic_queue_options* options, qaic_queue** out,
                               qaic_error* error);
/* No other thread may be in a call. What is in flight is abandoned, as by
 * qaic_inference_free(); a callback gets it with id "queue-closed". Takes at most a
 * tenth of a second; see qaic_queue_drain(). */
QAIC_API void qaic_queue_free(qaic_queue* queue);
QAIC_API uint32_t qaic_queue_depth(const qaic_queue* queue);
/* With QAIC_QUEUE_EVENT: readable while there are completions to be fetched;
 * only to be polled, and the queue's. Otherwise -1. */
QAIC_API int qaic_queue_event_fd(const qaic_queue* queue);

/* A slot for the caller alone. timeout_ms 0 = do not wait; QAIC_FOREVER. Kind
 * unavailable = none was free in time. */
QAIC_API int qaic_queue_acquire(qaic_queue* queue, uint32_t timeout_ms, uint32_t* slot, qaic_error* error);
/* As qaic_inference_tensor(). Not to be touched between submission and
 * completion. */
QAIC_API void* qaic_queue_tensor(qaic_queue* queue, uint32_t slot, size_t index, size_t* size);
/* As qaic_inference_set_size(), until the slot is released; a slot that was just
 * acquired sends all. For who has the slot, before it is submitted. */
QAIC_API int qaic_queue_set_size(qaic_queue* queue, uint32_t slot, size_t index, uint64_t bytes,
                                 qaic_error* error);
/* Does not wait, but for 1 ms when the card still has a buffer of the slot. Fails
 * with kind device or unavailable when the network is lost or the card offline; the
 * slot stays the caller's. */
QAIC_API int qaic_queue_submit(qaic_queue* queue, uint32_t slot, uint64_t user_data, qaic_error* error);
QAIC_API int qaic_queue_release(qaic_queue* queue, uint32_t slot, qaic_error* error);

/* The next completion: 0 when there is one, -1 when there is none (kind deadline
 * = not in time; unavailable, with QAIC_QUEUE_WAIT = a signal came, call again).
 * When out->kind is not 0, *error says what became of the inference: deadline
 * (the card still has the slot's buffers; released, the slot is handed out again
 * when it comes back), device (the network crashed or the card was reset).
 * timeout_ms as in qaic_queue_acquire(); with QAIC_QUEUE_WAIT, 0 may take 1 ms. */
QAIC_API int qaic_queue_next(qaic_queue* queue, uint32_t timeout_ms, qaic_completion* out, qaic_error* error);
/* The completion of one slot, likewise; qaic_queue_next() of another thread does
 * not get it meanwhile. */
QAIC_API int qaic_queue_wait(qaic_queue* queue, uint32_t slot, uint32_t timeout_ms, qaic_completion* out,
                             qaic_error* error);
/* Until nothing is in flight; completions that nobody fetched stay. */
QAIC_API int qaic_queue_drain(qaic_queue* queue, uint32_t timeout_ms, qaic_error* error);
/* As qaic_inference_export(). */
QAIC_API int qaic_queue_export(const qaic_queue* queue, uint32_t slot, size_t tensor, qaic_export* out,
                               qaic_error* error);
/* Of the slot's last inference, for who has the slot. */
QAIC_API int qaic_queue_stats_read(qaic_queue* queue, uint32_t slot, qaic_inference_stats* out,
                                   qaic_error* error);

#ifdef __cplusplus
}
#endif

#endif /* QAIC_QAIC_H */
