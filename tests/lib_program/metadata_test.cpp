#include "lib/program/metadata.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/lib_program/samples.hpp"
#include "wire/qpc.hpp"

namespace {

using namespace qaic;
using namespace qaic::samples;
using base::ByteVector;
using wire::qpc::PreOrPost;
using wire::uapi::SemaphoreCommand;

// A flatbuffer laid out by hand from the field ids of runtime-protocols §1.4
// and the flatbuffers binary format; no generated code had a part in it.
ByteVector golden() {
  return hex(
      "48000000"                                                          // root table at 72
      "44002400040000000c0000001000000014000000000018000000000000000000"  // vtable: 68 bytes, table 36, ids
                                                                          // 0-31
      "0000000000000000060008000a00000000000000000000000000000000000000"
      "1c002000"
      "44000000"          // root: its vtable is 68 bytes before
      "0100050001000100"  // versionMajor 1, execContextMajorVersion 5, numNSPs 1, numSemaphores 1
      "180000002000000024000000d0000000"  // offsets of networkName, semaphoreInitState, dmaRequests, threads
      "0000010000100000"                  // VTCMSize 64 KiB, L2TCMSize 4 KiB
      "0400000068616e6400000000"          // networkName "hand"
      "0100000007000000"                  // semaphoreInitState [7]
      "0100000024000000"                  // dmaRequests: one, behind its vtable
      "1a00340004000800100018002000240026000c000d000e002800000000000000"  // its vtable: ids 0-10
      "200000003000000050000000"                                          // the request: its two vectors
      "00006400"                                          // devAddrSpace MC, inOut In, portId 100
      "10000000000000002000000000000000"                  // hostOffset 16, devOffset 32
      "4000000003000100ffffffff0000000000000000"          // size 64, num 3, mcId 1, transactionId none
      "0100000014000000"                                  // semaphoreOps: one
      "10000c0004000600080009000a000b00"                  // its vtable: ids 0-5
      "100000000000090004010100"                          // semNum 0, semValue 9, WAITEQ, Pre, in fence
      "0100000014000000"                                  // doorbellOps: one
      "0c001800080010001400160000000000"                  // its vtable: ids 0-3
      "10000000000000000400000000000000cdab000001000100"  // offset 4, data 0xabcd, mcId 1, 16 bits
      "010000000c000000"                                  // threadDescriptors: one
      "0800110008001000"                                  // its vtable: entryPoint, typeMask
      "0800000000000000100000020000000002000000");        // entryPoint 0x2000010, typeMask HVX
}

// Where golden() has what.
constexpr std::size_t kVersion = 76, kExecContext = 78, kNsps = 80, kSemaphores = 82, kVtcm = 100,
                      kL2tcm = 104;
constexpr std::size_t kNameLength = 108, kSpace = 180, kInOut = 181, kSemOp = 252, kPreOrPost = 253,
                      kInFence = 254;
constexpr std::size_t kSemNum = 248, kSemValue = 250, kTypeMask = 336;

std::string refusal(const ByteVector& section, std::string_view id = "qpc-metadata") {
  const auto result = program::parse_metadata(section);
  if (result) return "accepted";
  CHECK(result.error().id == id);
  return result.error().what;
}

bool has(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return true;
  MESSAGE(text);
  return false;
}

ByteVector with(std::size_t offset, std::uint64_t value, std::size_t width) {
  ByteVector out = golden();
  poke(out, offset, value, width);
  return out;
}

// metadata() changed by `change`, written and read again.
template <class F>
std::string refusal_of(F change) {
  auto m = metadata();
  change(m);
  return refusal(program::write_metadata(m));
}

void check_golden(const program::Metadata& m) {
  CHECK(m.version_major == 1);
  CHECK(m.exec_context_major == 5);
  CHECK(m.network_name == "hand");
  CHECK(m.num_nsps == 1);
  CHECK(m.semaphore_init == std::vector<std::uint32_t>{7});
  CHECK(m.vtcm_size == 0x10000);
  CHECK(m.l2tcm_size == 0x1000);
  REQUIRE(m.requests.size() == 1);
  const auto& r = m.requests[0];
  CHECK(r.host_offset == 16);
  CHECK(r.dev_offset == 32);
  CHECK(r.size == 64);
  CHECK(r.buffer == 3);
  CHECK(r.mcid == 1);
  CHECK(r.port == 100);
  CHECK(r.transaction == wire::qpc::kNoTransaction);
  REQUIRE(r.semaphores.size() == 1);
  CHECK(r.semaphores[0].number == 0);
  CHECK(r.semaphores[0].value == 9);
  CHECK(r.semaphores[0].command == SemaphoreCommand::wait_equal);
  CHECK(r.semaphores[0].when == PreOrPost::pre);
  CHECK(r.semaphores[0].in_sync_fence);
  CHECK(!r.semaphores[0].out_sync_fence);
  REQUIRE(r.doorbells.size() == 1);
  CHECK(r.doorbells[0].offset == 4);
  CHECK(r.doorbells[0].data == 0xABCD);
  CHECK(r.doorbells[0].mcid == 1);
  CHECK(r.doorbells[0].size == wire::qpc::DoorbellSize::bits16);
  REQUIRE(m.threads.size() == 1);
  CHECK(m.threads[0].entry_point == 0x2000010);
  CHECK(m.threads[0].hvx);
  CHECK(!m.threads[0].hmx);
}

}  // namespace

