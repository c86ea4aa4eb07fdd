// C++20 wrapper of qaic.h: owning types, values and exceptions-free results.
// Header-only; everything it does is in the C interface.
#pragma once

#include <qaic/qaic.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace qaic {

// qaic_error as a value.
class Error {
 public:
  Error() = default;
  explicit Error(const qaic_error& raw) : raw_(raw) {}
  [[nodiscard]] std::uint32_t kind() const { return raw_.kind; }  // enum qaic_error_kind = exit code
  [[nodiscard]] std::uint32_t domain() const { return raw_.domain; }
  [[nodiscard]] std::int32_t code() const { return raw_.code; }
  [[nodiscard]] const char* id() const { return raw_.id; }
  [[nodiscard]] const char* what() const { return raw_.what; }
  [[nodiscard]] const char* hint() const { return raw_.hint; }

 private:
  qaic_error raw_{};
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

struct Done {};  // the value of an operation that has none

namespace detail {
template <class T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* object) const { Free(object); }
};
template <class T, void (*Free)(T*)>
using Handle = std::unique_ptr<T, Deleter<T, Free>>;
inline void unload_network(qaic_network* network) {
  (void)qaic_network_unload(network, nullptr);
}
}  // namespace detail

// All cards of the host, ordered by PCI address. Opens no device node.
class Inventory {
 public:
  static Expected<Inventory> read() {
    qaic_inventory* raw = nullptr;
    qaic_error error{};
    if (qaic_inventory_read(&raw, &error) != 0) return Error(error);
    Inventory inventory;
    inventory.driver_present_ = qaic_inventory_driver_present(raw) != 0;
    const std::size_t count = qaic_inventory_count(raw);
    for (std::size_t i = 0; i < count; ++i) {
      qaic_card_info info{};
      info.size = sizeof(info);
      if (qaic_inventory_card(raw, i, &info, &error) != 0) {
        qaic_inventory_free(raw);
        return Error(error);
      }
      inventory.cards_.push_back(info);
    }
    qaic_inventory_free(raw);
    return inventory;
  }
  [[nodiscard]] const std::vector<qaic_card_info>& cards() const { return cards_; }
  [[nodiscard]] bool driver_present() const { return driver_present_; }

 private:
  std::vector<qaic_card_info> cards_;
  bool driver_present_ = false;
};

class Program {
 public:
  static Expected<Program> open(const std::string& path) {
    qaic_program* raw = nullptr;
    qaic_error error{};
    if (qaic_program_open(path.c_str(), &raw, &error) != 0) return Error(error);
    return Program(raw);
  }
  // The bytes must outlive the program.
  static Expected<Program> from_bytes(std::span<const std::byte> bytes) {
    qaic_program* raw = nullptr;
    qaic_error error{};
    if (qaic_program_from_bytes(bytes.data(), bytes.size(), &raw, &error) != 0) return Error(error);
    return Program(raw);
  }
  [[nodiscard]] Expected<std::string> inspect() const {
    char* json = nullptr;
    qaic_error error{};
    if (qaic_program_inspect(handle_.get(), &json, &error) != 0) return Error(error);
    std::string text(json);
    qaic_string_free(json);
    return text;
  }
  [[nodiscard]] std::string name() const { return qaic_program_name(handle_.get()); }
  // Inputs first, then outputs; names live as long as the program.
  [[nodiscard]] std::vector<qaic_tensor> tensors() const {
    std::vector<qaic_tensor> all(qaic_program_tensor_count(handle_.get()));
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].size = sizeof(qaic_tensor);
      (void)qaic_program_tensor(handle_.get(), i, &all[i], nullptr);
    }
    return all;
  }
  [[nodiscard]] const qaic_program* get() const { return handle_.get(); }

 private:
  explicit Program(qaic_program* raw) : handle_(raw) {}
  detail::Handle<qaic_program, qaic_program_free> handle_;
};

