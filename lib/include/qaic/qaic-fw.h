/* SPDX-License-Identifier: MIT
 *
 * libqaic-fw: reads and judges the firmware images of a Cloud AI 100 card.
 * Apart from libqaic, so that only who needs this loads a crypto library.
 *
 * Not stable yet (soname 0). Rules that hold for every function:
 *  - It works on memory, does no I/O, prints nothing, keeps no global state.
 *  - Functions that can fail return 0, or -1 with *error filled (error may be
 *    NULL).
 *  - Objects belong to one thread at a time.
 *  - Strings are UTF-8 and live as long as the object they come from.
 */
#ifndef QAIC_FW_H
#define QAIC_FW_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define QAIC_FW_API __attribute__((visibility("default")))
#else
#define QAIC_FW_API
#endif

/* ---- errors --------------------------------------------------------------*/

/* Equal to the exit codes of the tools. */
enum qaic_fw_error_kind {
  QAIC_FW_ERROR_VERDICT = 1,   /* a check ran and said no */
  QAIC_FW_ERROR_USAGE = 2,     /* a wrong argument */
  QAIC_FW_ERROR_BAD_INPUT = 9, /* not a firmware image */
  QAIC_FW_ERROR_INTERNAL = 12  /* no memory, a crypto library that cannot do its work, our own bug */
};

/* The caller's. A function that succeeds leaves it alone; texts are cut to fit. */
typedef struct qaic_fw_error {
  uint32_t kind;   /* enum qaic_fw_error_kind */
  uint32_t domain; /* whose number `code` is: 0 nobody's, 1 errno */
  int32_t code;
  char id[48];    /* stable, such as "fw-hash-mismatch" */
  char what[768]; /* one line */
  char hint[256]; /* one line: what to do; may be empty */
} qaic_fw_error;

/* ---- one image -----------------------------------------------------------*/

typedef struct qaic_fw_image qaic_fw_image;

enum qaic_fw_verdict {
  QAIC_FW_GOOD = 0,
  QAIC_FW_BAD = 1,         /* an image, and a check said no */
  QAIC_FW_NOT_AN_IMAGE = 9 /* no ELF file with a hash segment */
};

typedef struct qaic_fw_options {
  size_t size; /* sizeof(qaic_fw_options) */
  /* Roots to accept besides the known ones: SHA-384 of the certificate's DER
   * bytes, 96 lower-case hex digits each. */
  const char* const* accepted_roots;
  size_t accepted_root_count;
} qaic_fw_options;

/* Judges `size` bytes at `bytes`, which are not kept. `name` is the name the
 * file has (folders before it are ignored); NULL or "" = unknown, then the
 * check of the name does not apply. `options` may be NULL.
 * Gives a new object in *image whatever the verdict is; on an error (USAGE,
 * INTERNAL) *image is NULL. */
QAIC_FW_API int qaic_fw_image_verify(const void* bytes, size_t size, const char* name,
                                     const qaic_fw_options* options, qaic_fw_image** image,
                                     qaic_fw_error* error);

/* NULL is allowed. */
QAIC_FW_API void qaic_fw_image_free(qaic_fw_image* image);

QAIC_FW_API enum qaic_fw_verdict qaic_fw_image_verdict(const qaic_fw_image* image);

/* The first check that failed: returns 1 and fills `error` (kind VERDICT, or
 * BAD_INPUT for what is no image); 0 if none failed. */
QAIC_FW_API int qaic_fw_image_failure(const qaic_fw_image* image, qaic_fw_error* error);

/* The version of a component, "SBL", "QSM", "NSP" or "TZ", as the image spells
 * it ("SBL.AIC.1.20.2.1"); NULL if it names none. Only for images whose hashes
 * and signature hold. */
QAIC_FW_API const char* qaic_fw_image_version(const qaic_fw_image* image, const char* component);

/* Everything that was found, one JSON document: "qaic.fw-image/1", described
 * in docs/schema/qaic.fw-verify.json. */
QAIC_FW_API const char* qaic_fw_image_report(const qaic_fw_image* image);

/* ---- images that belong together -----------------------------------------*/

typedef struct qaic_fw_set qaic_fw_set;

/* Compares images that a card would load together: sbl.bin, fw1.bin, fw2.bin
 * and fw9.bin are of one release. The images may be freed before the set. */
QAIC_FW_API int qaic_fw_set_check(const qaic_fw_image* const* images, size_t count, qaic_fw_set** set,
                                  qaic_fw_error* error);
QAIC_FW_API void qaic_fw_set_free(qaic_fw_set* set);

/* 0 if they fit together; otherwise 1 and the first finding in `error`. */
QAIC_FW_API int qaic_fw_set_finding(const qaic_fw_set* set, qaic_fw_error* error);

/* One JSON document: "qaic.fw-set/1". */
QAIC_FW_API const char* qaic_fw_set_report(const qaic_fw_set* set);

/* ---- the library ---------------------------------------------------------*/

/* "0.1.0" */
QAIC_FW_API const char* qaic_fw_version(void);

#ifdef __cplusplus
}
#endif

#endif