TEST_CASE("a flatbuffer laid out by hand is read, bare and behind its eight bytes") {
  const auto bare = program::parse_metadata(golden());
  REQUIRE(bare);
  check_golden(*bare);
  ByteVector prefixed = hex("0100000000000000");
  const ByteVector body = golden();
  prefixed.insert(prefixed.end(), body.begin(), body.end());
  const auto current = program::parse_metadata(prefixed);
  REQUIRE(current);
  check_golden(*current);
}

TEST_CASE("metadata is read at any alignment") {
  const ByteVector body = golden();
  for (std::size_t shift = 0; shift < 8; ++shift) {
    ByteVector moved(shift);
    moved.insert(moved.end(), body.begin(), body.end());
    CHECK(program::parse_metadata(base::Bytes(moved).subspan(shift)));
  }
}

TEST_CASE("what is written is read back") {
  program::Metadata m = metadata();
  m.dynamic_shared_ddr_size = 7;
  m.static_constants_size = 100;
  m.dynamic_constants_size = 28;
  m.constant_mappings = {{64, 1, 64}};
  m.l2_cached_ddr_size = 4096;
  m.heap_size = 11;
  m.single_vtcm_page = m.has_hvx_fp = m.has_hmx_fp = true;
  m.requests[1].transaction = 5;
  m.nsp_multicast[0][1].memory = wire::qpc::NspMemory::vtcm;
  m.nsp_multicast[0][1].dynamic = true;
  const ByteVector section = program::write_metadata(m);
  CHECK(to_hex(base::Bytes(section).first(8)) == "0100000000000000");
  const auto read = program::parse_metadata(section);
  REQUIRE(read);
  CHECK(read->network_name == m.network_name);
  CHECK(read->semaphore_init == m.semaphore_init);
  CHECK(to_hex(read->l2tcm_init) == to_hex(m.l2tcm_init));
  CHECK(read->dynamic_shared_ddr_size == 7);
  CHECK(read->static_shared_ddr_size == 4096);
  CHECK(read->static_constants_size == 100);
  CHECK(read->dynamic_constants_size == 28);
  REQUIRE(read->constant_mappings.size() == 1);
  CHECK(read->constant_mappings[0].base_offset == 64);
  CHECK(read->exit_doorbell_offset == 0x460);
  CHECK(read->l2_cached_ddr_size == 4096);
  CHECK(read->heap_size == 11);
  CHECK(read->single_vtcm_page);
  CHECK(read->has_hvx_fp);
  CHECK(read->has_hmx_fp);
  CHECK(read->requests.at(1).transaction == 5);
  CHECK(read->requests.at(1).space == wire::qpc::AddressSpace::ddr);
  CHECK(read->requests.at(1).transfer == wire::qpc::Transfer::out);
  CHECK(read->host_multicast.at(0).size == 2048);
  CHECK(read->nsp_multicast.at(0).at(1).base_offset == 4096);
  CHECK(read->nsp_multicast[0][1].memory == wire::qpc::NspMemory::vtcm);
  CHECK(read->nsp_multicast[0][1].dynamic);
  // It requires what it uses, and nothing else.
  const auto requires_field = [&](const char* name) {
    return std::ranges::count(*read->required_fields, std::string(program::kFieldPrefix) + name) == 1;
  };
  CHECK(requires_field("dmaRequests->semaphoreOps->semNum"));
  CHECK(requires_field("dynamicSharedDDRSize"));
  CHECK(!requires_field("portTable"));
  // Twice its own length is in it (field 33).
  const std::uint64_t twice = 2 * (section.size() - 8);
  ByteVector number(8);
  poke64(number, 0, twice);
  CHECK(std::search(section.begin(), section.end(), number.begin(), number.end()) != section.end());
}