class Device {
 public:
  static Expected<Device> open(const std::string& node) {
    qaic_device* raw = nullptr;
    qaic_error error{};
    if (qaic_device_open(node.c_str(), &raw, &error) != 0) return Error(error);
    return Device(raw);
  }
  [[nodiscard]] Expected<qaic_status> status() { return ask(qaic_device_status); }
  [[nodiscard]] Expected<qaic_status> resources() { return ask(qaic_device_resources); }
  [[nodiscard]] Expected<qaic_status> performance() { return ask(qaic_device_performance); }
  [[nodiscard]] qaic_device* get() const { return handle_.get(); }

 private:
  explicit Device(qaic_device* raw) : handle_(raw) {}
  [[nodiscard]] Expected<qaic_status> ask(int (*question)(qaic_device*, qaic_status*, qaic_error*)) {
    qaic_status status{};
    status.size = sizeof(status);
    qaic_error error{};
    if (question(handle_.get(), &status, &error) != 0) return Error(error);
    return status;
  }
  detail::Handle<qaic_device, qaic_device_close> handle_;
};

// A program loaded and activated on one card. Unloads when it goes; unload()
// does so with an answer.
class Network {
 public:
  static Expected<Network> load(Device& device, const Program& program) {
    qaic_network* raw = nullptr;
    qaic_error error{};
    if (qaic_network_load(device.get(), program.get(), &raw, &error) != 0) return Error(error);
    return Network(raw);
  }
  [[nodiscard]] Expected<Done> unload() {
    qaic_error error{};
    if (qaic_network_unload(handle_.release(), &error) != 0) return Error(error);
    return Done{};
  }
  [[nodiscard]] std::uint32_t dbc() const { return qaic_network_dbc(handle_.get()); }
  [[nodiscard]] qaic_network* get() const { return handle_.get(); }

 private:
  explicit Network(qaic_network* raw) : handle_(raw) {}
  detail::Handle<qaic_network, detail::unload_network> handle_;
};

// A tensor as a dma-buf; closes it when it goes.
class Exported {
 public:
  explicit Exported(const qaic_export& raw) : raw_(raw) {}
  Exported(Exported&& other) noexcept : raw_(other.raw_) { other.raw_.dma_buf = -1; }
  Exported& operator=(Exported&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  Exported(const Exported&) = delete;
  Exported& operator=(const Exported&) = delete;
  ~Exported() {
    if (raw_.dma_buf >= 0) ::close(raw_.dma_buf);
  }
  [[nodiscard]] int dma_buf() const { return raw_.dma_buf; }  // of the whole buffer
  [[nodiscard]] std::uint64_t offset() const { return raw_.offset; }
  [[nodiscard]] std::uint64_t byte_size() const { return raw_.byte_size; }

 private:
  qaic_export raw_;
};

// One set of buffers; must go before its Network.
class Inference {
 public:
  static Expected<Inference> create(Network& network) {
    qaic_inference* raw = nullptr;
    qaic_error error{};
    if (qaic_inference_create(network.get(), &raw, &error) != 0) return Error(error);
    return Inference(raw);
  }
  // With memory of others for some buffers; see qaic_inference_create_imported().
  static Expected<Inference> create(Network& network, std::span<const qaic_import> imports) {
    qaic_inference* raw = nullptr;
    qaic_error error{};
    if (qaic_inference_create_imported(network.get(), imports.data(), imports.size(), &raw, &error) != 0) {
      return Error(error);
    }
    return Inference(raw);
  }
  [[nodiscard]] Expected<Exported> export_tensor(std::size_t index) const {
    qaic_export raw{};
    raw.size = sizeof(raw);
    qaic_error error{};
    if (qaic_inference_export(handle_.get(), index, &raw, &error) != 0) return Error(error);
    return Exported(raw);
  }
  // The memory the card reads tensor `index` from or writes it to.
  [[nodiscard]] std::span<std::byte> tensor(std::size_t index) {
    std::size_t size = 0;
    void* data = qaic_inference_tensor(handle_.get(), index, &size);
    return {static_cast<std::byte*>(data), size};
  }
  // Of partial input `index`, only the first `bytes` are sent; see qaic.h.
  [[nodiscard]] Expected<Done> set_size(std::size_t index, std::uint64_t bytes) {
    qaic_error error{};
    if (qaic_inference_set_size(handle_.get(), index, bytes, &error) != 0) return Error(error);
    return Done{};
  }
  [[nodiscard]] Expected<Done> submit() {
    qaic_error error{};
    if (qaic_inference_submit(handle_.get(), &error) != 0) return Error(error);
    return Done{};
  }
  [[nodiscard]] Expected<Done> wait(std::uint32_t timeout_ms = 0) {
    qaic_error error{};
    if (qaic_inference_wait(handle_.get(), timeout_ms, &error) != 0) return Error(error);
    return Done{};
  }
  [[nodiscard]] Expected<qaic_inference_stats> stats() {
    qaic_inference_stats stats{};
    stats.size = sizeof(stats);
    qaic_error error{};
    if (qaic_inference_stats_read(handle_.get(), &stats, &error) != 0) return Error(error);
    return stats;
  }

