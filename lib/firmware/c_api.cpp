// The C ABI of libqaic-fw: no exception leaves, nothing is kept of the caller's.
#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/firmware/image_set.hpp"
#include "lib/firmware/report_json.hpp"
#include "lib/firmware/verify.hpp"
#include "lib/include/qaic/qaic-fw.h"

struct qaic_fw_image {
  qaic::firmware::Report report;
  std::string json;
};

struct qaic_fw_set {
  qaic::firmware::SetReport report;
  std::string json;
};

namespace {

using qaic::base::Error;
using qaic::base::ErrorKind;
using qaic::base::make_error;

template <std::size_t N>
void copy_text(char (&to)[N], std::string_view text) {
  const auto size = std::min(text.size(), N - 1);
  std::memcpy(to, text.data(), size);
  to[size] = '\0';
}

// Fills `to`; what every function here fails with.
int report_error(const Error& from, qaic_fw_error* to) {
  if (to != nullptr) {
    to->kind = static_cast<std::uint32_t>(from.kind);
    to->domain = static_cast<std::uint32_t>(from.domain);
    to->code = from.code;
    copy_text(to->id, from.id);
    copy_text(to->what, from.what);
    copy_text(to->hint, from.hint);
  }
  return -1;
}

// The same without a need for memory.
int report_internal(std::string_view id, std::string_view what, qaic_fw_error* to) {
  if (to != nullptr) {
    to->kind = QAIC_FW_ERROR_INTERNAL;
    to->domain = 0;
    to->code = 0;
    copy_text(to->id, id);
    copy_text(to->what, what);
    copy_text(to->hint, "");
  }
  return -1;
}

template <class F>
int guarded(qaic_fw_error* error, F&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return report_internal("out-of-memory", "not enough memory", error);
  } catch (...) {
    return report_internal("internal", "an unexpected failure inside libqaic-fw", error);
  }
}

int usage(std::string what, qaic_fw_error* error) {
  return report_error(make_error(ErrorKind::usage, "fw-argument", std::move(what)), error);
}

bool is_sha384(std::string_view text) {
  return text.size() == 96 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

extern "C" {

int qaic_fw_image_verify(const void* bytes, size_t size, const char* name, const qaic_fw_options* options,
                         qaic_fw_image** image, qaic_fw_error* error) {
  return guarded(error, [&] {
    if (image == nullptr) return usage("no place for the image was given", error);
    *image = nullptr;
    if (bytes == nullptr && size != 0) return usage("no bytes were given", error);
    qaic::firmware::VerifyOptions accepted;
    if (options != nullptr) {
      if (options->size < sizeof(qaic_fw_options)) return usage("the options' size is not set", error);
      for (size_t i = 0; i < options->accepted_root_count; ++i) {
        const char* root = options->accepted_roots[i];
        if (root == nullptr || !is_sha384(root)) {
          return usage("an accepted root must be 96 lower-case hex digits, a SHA-384", error);
        }
        accepted.accepted_roots.emplace_back(root);
      }
    }
    auto out = std::make_unique<qaic_fw_image>();
    out->report = qaic::firmware::verify({static_cast<const std::byte*>(bytes), size},
                                         name == nullptr ? "" : name, accepted);
    if (out->report.failure && out->report.failure->kind == ErrorKind::internal) {
      return report_error(*out->report.failure, error);
    }
    out->json = to_json(out->report);
    *image = out.release();
    return 0;
  });
}

void qaic_fw_image_free(qaic_fw_image* image) {
  std::unique_ptr<qaic_fw_image>{image}.reset();
}

qaic_fw_verdict qaic_fw_image_verdict(const qaic_fw_image* image) {
  switch (image->report.verdict) {
    case qaic::firmware::Verdict::good:
      return QAIC_FW_GOOD;
    case qaic::firmware::Verdict::bad:
      return QAIC_FW_BAD;
    case qaic::firmware::Verdict::not_an_image:
      return QAIC_FW_NOT_AN_IMAGE;
  }
  return QAIC_FW_BAD;
}

int qaic_fw_image_failure(const qaic_fw_image* image, qaic_fw_error* error) {
  if (!image->report.failure) return 0;
  (void)report_error(*image->report.failure, error);
  return 1;
}

const char* qaic_fw_image_version(const qaic_fw_image* image, const char* component) {
  if (component == nullptr || !image->report.versions) return nullptr;
  const auto* version = image->report.versions->find(component);
  return version == nullptr ? nullptr : version->text.c_str();
}

const char* qaic_fw_image_report(const qaic_fw_image* image) {
  return image->json.c_str();
}

int qaic_fw_set_check(const qaic_fw_image* const* images, size_t count, qaic_fw_set** set,
                      qaic_fw_error* error) {
  return guarded(error, [&] {
    if (set == nullptr) return usage("no place for the set was given", error);
    *set = nullptr;
    std::vector<const qaic::firmware::Report*> reports;
    for (size_t i = 0; i < count; ++i) {
      if (images == nullptr || images[i] == nullptr) return usage("an image of the set is missing", error);
      reports.push_back(&images[i]->report);
    }
    auto out = std::make_unique<qaic_fw_set>();
    out->report = qaic::firmware::check_set(reports);
    out->json = to_json(out->report);
    *set = out.release();
    return 0;
  });
}

void qaic_fw_set_free(qaic_fw_set* set) {
  std::unique_ptr<qaic_fw_set>{set}.reset();
}

int qaic_fw_set_finding(const qaic_fw_set* set, qaic_fw_error* error) {
  if (set->report.consistent()) return 0;
  (void)report_error(set->report.findings.front(), error);
  return 1;
}

const char* qaic_fw_set_report(const qaic_fw_set* set) {
  return set->json.c_str();
}

const char* qaic_fw_version(void) {
  return QAIC_VERSION;
}

}  // extern "C"
