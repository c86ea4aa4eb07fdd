#include "lib/program/inspect.hpp"

#include "base/json_writer.hpp"
#include "lib/program/demand.hpp"
#include "lib/program/inspect_fields.hpp"
#include "lib/program/json_fields.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;
namespace uapi = wire::uapi;
using namespace json;

std::string_view name(qpc::NspMemory memory) {
  return memory == qpc::NspMemory::l2tcm ? "l2tcm" : "vtcm";
}
std::string_view name(qpc::AddressSpace space) {
  switch (space) {
    case qpc::AddressSpace::multicast:
      return "multicast";
    case qpc::AddressSpace::ddr:
      return "shared_ddr";
    case qpc::AddressSpace::ddr_dynamic_shared:
      return "dynamic_shared_ddr";
  }
  return "";
}
void put_container(JsonWriter& out, const Container& container) {
  out.key("container").begin_object();
  put(out, "version", std::to_string(container.major) + "." + std::to_string(container.minor));
  switch (container_kind(container)) {
    case ContainerKind::single_device:
      put(out, "kind", "single_device");
      break;
    case ContainerKind::multi_device:
      put(out, "kind", "multi_device");
      break;
    case ContainerKind::encrypted:
      put(out, "kind", "encrypted");
      break;
  }
  out.key("base").hex(container.base);
  put_objects(out, "segments", container.segments, [&](const Segment& segment) {
    put(out, "name", segment.name);
    put(out, "size_bytes", std::uint64_t{segment.bytes.size()});
    put(out, "offset", segment.offset);
  });
  out.end_object();
}

void put_versions(JsonWriter& out, const Program& program) {
  const Metadata& m = program.metadata;
  const auto version = [](std::uint64_t major, std::uint64_t minor) {
    return std::to_string(major) + "." + std::to_string(minor);
  };
  out.key("versions").begin_object();
  put(out, "descriptor", version(program.descriptor.major, program.descriptor.minor));
  put(out, "metadata", version(m.version_major, m.version_minor));
  put(out, "exec_context_major", std::uint64_t{m.exec_context_major});
  put(out, "hardware", version(m.hw_version_major, m.hw_version_minor));
  out.key("elf_flags").hex(program.elf.flags);
  out.end_object();
}

// What the host does with a tensor, in order, each step with what it results in.
void put_host_steps(JsonWriter& out, const Tensor& tensor, const Binding& binding) {
  std::vector<const TransformStep*> steps;
  for (const auto& step : binding.transforms) {
    const bool is_copy = step.kind == static_cast<std::uint32_t>(qpc::Transform::copy_dma_buffer);
    if (tensor.chain && !is_copy) steps.push_back(&step);
  }
  put_objects(out, "host_steps", steps, [&](const TransformStep* step) {
    put(out, "kind", transform_name(step->kind));
    put_type(out, step->type);
    put_dims(out, step->dims);
    out.key("scale").number(double{step->scale});
    put(out, "zero_point", step->offset);
    put(out, "layout", layout_text(step->layout));
    put_numbers(out, "shuffle", step->shuffle);
  });
}

void put_tensors(JsonWriter& out, const Program& program) {
  const auto& inputs = program.descriptor.inputs;
  const auto& outputs = program.descriptor.outputs;
  std::size_t index = 0;
  put_objects(out, "tensors", program.tensors, [&](const Tensor& tensor) {
    const Binding& binding = index < inputs.size() ? inputs[index] : outputs[index - inputs.size()];
    put(out, "index", std::uint64_t{index++});
    put(out, "name", tensor.name);
    put(out, "direction", direction_name(tensor.direction));
    put_type(out, tensor.type);
    put_dims(out, tensor.dims);
    put(out, "size_bytes", tensor.byte_size);
    put(out, "moved_bytes", tensor.moved_size);
    out.key("scale").number(double{tensor.scale});
    put(out, "zero_point", tensor.offset);
    put(out, "partial_allowed", tensor.partial_allowed);
    out.key("buffer");
    tensor.place ? out.number(tensor.place->buffer) : out.null();
    out.key("buffer_offset");
    tensor.place ? out.number(tensor.place->offset) : out.null();
    // Not moved at all, and accepted all the same.
    put(out, "ignored", !tensor.place && tensor.unsupported_transform.empty());
    put_host_steps(out, tensor, binding);
    out.key("unsupported_transform");
    tensor.unsupported_transform.empty() ? out.null() : out.string(tensor.unsupported_transform);
    put_binding(out, binding);
  });
}

