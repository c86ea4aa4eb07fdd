#include "tools/qaic-qpc/description.hpp"

#include <algorithm>

#include "lib/program/elf.hpp"
#include "tools/qaic-qpc/description_fields.hpp"
#include "tools/qaic-qpc/description_reader.hpp"
#include "tools/qaic-qpc/description_tensors.hpp"
#include "wire/qpc.hpp"

namespace qaic::qpc {
namespace {

namespace wqpc = wire::qpc;
using wqpc::Transfer;

base::Error bad_description(std::string why) {
  return base::make_error(base::ErrorKind::bad_input, "qpc-description",
                          "the description is wrong: " + std::move(why), "man qaic-qpc, section DESCRIPTION");
}

// A list of NSP numbers as a mask; absent is all of them.
std::uint32_t nsp_mask(const ObjectReader& object, std::string_view key, std::uint16_t nsps) {
  if (!object.has(key)) return (1U << nsps) - 1;
  std::uint32_t mask = 0;
  for (const auto nsp : object.numbers<std::uint32_t>(key)) {
    if (nsp >= nsps) object.refuse(key, "names NSP " + std::to_string(nsp) + " of " + std::to_string(nsps));
    mask |= 1U << nsp;
  }
  return mask;
}

void read_threads(const ObjectReader& root, base::Bytes elf, program::Metadata& out) {
  for_each(root, "threads", [&](const Json& item, const std::string& path) {
    const ObjectReader thread(item, path, {"entry", "hvx", "hmx"});
    program::ThreadDescriptor value;
    const Json& entry = thread.at("entry");
    if (entry.is_string() && !entry.get_ref<const std::string&>().starts_with("0x")) {
      const auto address = program::symbol_address(elf, entry.get_ref<const std::string&>());
      if (!address) thread.refuse("entry", "cannot be found: " + address.error().what);
      value.entry_point = *address;
    } else {
      value.entry_point = thread.number<std::uint64_t>("entry");
    }
    value.hvx = thread.flag("hvx");
    value.hmx = thread.flag("hmx");
    out.threads.push_back(value);
  });
}

void read_l2tcm_init(const ObjectReader& root, program::Metadata& out) {
  for_each(root, "l2tcm_init", [&](const Json& item, const std::string& path) {
    const ObjectReader piece(item, path, {"offset", "words", "bytes"});
    const auto offset = piece.number<std::uint32_t>("offset");
    const auto words = piece.numbers<std::uint32_t>("words");
    const base::ByteVector bytes = piece.bytes("bytes");
    if (!words.empty() && !bytes.empty()) piece.refuse("bytes", "and 'words' cannot both be given");
    const std::uint64_t end = std::uint64_t{offset} + 4 * std::uint64_t{words.size()} + bytes.size();
    if (end > wqpc::kMaxL2Tcm) piece.refuse("offset", "leads past the end of L2TCM");
    if (out.l2tcm_init.size() < end) out.l2tcm_init.resize(static_cast<std::size_t>(end));
    std::ranges::copy(bytes, out.l2tcm_init.begin() + offset);
    for (std::size_t i = 0; i < words.size(); ++i) {
      (void)base::write_struct(out.l2tcm_init, base::le32(words[i]), offset + 4 * i);
    }
  });
}

program::NspMulticastEntry read_multicast_entry(const ObjectReader& object, std::uint16_t nsps) {
  program::NspMulticastEntry entry;
  entry.memory = object.word<wqpc::NspMemory>(
      "memory", {{"l2tcm", wqpc::NspMemory::l2tcm}, {"vtcm", wqpc::NspMemory::vtcm}});
  entry.base_offset = object.number<std::uint64_t>("base");
  entry.size = object.number<std::uint32_t>("size");
  entry.mask = nsp_mask(object, "nsp_writes_to", nsps);
  entry.dynamic = object.flag("dynamic");
  return entry;
}

void read_multicast(const ObjectReader& root, program::Metadata& out) {
  if (root.list("multicast").empty()) return;
  out.nsp_multicast.resize(out.num_nsps);
  for_each(root, "multicast", [&](const Json& item, const std::string& path) {
    const ObjectReader id(
        item, path,
        {"name", "memory", "base", "size", "dynamic", "host_writes_to", "nsp_writes_to", "per_nsp"});
    const auto same = read_multicast_entry(id, out.num_nsps);
    out.host_multicast.push_back({nsp_mask(id, "host_writes_to", out.num_nsps), same.size});
    const Json& own = id.list("per_nsp");
    if (!own.empty() && own.size() != out.num_nsps) {
      id.refuse("per_nsp", "has " + std::to_string(own.size()) + " entries for " +
                               std::to_string(out.num_nsps) + " NSPs");
    }
    for (std::size_t nsp = 0; nsp < out.num_nsps; ++nsp) {
      if (own.empty()) {
        out.nsp_multicast[nsp].push_back(same);
        continue;
      }
      const ObjectReader entry(own[nsp], path + "/per_nsp/" + std::to_string(nsp),
                               {"memory", "base", "size", "dynamic", "nsp_writes_to"});
      out.nsp_multicast[nsp].push_back(read_multicast_entry(entry, out.num_nsps));
    }
  });
}

program::SemaphoreOp read_semaphore(const Json& item, const std::string& path) {
  const ObjectReader object(item, path, {"op", "number", "value", "when", "in_fence", "out_fence"});
  program::SemaphoreOp op;
  const std::string word = object.text("op");
  const auto command = program::semaphore_command_from_name(word);
  if (!command) object.refuse("op", "'" + word + "' is no semaphore operation");
  op.command = *command;
  op.number = object.number<std::uint16_t>("number", 0);
  op.value = object.number<std::uint16_t>("value", 0);
  op.when =
      object.word<wqpc::PreOrPost>("when", {{"pre", wqpc::PreOrPost::pre}, {"post", wqpc::PreOrPost::post}});
  op.in_sync_fence = object.flag("in_fence");
  op.out_sync_fence = object.flag("out_fence");
  return op;
}

program::DoorbellOp read_doorbell(const Json& item, const std::string& path) {
  const ObjectReader object(item, path, {"mcid", "offset", "data", "bits"});
  program::DoorbellOp op;
  op.mcid = object.number<std::uint16_t>("mcid");
  op.offset = object.number<std::uint64_t>("offset");
  op.data = object.number<std::uint32_t>("data");
  switch (object.number<std::uint32_t>("bits", 32)) {
    case 8:
      op.size = wqpc::DoorbellSize::bits8;
      break;
    case 16:
      op.size = wqpc::DoorbellSize::bits16;
      break;
    case 32:
      op.size = wqpc::DoorbellSize::bits32;
      break;
    default:
      object.refuse("bits", "is none of 8, 16, 32");
  }
  return op;
}

void read_memory(const ObjectReader& request, program::DmaRequest& out) {
  const ObjectReader memory(request.at("memory"), request.path("memory"), {"mcid", "ddr", "offset"});
  if (memory.has("mcid") == memory.has("ddr")) memory.refuse("mcid", "or 'ddr' must be given, not both");
  if (memory.has("mcid")) {
    out.space = wqpc::AddressSpace::multicast;
    out.mcid = memory.number<std::uint16_t>("mcid");
  } else {
    out.space = memory.word<wqpc::AddressSpace>(
        "ddr",
        {{"shared", wqpc::AddressSpace::ddr}, {"dynamic_shared", wqpc::AddressSpace::ddr_dynamic_shared}});
  }
  out.dev_offset = memory.number<std::uint64_t>("offset", 0);
}

void read_requests(const ObjectReader& root, const BufferNames& buffers,
                   const program::Descriptor& descriptor, program::Metadata& out) {
  for_each(root, "requests", [&](const Json& item, const std::string& path) {
    const ObjectReader object(item, path,
                              {"buffer", "transfer", "size", "host_offset", "memory", "port", "transaction",
                               "semaphores", "doorbells"});
    program::DmaRequest request;
    if (object.has("buffer")) {
      const std::uint32_t buffer = buffers.find(object, "buffer");
      const auto& described = descriptor.dma_buffers[buffer];
      request.buffer = static_cast<std::uint16_t>(buffer);
      request.transfer = object.has("transfer") ? direction(object, "transfer") : described.direction;
      request.host_offset = object.number<std::uint64_t>("host_offset", 0);
      if (!object.has("size") && request.host_offset > described.size) {
        object.refuse("host_offset", "is past the end of the buffer");
      }
      request.size = object.has("size") ? object.number<std::uint32_t>("size")
                                        : described.size - static_cast<std::uint32_t>(request.host_offset);
    } else {
      request.transfer = object.has("transfer") ? direction(object, "transfer") : Transfer::in;
      if (object.number<std::uint32_t>("size", 0) != 0) object.refuse("buffer", "is missing: data is moved");
    }
    if (request.size != 0 || object.has("memory")) read_memory(object, request);
    request.port = object.number<std::uint16_t>(
        "port", request.transfer == Transfer::in ? wqpc::kHostInputPort : wqpc::kHostOutputPort);
    request.transaction = object.number<std::uint32_t>("transaction", wqpc::kNoTransaction);
    for_each(object, "semaphores", [&](const Json& op, const std::string& where) {
      request.semaphores.push_back(read_semaphore(op, where));
    });
    for_each(object, "doorbells", [&](const Json& op, const std::string& where) {
      request.doorbells.push_back(read_doorbell(op, where));
    });
    out.requests.push_back(std::move(request));
  });
}

void read_constants(const ObjectReader& root, std::uint64_t file_size, Description& description) {
  program::Metadata& out = description.metadata;
  description.static_ecc = out.static_constants_ecc;
  description.dynamic_ecc = out.dynamic_constants_ecc;
  if (!root.has("constants")) {
    out.static_constants_size = file_size;
  } else {
    const ObjectReader object(root.at("constants"), "/constants",
                              {"static_size", "dynamic_size", "mappings", "static_ecc", "dynamic_ecc"});
    out.dynamic_constants_size = object.number<std::uint64_t>("dynamic_size", 0);
    if (out.dynamic_constants_size > file_size)
      object.refuse("dynamic_size", "is more than the constants file has");
    // Less than the file has is fine: all of it is packed, and the rest never loaded.
    const std::uint64_t rest = file_size - out.dynamic_constants_size;
    out.static_constants_size = object.number<std::uint64_t>("static_size", rest);
    if (out.static_constants_size > rest) {
      object.refuse("static_size", "and dynamic_size are more than the " + std::to_string(file_size) +
                                       " bytes of the constants file");
    }
    if (object.has("static_ecc")) description.static_ecc = object.flag("static_ecc");
    if (object.has("dynamic_ecc")) description.dynamic_ecc = object.flag("dynamic_ecc");
    for_each(object, "mappings", [&](const Json& item, const std::string& path) {
      const ObjectReader mapping(item, path, {"offset", "size", "nsps"});
      out.constant_mappings.push_back({mapping.number<std::uint64_t>("offset"),
                                       nsp_mask(mapping, "nsps", out.num_nsps),
                                       mapping.number<std::uint32_t>("size")});
    });
    if (object.has("mappings")) return;
  }
  const std::uint64_t total = out.static_constants_size + out.dynamic_constants_size;
  if (total == 0) return;
  if (total > UINT32_MAX)
    throw DescriptionError{"/constants/mappings is needed: the constants are larger than 4 GiB"};
  out.constant_mappings.push_back({0, (1U << out.num_nsps) - 1, static_cast<std::uint32_t>(total)});
}

Description read(const Json& document, base::Bytes elf, std::uint64_t constants_size) {
  const ObjectReader root(document, "",
                          {"name",
                           "nsps",
                           "hw_version",
                           "threads",
                           "semaphores",
                           "l2tcm_size",
                           "vtcm_size",
                           "l2tcm_init",
                           "shared_ddr_size",
                           "dynamic_shared_ddr_size",
                           "l2_cached_ddr_size",
                           "heap_size",
                           "single_vtcm_page",
                           "hvx_fp",
                           "hmx_fp",
                           "exit_doorbell_offset",
                           "multicast",
                           "buffers",
                           "tensors",
                           "requests",
                           "constants",
                           "batch_size",
                           "allowed_shapes",
                           "exec_context",
                           "metadata_version",
                           "exec_context_major",
                           "shared_ddr_ecc",
                           "dynamic_shared_ddr_ecc",
                           "static_constants_ecc",
                           "dynamic_constants_ecc",
                           "dynamic_shared_ddr_supported",
                           "raw_struct_version_length",
                           "qnn_constants",
                           "heap_on_deactivate",
                           "ports",
                           "l2tcm_nonzero_regions",
                           "required_fields",
                           "descriptor"});
  Description out;
  program::Metadata& m = out.metadata;
  program::Descriptor& d = out.descriptor;
  m.network_name = root.text("name");
  m.num_nsps = root.number<std::uint16_t>("nsps", 1);
  if (m.num_nsps < 1 || m.num_nsps > wqpc::kMaxNsps) root.refuse("nsps", "is not 1 to 16");
  if (root.has("hw_version")) {
    const auto version = root.numbers<std::uint8_t>("hw_version");
    if (version.size() != 2) root.refuse("hw_version", "is not two numbers");
    m.hw_version_major = version[0];
    m.hw_version_minor = version[1];
  }
  m.semaphore_init = root.numbers<std::uint32_t>("semaphores");
  m.l2tcm_size = root.number<std::uint32_t>("l2tcm_size");
  m.vtcm_size = root.number<std::uint32_t>("vtcm_size");
  m.static_shared_ddr_size = root.number<std::uint64_t>("shared_ddr_size", 0);
  m.dynamic_shared_ddr_size = root.number<std::uint64_t>("dynamic_shared_ddr_size", 0);
  m.l2_cached_ddr_size = root.number<std::uint32_t>("l2_cached_ddr_size", 0);
  m.heap_size = root.number<std::uint64_t>("heap_size", 0);
  m.single_vtcm_page = root.flag("single_vtcm_page");
  m.has_hvx_fp = root.flag("hvx_fp");
  m.has_hmx_fp = root.flag("hmx_fp");
  m.exit_doorbell_offset = root.number<std::uint64_t>("exit_doorbell_offset", wqpc::kExitDoorbellOffset);
  m.exec_context = root.bytes("exec_context");
  read_metadata_fields(root, m);
  read_threads(root, elf, m);
  read_l2tcm_init(root, m);
  read_multicast(root, m);
  read_constants(root, constants_size, out);

  d.network_name = m.network_name;
  d.num_cores = m.num_nsps;
  d.num_threads = static_cast<std::uint32_t>(m.threads.size());
  d.num_hvx_threads =
      static_cast<std::uint32_t>(std::ranges::count_if(m.threads, &program::ThreadDescriptor::hvx));
  d.batch_size = root.number<std::int32_t>("batch_size", 1);
  const BufferNames buffers = read_buffers(root, d);
  read_tensors(root, buffers, d);
  read_shapes(root, d);
  read_descriptor(root, d);
  read_requests(root, buffers, d, m);
  return out;
}

}  // namespace

base::Result<Description> read_description(std::string_view text, base::Bytes elf,
                                           std::uint64_t constants_size) {
  try {
    return read(Json::parse(text), elf, constants_size);
  } catch (const Json::exception& error) {  // a number beyond all numbers, too
    return base::fail(bad_description("not JSON: " + std::string(error.what())));
  } catch (const DescriptionError& error) {
    return base::fail(bad_description(error.what));
  }
}

}  // namespace qaic::qpc
