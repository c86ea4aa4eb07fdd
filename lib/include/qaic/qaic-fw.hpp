// C++20 wrapper of qaic-fw.h: owning types and values. Header-only; everything
// it does is in the C interface.
#pragma once

#include <qaic/qaic-fw.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace qaic::fw {

// qaic_fw_error as a value.
class Error {
 public:
  Error() = default;
  explicit Error(const qaic_fw_error& raw) : raw_(raw) {}
  [[nodiscard]] std::uint32_t kind() const { return raw_.kind; }  // enum qaic_fw_error_kind = exit code
  [[nodiscard]] const char* id() const { return raw_.id; }
  [[nodiscard]] const char* what() const { return raw_.what; }
  [[nodiscard]] const char* hint() const { return raw_.hint; }

 private:
  qaic_fw_error raw_{};
};

// A value or an Error.
template <class T>
class Expected {
 public:
  Expected(T value) : content_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: converts on return
  Expected(Error error) : content_(std::in_place_index<1>, error) {}         // NOLINT: converts on return
  [[nodiscard]] bool has_value() const { return content_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] T& operator*() { return *std::get_if<0>(&content_); }
  [[nodiscard]] const T& operator*() const { return *std::get_if<0>(&content_); }
  [[nodiscard]] T* operator->() { return std::get_if<0>(&content_); }
  [[nodiscard]] const T* operator->() const { return std::get_if<0>(&content_); }
  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&content_); }

 private:
  std::variant<T, Error> content_;
};

// The judgement on one image.
class Image {
 public:
  // `name` is the file's name, "" if it has none; `accepted_roots` as in
  // qaic_fw_options. The bytes are not kept.
  static Expected<Image> verify(std::span<const std::byte> bytes, const std::string& name,
                                const std::vector<std::string>& accepted_roots = {}) {
    std::vector<const char*> roots;
    roots.reserve(accepted_roots.size());
    for (const auto& root : accepted_roots) roots.push_back(root.c_str());
    const qaic_fw_options options{sizeof(qaic_fw_options), roots.data(), roots.size()};
    qaic_fw_image* raw = nullptr;
    qaic_fw_error error{};
    if (qaic_fw_image_verify(bytes.data(), bytes.size(), name.c_str(), &options, &raw, &error) != 0) {
      return Error(error);
    }
    return Image(raw);
  }

  [[nodiscard]] qaic_fw_verdict verdict() const { return qaic_fw_image_verdict(handle_.get()); }
  // The first check that failed.
  [[nodiscard]] std::optional<Error> failure() const {
    qaic_fw_error error{};
    if (qaic_fw_image_failure(handle_.get(), &error) == 0) return std::nullopt;
    return Error(error);
  }
  [[nodiscard]] std::optional<std::string> version(const std::string& component) const {
    const char* text = qaic_fw_image_version(handle_.get(), component.c_str());
    if (text == nullptr) return std::nullopt;
    return text;
  }
  [[nodiscard]] std::string report() const { return qaic_fw_image_report(handle_.get()); }  // JSON
  [[nodiscard]] const qaic_fw_image* get() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(qaic_fw_image* image) const { qaic_fw_image_free(image); }
  };
  explicit Image(qaic_fw_image* raw) : handle_(raw) {}
  std::unique_ptr<qaic_fw_image, Free> handle_;
};

// The judgement on images that belong together.
class ImageSet {
 public:
  static Expected<ImageSet> check(std::span<const Image* const> images) {
    std::vector<const qaic_fw_image*> raw_images;
    raw_images.reserve(images.size());
    for (const auto* image : images) raw_images.push_back(image->get());
    qaic_fw_set* raw = nullptr;
    qaic_fw_error error{};
    if (qaic_fw_set_check(raw_images.data(), raw_images.size(), &raw, &error) != 0) return Error(error);
    return ImageSet(raw);
  }
  [[nodiscard]] std::optional<Error> finding() const {
    qaic_fw_error error{};
    if (qaic_fw_set_finding(handle_.get(), &error) == 0) return std::nullopt;
    return Error(error);
  }
  [[nodiscard]] std::string report() const { return qaic_fw_set_report(handle_.get()); }  // JSON

 private:
  struct Free {
    void operator()(qaic_fw_set* set) const { qaic_fw_set_free(set); }
  };
  explicit ImageSet(qaic_fw_set* raw) : handle_(raw) {}
  std::unique_ptr<qaic_fw_set, Free> handle_;
};

}  // namespace qaic::fw