void put_resources(JsonWriter& out, const Program& program) {
  const Metadata& m = program.metadata;
  const Demand demand = demand_of(program);
  out.key("resources").begin_object();
  put(out, "nsps", demand.nsps);
  put(out, "threads", std::uint64_t{m.threads.size()});
  put(out, "semaphores", demand.semaphores);
  put(out, "multicast_ids", demand.multicast_ids);
  put(out, "l2tcm_bytes", std::uint64_t{m.l2tcm_size});
  put(out, "vtcm_bytes", std::uint64_t{m.vtcm_size});
  put(out, "l2_cached_ddr_bytes", std::uint64_t{m.l2_cached_ddr_size});
  put(out, "shared_ddr_bytes", m.static_shared_ddr_size);
  put(out, "dynamic_shared_ddr_bytes", m.dynamic_shared_ddr_size);
  put(out, "static_constants_bytes", program.constants.static_size);
  put(out, "dynamic_constants_bytes", program.constants.dynamic_size);
  put(out, "heap_bytes", m.heap_size);
  put(out, "memory_bytes", demand.memory_bytes);
  out.end_object();
}

void put_card_setup(JsonWriter& out, const Metadata& m) {
  put_objects(out, "threads", m.threads, [&](const ThreadDescriptor& thread) {
    out.key("entry").hex(thread.entry_point);
    put(out, "hvx", thread.hvx);
    put(out, "hmx", thread.hmx);
  });
  out.key("semaphore_init").begin_array();
  for (const std::uint32_t value : m.semaphore_init) out.number(value);
  out.end_array();
  put(out, "l2tcm_init_bytes", std::uint64_t{m.l2tcm_init.size()});
  put(out, "exit_doorbell_offset", m.exit_doorbell_offset);
  put_objects(out, "host_multicast", m.host_multicast, [&](const HostMulticastEntry& entry) {
    out.key("nsp_mask").hex(entry.mask);
    put(out, "size_bytes", std::uint64_t{entry.size});
  });
  out.key("nsp_multicast").begin_array();
  for (const auto& table : m.nsp_multicast) {
    out.begin_array();
    for (const auto& entry : table) {
      out.begin_object();
      put(out, "memory", name(entry.memory));
      put(out, "offset", entry.base_offset);
      put(out, "size_bytes", std::uint64_t{entry.size});
      out.key("nsp_mask").hex(entry.mask);
      put(out, "dynamic", entry.dynamic);
      out.end_object();
    }
    out.end_array();
  }
  out.end_array();
  put_objects(out, "constant_mappings", m.constant_mappings, [&](const ConstantMapping& mapping) {
    put(out, "offset", mapping.base_offset);
    put(out, "size_bytes", std::uint64_t{mapping.size});
    out.key("nsp_mask").hex(mapping.core_mask);
  });
  out.key("required_fields").begin_array();
  for (const auto& field : m.required_fields.value_or(usual_required_fields(m))) out.string(field);
  out.end_array();
}

