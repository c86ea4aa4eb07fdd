#include <qaic/qaic.h>

#include <memory>
#include <string>
#include <vector>

#include "lib/api/boundary.hpp"
#include "lib/api/objects.hpp"

namespace qaic::api {

base::Result<void> give_stats(const core::Inference& inference, qaic_inference_stats* out) {
  QAIC_TRY(const auto stats, inference.stats());
  qaic_inference_stats filled{};
  filled.queue_level_before = stats.queue_level_before;
  filled.queue_elements = stats.queue_elements;
  filled.submit_latency_us = stats.submit_latency_us;
  filled.device_latency_us = stats.device_latency_us;
  return give(out, filled);
}

base::Result<void> give_export(const core::Inference& inference, std::size_t tensor, qaic_export* out) {
  if (out == nullptr) return base::fail(null_argument("out"));
  qaic_export filled{};
  filled.size = out->size;
  QAIC_CHECK(give(out, filled));  // before there is a descriptor to be lost
  QAIC_TRY(auto exported, inference.export_tensor(tensor));
  filled.offset = exported.offset;
  filled.byte_size = exported.size;
  filled.dma_buf = exported.dma_buf.release();
  return give(out, filled);
}

base::Error import_member(std::uint64_t index, const char* member) {
  return base::make_error(base::ErrorKind::usage, "tensor-import",
                          "import " + std::to_string(index) + ": " + member + " is not 0");
}

base::Result<core::Import> import_of(const qaic_import& import, std::uint64_t index) {
  if (import.reserved != 0) return base::fail(import_member(index, "reserved"));
  return core::Import{import.tensor, import.dma_buf};
}

}  // namespace qaic::api

using namespace qaic;

extern "C" {

int qaic_network_load(qaic_device* device, const qaic_program* program, qaic_network** out,
                      qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (device == nullptr) return base::fail(api::null_argument("device"));
    if (program == nullptr) return base::fail(api::null_argument("program"));
    if (out == nullptr) return base::fail(api::null_argument("out"));
    QAIC_TRY(auto network, core::Network::load(device->device, program->file.program()));
    *out = std::make_unique<qaic_network>(qaic_network{std::move(network)}).release();
    return {};
  });
}

int qaic_network_unload(qaic_network* network, qaic_error* error) {
  const std::unique_ptr<qaic_network> owner(network);
  return api::guard(error, [&]() -> base::Result<void> {
    if (network == nullptr) return {};
    return network->network->unload();
  });
}

uint32_t qaic_network_dbc(const qaic_network* network) {
  return network == nullptr ? 0 : network->network->dbc().value;
}

int qaic_inference_create(qaic_network* network, qaic_inference** out, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (network == nullptr) return base::fail(api::null_argument("network"));
    if (out == nullptr) return base::fail(api::null_argument("out"));
    QAIC_TRY(auto inference, core::Inference::create(*network->network));
    *out = std::make_unique<qaic_inference>(qaic_inference{std::move(inference)}).release();
    return {};
  });
}

int qaic_inference_create_imported(qaic_network* network, const qaic_import* imports, size_t count,
                                   qaic_inference** out, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (network == nullptr) return base::fail(api::null_argument("network"));
    if (imports == nullptr && count != 0) return base::fail(api::null_argument("imports"));
    if (out == nullptr) return base::fail(api::null_argument("out"));
    std::vector<core::Import> wanted;
    for (size_t i = 0; i < count; ++i) {
      if (imports[i].slot != 0) return base::fail(api::import_member(i, "slot"));
      QAIC_TRY(const auto import, api::import_of(imports[i], i));
      wanted.push_back(import);
    }
    QAIC_TRY(auto inference, core::Inference::create(*network->network, wanted));
    *out = std::make_unique<qaic_inference>(qaic_inference{std::move(inference)}).release();
    return {};
  });
}

int qaic_inference_export(const qaic_inference* inference, size_t tensor, qaic_export* out,
                          qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (inference == nullptr) return base::fail(api::null_argument("inference"));
    return api::give_export(*inference->inference, tensor, out);
  });
}

void qaic_inference_free(qaic_inference* inference) {
  const std::unique_ptr<qaic_inference> owner(inference);
}

void* qaic_inference_tensor(qaic_inference* inference, size_t index, size_t* size) {
  const base::MutableBytes memory =
      inference == nullptr ? base::MutableBytes{} : inference->inference->tensor(index);
  if (size != nullptr) *size = memory.size();
  return memory.data();
}

int qaic_inference_set_size(qaic_inference* inference, size_t index, uint64_t bytes, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (inference == nullptr) return base::fail(api::null_argument("inference"));
    return inference->inference->set_size(index, bytes);
  });
}

int qaic_inference_submit(qaic_inference* inference, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (inference == nullptr) return base::fail(api::null_argument("inference"));
    return inference->inference->submit();
  });
}

int qaic_inference_wait(qaic_inference* inference, uint32_t timeout_ms, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (inference == nullptr) return base::fail(api::null_argument("inference"));
    return inference->inference->wait(timeout_ms);
  });
}

int qaic_inference_stats_read(qaic_inference* inference, qaic_inference_stats* out, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (inference == nullptr) return base::fail(api::null_argument("inference"));
    return api::give_stats(*inference->inference, out);
  });
}

}  // extern "C"
