#include "lib/nnc/command.hpp"

#include "wire/qpc.hpp"

namespace qaic::nnc {

using wire::nnc::Command;

namespace {

// The longest name that still ends in a NUL.
std::string_view cut_name(std::string_view name) {
  return name.substr(0, 63);
}

}  // namespace

wire::nnc::StatusRequest status_request() {
  wire::nnc::StatusRequest request{};
  request.type = number(Command::status);
  return request;
}

wire::nnc::ResourceInfoRequest resource_info_request(std::uint32_t process_id) {
  wire::nnc::ResourceInfoRequest request{};
  request.type = number(Command::resource_info);
  request.process_id = process_id;
  request.resource_group_id = -1;
  return request;
}

wire::nnc::SimpleRequest performance_info_request() {
  wire::nnc::SimpleRequest request{};
  request.type = number(Command::performance_info);
  return request;
}

wire::nnc::UnloadRequest unload_constants_request(std::uint32_t constants_id) {
  return {number(Command::unload_constants), constants_id};
}

wire::nnc::UnloadRequest unload_elf_request(std::uint32_t elf_id) {
  return {number(Command::unload_elf), elf_id};
}

wire::nnc::DeactivateRequest deactivate_request(std::uint32_t activation_id) {
  wire::nnc::DeactivateRequest request{};
  request.type = number(Command::deactivate);
  request.activation_id = activation_id;
  request.opt_vc_teardown = 1U;
  return request;
}

wire::nnc::LoadConstantsExRequest load_constants_request(std::uint32_t process_id, std::string_view name) {
  wire::nnc::LoadConstantsExRequest request{};
  request.type = number(Command::load_constants_ex);
  request.process_id = process_id;
  base::set_fixed_text(request.name, cut_name(name));
  request.descriptor_len = std::uint32_t{sizeof(wire::qpc::ConstantsDescriptor)};  // which follows
  return request;
}

wire::nnc::LoadConstantsPayloadRequest constants_payload_request(std::uint32_t process_id,
                                                                 std::uint32_t constants_id,
                                                                 std::uint64_t size, std::uint64_t offset) {
  wire::nnc::LoadConstantsPayloadRequest request{};
  request.type = number(Command::load_constants_payload);
  request.process_id = process_id;
  request.tag = kConstantsTag;
  request.constants_id = constants_id;
  request.data_length = size;
  request.offset = offset;
  return request;
}

wire::nnc::LoadElfRequest load_elf_request(std::uint32_t process_id, std::string_view name,
                                           std::uint64_t size, MetadataCrcs crcs) {
  wire::nnc::LoadElfRequest request{};
  request.type = number(Command::load_elf);
  request.tag = kElfTag;
  request.process_id = process_id;
  request.metadata_crc = crcs.metadata;
  base::set_fixed_text(request.name, cut_name(name));
  request.data_length = size;
  request.metadata_flatbuffer_crc = crcs.flatbuffer;
  return request;
}

wire::nnc::ActivateRequest activate_request(std::uint32_t process_id, std::uint32_t constants_id,
                                            std::uint32_t elf_id) {
  wire::nnc::ActivateRequest request{};
  request.type = number(Command::activate);
  request.process_id = process_id;
  request.constants_id = constants_id;
  request.elf_id = elf_id;
  request.resource_res_id = -1;
  request.opt_vc_setup = 1U;
  request.vc_res_id = -1;
  request.initial_state = static_cast<std::int32_t>(wire::nnc::InitialState::ready);
  return request;
}

}  // namespace qaic::nnc