void put_requests(JsonWriter& out, const Metadata& m) {
  std::uint64_t index = 0;
  put_objects(out, "requests", m.requests, [&](const DmaRequest& request) {
    put(out, "index", index++);
    out.key("buffer");
    request.buffer == qpc::kNoBuffer ? out.null() : out.number(std::uint32_t{request.buffer});
    put(out, "transfer", direction_name(request.transfer));
    put(out, "size_bytes", std::uint64_t{request.size});
    put(out, "host_offset", request.host_offset);
    put(out, "memory", name(request.space));
    out.key("mcid");
    request.space == qpc::AddressSpace::multicast ? out.number(std::uint32_t{request.mcid}) : out.null();
    put(out, "memory_offset", request.dev_offset);
    put(out, "port", std::uint64_t{request.port});
    out.key("transaction");
    request.transaction == qpc::kNoTransaction ? out.null() : out.number(request.transaction);
    put_objects(out, "semaphores", request.semaphores, [&](const SemaphoreOp& op) {
      put(out, "op", semaphore_command_name(op.command));
      put(out, "number", std::uint64_t{op.number});
      put(out, "value", std::uint64_t{op.value});
      put(out, "when", op.when == qpc::PreOrPost::pre ? "pre" : "post");
      put(out, "in_fence", op.in_sync_fence);
      put(out, "out_fence", op.out_sync_fence);
    });
    put_objects(out, "doorbells", request.doorbells, [&](const DoorbellOp& op) {
      put(out, "mcid", std::uint64_t{op.mcid});
      put(out, "offset", op.offset);
      put(out, "data", std::uint64_t{op.data});
      put(out, "bits", std::uint64_t{8} << static_cast<unsigned>(op.size));
    });
  });
}

// How the requests become buffer objects; null where they cannot.
void put_plan(JsonWriter& out, const Program& program) {
  const auto plan = plan_submission(program.metadata, program.descriptor);
  out.key("plan_error");
  if (!plan) {
    out.string(plan.error().what);
    out.key("plan").null();
    return;
  }
  out.null();
  put_objects(out, "plan", plan->bos, [&](const PlannedBo& bo) {
    out.key("buffer");
    bo.buffer == qpc::kNoBuffer ? out.null() : out.number(std::uint32_t{bo.buffer});
    put(out, "size_bytes", bo.size);
    put(out, "direction", bo.direction == uapi::Direction::to_device ? "in" : "out");
    put_objects(out, "slices", bo.slices, [&](const PlannedSlice& slice) {
      put(out, "request", std::uint64_t{slice.request});
      put(out, "size_bytes", slice.size);
      put(out, "offset", slice.offset);
    });
  });
}

void put_program(JsonWriter& out, const Program& program) {
  out.key("program").begin_object();
  put(out, "name", program.metadata.network_name);
  put(out, "descriptor_name", program.descriptor.network_name);
  put(out, "batch_size", program.descriptor.batch_size);
  put_versions(out, program);
  put_tensors(out, program);
  put_objects(out, "buffers", program.descriptor.dma_buffers, [&](const DmaBuffer& buffer) {
    put(out, "size_bytes", std::uint64_t{buffer.size});
    put(out, "direction", direction_name(buffer.direction));
  });
  put(out, "allowed_shape_count", std::uint64_t{program.descriptor.allowed_shapes.size()});
  out.key("allowed_shapes").begin_array();
  for (const auto& tuple : program.descriptor.allowed_shapes) {
    out.begin_array();
    for (const auto& shape : tuple) {
      out.begin_object();
      put_type(out, shape.type);
      put_dims(out, shape.dims);
      out.end_object();
    }
    out.end_array();
  }
  out.end_array();
  put_resources(out, program);
  put_card_setup(out, program.metadata);
  put_requests(out, program.metadata);
  put_plan(out, program);
  put_further_fields(out, program);
  out.end_object();
}

}  // namespace

std::string inspect_json(const Program& program) {
  JsonWriter out;
  out.begin_object();
  put(out, "schema", "qaic.qpc-inspect/1");
  put_container(out, program.container);
  put_program(out, program);
  out.end_object();
  return out.take();
}

std::string inspect_json(const Container& container) {
  JsonWriter out;
  out.begin_object();
  put(out, "schema", "qaic.qpc-inspect/1");
  put_container(out, container);
  out.key("program").null();
  out.end_object();
  return out.take();
}

}  // namespace qaic::program