 private:
  explicit Inference(qaic_inference* raw) : handle_(raw) {}
  detail::Handle<qaic_inference, qaic_inference_free> handle_;
};

// How an inference of a Queue ended.
struct Completion {
  std::uint32_t slot = 0;
  std::uint64_t user_data = 0;
  std::optional<Error> error;  // none: the outputs are there
};

// Several inferences of a network in flight; must go before its Network. Any
// thread may call any member; not so moving and destroying. See qaic.h.
class Queue {
 public:
  struct Options {
    std::uint32_t depth = 8;           // slots
    std::uint32_t deadline_ms = 5000;  // of each inference, or QAIC_FOREVER
    std::span<const qaic_import> imports = {};
  };

  // Completions are fetched with next() and wait(); no thread is started.
  static Expected<Queue> create(Network& network, const Options& options) {
    return make(network, options, QAIC_QUEUE_WAIT, nullptr);
  }
  // The same, and event_fd() is readable while there are some.
  static Expected<Queue> with_event(Network& network, const Options& options) {
    return make(network, options, QAIC_QUEUE_EVENT, nullptr);
  }
  // Completions go to `callback`, on a thread of the queue. It must not throw;
  // what it may call stands at qaic_queue_callback.
  static Expected<Queue> with_callback(Network& network, const Options& options,
                                       std::function<void(const Completion&)> callback) {
    return make(network, options, QAIC_QUEUE_CALLBACK,
                std::make_unique<std::function<void(const Completion&)>>(std::move(callback)));
  }
  Queue(Queue&&) noexcept = default;
  Queue& operator=(Queue&& other) noexcept {
    handle_ = std::move(other.handle_);  // the callback outlives the old queue
    callback_ = std::move(other.callback_);
    return *this;
  }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  ~Queue() = default;