TEST_CASE("there are 82 known fields") {
  CHECK(program::is_known_field("versionMajor"));
  CHECK(program::is_known_field("dmaRequests->semaphoreOps->semNum"));
  CHECK(program::is_known_field("networkHeapBehavior->onNetworkDeactivate"));
  CHECK(!program::is_known_field(""));
  CHECK(!program::is_known_field("semNum"));
}

TEST_CASE("a required field that is not known asks for a newer platform and is named") {
  ByteVector section = program::write_metadata(metadata());
  const auto name = base::as_bytes("hwVersionMajor");
  const auto found = std::search(section.begin(), section.end(), name.begin(), name.end());
  REQUIRE(found != section.end());
  *found = std::byte{'q'};
  const auto text = refusal(section, "qpc-metadata-newer");
  CHECK(has(text, "newer platform"));
  CHECK(has(text, "'AicMetadataFlat_Metadata->qwVersionMajor'"));
  CHECK(program::parse_metadata(section).error().kind == base::ErrorKind::unsupported);
}

TEST_CASE("what is no flatbuffer is refused at every length") {
  const ByteVector whole = golden();
  for (std::size_t size = 0; size < whole.size() - 3; ++size) {  // the last three bytes are padding
    CHECK(refusal(ByteVector(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))) !=
          "accepted");
  }
  CHECK(has(refusal(hex("00000a0000000000 0000000000000000")), "version 0.10"));
  CHECK(has(refusal(hex("0200000000000000 0000000000000000")), "no flatbuffer"));
}

TEST_CASE("every limit of the card holds") {
  CHECK(has(refusal(with(kVersion, 2, 2)), "versionMajor is 2"));
  CHECK(refusal(with(kExecContext, 4, 2)) == "accepted");  // the card knows which one it has
  CHECK(has(refusal(with(kNsps, 0, 2)), "numNSPs is 0"));
  CHECK(has(refusal(with(kNsps, 17, 2)), "numNSPs is 17"));
  CHECK(has(refusal_of([](auto& m) { m.semaphore_init.resize(33); }), "numSemaphores is 33"));
  CHECK(has(refusal(with(kSemaphores, 2, 2)), "semaphoreInitState has 1 entries for 2"));
  CHECK(has(refusal(with(kVtcm, 0, 4)), "VTCMSize is 0"));
  CHECK(has(refusal(with(kVtcm, (8U << 20) + 1, 4)), "VTCMSize"));
  CHECK(has(refusal(with(kL2tcm, 0, 4)), "L2TCMSize is 0"));
  CHECK(has(refusal(with(kL2tcm, (1U << 20) + 1, 4)), "L2TCMSize"));
  CHECK(has(refusal_of([](auto& m) { m.network_name.clear(); }), "networkName is empty"));
  CHECK(has(refusal_of([](auto& m) { m.semaphore_init[0] = 4096; }), "12 bits"));
  CHECK(has(refusal_of([](auto& m) { m.l2tcm_init.resize(m.l2tcm_size + 1); }), "L2TCMInitSize is more"));
  CHECK(has(refusal_of([](auto& m) { m.threads.clear(); }), "threadDescriptors is empty"));
  CHECK(refusal(with(kNameLength, 3, 4)) != "accepted");  // the text does not end there
}