  [[nodiscard]] std::uint32_t depth() const { return qaic_queue_depth(handle_.get()); }
  [[nodiscard]] int event_fd() const { return qaic_queue_event_fd(handle_.get()); }
  // 0 = do not wait, QAIC_FOREVER; likewise below.
  [[nodiscard]] Expected<std::uint32_t> acquire(std::uint32_t timeout_ms = QAIC_FOREVER) {
    std::uint32_t slot = 0;
    qaic_error error;  // filled if there is one
    if (qaic_queue_acquire(handle_.get(), timeout_ms, &slot, &error) != 0) return Error(error);
    return slot;
  }
  [[nodiscard]] std::span<std::byte> tensor(std::uint32_t slot, std::size_t index) {
    std::size_t size = 0;
    void* data = qaic_queue_tensor(handle_.get(), slot, index, &size);
    return {static_cast<std::byte*>(data), size};
  }
  // As Inference::set_size(), until the slot is released.
  [[nodiscard]] Expected<Done> set_size(std::uint32_t slot, std::size_t index, std::uint64_t bytes) {
    qaic_error error{};
    if (qaic_queue_set_size(handle_.get(), slot, index, bytes, &error) != 0) return Error(error);
    return Done{};
  }
  [[nodiscard]] Expected<Exported> export_tensor(std::uint32_t slot, std::size_t index) const {
    qaic_export raw{};
    raw.size = sizeof(raw);
    qaic_error error{};
    if (qaic_queue_export(handle_.get(), slot, index, &raw, &error) != 0) return Error(error);
    return Exported(raw);
  }
  [[nodiscard]] Expected<Done> submit(std::uint32_t slot, std::uint64_t user_data = 0) {
    qaic_error error;  // filled if there is one
    if (qaic_queue_submit(handle_.get(), slot, user_data, &error) != 0) return Error(error);
    return Done{};
  }
  [[nodiscard]] Expected<Done> release(std::uint32_t slot) {
    qaic_error error;  // filled if there is one
    if (qaic_queue_release(handle_.get(), slot, &error) != 0) return Error(error);
    return Done{};
  }
  [[nodiscard]] Expected<Completion> next(std::uint32_t timeout_ms = QAIC_FOREVER) {
    return fetch([&](qaic_completion* raw, qaic_error* error) {
      return qaic_queue_next(handle_.get(), timeout_ms, raw, error);
    });
  }
  [[nodiscard]] Expected<Completion> wait(std::uint32_t slot, std::uint32_t timeout_ms = QAIC_FOREVER) {
    return fetch([&](qaic_completion* raw, qaic_error* error) {
      return qaic_queue_wait(handle_.get(), slot, timeout_ms, raw, error);
    });
  }
  [[nodiscard]] Expected<Done> drain(std::uint32_t timeout_ms = QAIC_FOREVER) {
    qaic_error error{};
    if (qaic_queue_drain(handle_.get(), timeout_ms, &error) != 0) return Error(error);
    return Done{};
  }
  [[nodiscard]] Expected<qaic_inference_stats> stats(std::uint32_t slot) {
    qaic_inference_stats stats{};
    stats.size = sizeof(stats);
    qaic_error error{};
    if (qaic_queue_stats_read(handle_.get(), slot, &stats, &error) != 0) return Error(error);
    return stats;
  }

 private:
  using Callback = std::unique_ptr<std::function<void(const Completion&)>>;

  Queue(qaic_queue* raw, Callback callback) : callback_(std::move(callback)), handle_(raw) {}

  static Completion completion(const qaic_completion& raw, const qaic_error* error) {
    Completion made{raw.slot, raw.user_data, std::nullopt};
    if (raw.kind != 0) made.error = Error(*error);
    return made;
  }
  static void call(void* context, const qaic_completion* raw, const qaic_error* error) {
    (*static_cast<std::function<void(const Completion&)>*>(context))(completion(*raw, error));
  }
  static Expected<Queue> make(Network& network, const Options& options, qaic_queue_delivery delivery,
                              Callback callback) {
    qaic_queue_options raw_options{};
    raw_options.size = sizeof(raw_options);
    raw_options.depth = options.depth;
    raw_options.deadline_ms = options.deadline_ms;
    raw_options.delivery = delivery;
    raw_options.imports = options.imports.data();
    raw_options.import_count = options.imports.size();
    if (callback) raw_options.callback = call;
    raw_options.context = callback.get();
    qaic_queue* raw = nullptr;
    qaic_error error{};
    if (qaic_queue_create(network.get(), &raw_options, &raw, &error) != 0) return Error(error);
    return Queue(raw, std::move(callback));
  }
  template <class Fetch>
  static Expected<Completion> fetch(Fetch&& call_c) {
    qaic_completion raw{};
    raw.size = sizeof(raw);
    qaic_error error;  // filled if there is one
    if (call_c(&raw, &error) != 0) return Error(error);
    return completion(raw, &error);
  }

  Callback callback_;  // outlives the handle
  detail::Handle<qaic_queue, qaic_queue_free> handle_;
};

}  // namespace qaic