TEST_CASE("enumerators and operations without a meaning are refused by name") {
  CHECK(has(refusal(with(kSpace, 3, 1)), "devAddrSpace is 3"));
  CHECK(has(refusal(with(kInOut, 2, 1)), "inOut is 2"));
  CHECK(has(refusal(with(kSemOp, 7, 1)), "semOp is 7"));
  CHECK(has(refusal(with(kPreOrPost, 2, 1)), "preOrPost is 2"));
  CHECK(has(refusal(with(kInFence, 2, 1)), "inSyncFence is 2"));
  CHECK(has(refusal(with(kSemNum, 1, 2)), "semNum is 1, there are 1"));
  CHECK(has(refusal(with(kSemValue, 4096, 2)), "semValue is 4096"));
  CHECK(has(refusal(with(kTypeMask, 4, 1)), "typeMask is 4"));
  CHECK(has(
      refusal_of([](auto& m) { m.requests[0].doorbells[0].size = static_cast<wire::qpc::DoorbellSize>(3); }),
      "doorbellOps->size is 3"));
  CHECK(has(refusal_of([](auto& m) { m.nsp_multicast[0][0].memory = static_cast<wire::qpc::NspMemory>(2); }),
            "addrSpace is 2"));
}

TEST_CASE("multicast tables must fit the NSPs and their memories") {
  CHECK(has(refusal_of([](auto& m) { m.nsp_multicast.push_back({}); }), "2 tables for 1 NSPs"));
  CHECK(has(refusal_of([](auto& m) { m.nsp_multicast[0][0].mask = 2; }), "names an NSP"));
  CHECK(has(refusal_of([](auto& m) { m.host_multicast[0].mask = 2; }), "names an NSP"));
  CHECK(has(refusal_of([](auto& m) { m.nsp_multicast[0][0].size = m.l2tcm_size + 1; }),
            "past the end of its memory"));
  CHECK(has(refusal_of([](auto& m) { m.nsp_multicast[0][0].base_offset = ~0ULL; }),
            "past the end of its memory"));
  CHECK(has(refusal_of([](auto& m) { m.host_multicast[0].size = 0x800001; }), "more than 8 MiB"));
}

TEST_CASE("mappings of constants must lie inside them") {
  CHECK(has(refusal_of([](auto& m) { m.constant_mappings = {{0, 1, 1}}; }), "past the end of the constants"));
  CHECK(has(refusal_of([](auto& m) {
              m.static_constants_size = 8;
              m.constant_mappings = {{0, 2, 8}};
            }),
            "coreMask names an NSP"));
  CHECK(refusal_of([](auto& m) {
          m.static_constants_size = 8;
          m.constant_mappings = {{0, 1, 8}};
        }) == "accepted");
}

TEST_CASE("metadata is found in either section of an ELF file, the bare one first") {
  auto m = metadata();
  const ByteVector current = program::write_metadata(m);
  m.network_name = "bare";
  const ByteVector written = program::write_metadata(m);
  const ByteVector bare(written.begin() + 8, written.end());
  CHECK(program::read_metadata(elf({{"metadata", current}}))->network_name == "double");
  CHECK(program::read_metadata(elf({{"metadata_fb", bare}}))->network_name == "bare");
  CHECK(program::read_metadata(elf({{"metadata", current}, {"metadata_fb", bare}}))->network_name == "bare");
  const auto none = program::read_metadata(elf());
  REQUIRE(!none);
  CHECK(has(none.error().what, "no section 'metadata'"));
}

TEST_CASE("threads must begin in code") {
  auto m = metadata();
  m.threads[0].entry_point = kCodeAddress + 64;
  const auto result = program::read_metadata(elf({{"metadata", program::write_metadata(m)}}));
  REQUIRE(!result);
  CHECK(has(result.error().what, "entryPoint of thread 0 is in no code"));
}
