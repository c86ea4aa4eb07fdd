// Golden bytes: kernel-interface §11 and runtime-protocols §2.6.
#include "wire/nnc.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include "tests/wire/hex.hpp"

using namespace qaic::wire;
using namespace qaic::tests;
using qaic::base::append_struct;
using qaic::base::bytes_of;
using qaic::base::ByteVector;
using qaic::base::read_struct;

namespace {

const char kStatusRequest[] =
    "bda539f7 51414943 00000000 28000000 01000000 00000000 ffffffff 00000000 0f000000 08000000";
const char kStatusReply[] =
    "e3aabcc7 51414943 00000000 38000000 01000000 00000000 ffffffff 00000000"
    "0e000000 18000000 05000000 00000000 01000000 00000000";

std::uint32_t message_crc(ByteVector message) {
  for (std::size_t i = 0; i < 4; ++i) message[i] = std::byte{0};
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(message.data()), static_cast<uInt>(message.size())));
}

}  // namespace

TEST_CASE("a STATUS request is the 40 bytes that the driver sends at boot") {
  nnc::MessageHeader header;
  header.crc32 = 0xf739a5bd;
  header.magic = nnc::kMagic;
  header.len = 40;
  header.count = 1;
  header.partition_id = -1;
  nnc::TransactionHeader status;
  status.type = 15;
  status.len = 8;
  ByteVector message;
  append_struct(message, header);
  append_struct(message, status);
  CHECK(hex_of(message) == packed(kStatusRequest));
  CHECK(message_crc(message) == 0xf739a5bdU);
}

TEST_CASE("a STATUS reply of protocol 5.0 that asks for CRC reads back") {
  const ByteVector message = bytes_of_hex(kStatusReply);
  REQUIRE(message.size() == 56);
  const auto header = read_struct<nnc::MessageHeader>(message);
  REQUIRE(header.has_value());
  CHECK(header->magic == nnc::kMagic);
  CHECK(header->len == 56);
  CHECK(header->partition_id == -1);
  CHECK(header->crc32 == message_crc(message));
  const auto status = read_struct<nnc::StatusFromDev>(message, sizeof(nnc::MessageHeader));
  REQUIRE(status.has_value());
  CHECK(status->header.type == 14);
  CHECK(status->header.len == 24);
  CHECK(status->major == nnc::kTransactionMajor);
  CHECK(status->minor == nnc::kTransactionMinor);
  CHECK(status->flags == nnc::feature_bit(nnc::Feature::crc));
}

TEST_CASE("the message CRC covers every byte of header and transactions") {
  const ByteVector message = bytes_of_hex(kStatusReply);
  for (std::size_t i = 4; i < message.size(); ++i) {
    ByteVector changed = message;
    changed[i] ^= std::byte{1};
    CHECK(message_crc(changed) != message_crc(message));
  }
}

TEST_CASE("an ACTIVATE for the bridge names both queues, their sizes and the block") {
  nnc::ActivateToDev activate;
  activate.header.type = 9;
  activate.header.len = 40;
  activate.req_q_addr = 0x123456000;
  activate.rsp_q_addr = 0x123458e00;
  activate.req_q_size = 128;
  activate.rsp_q_size = 128;
  activate.buf_len = 12288;
  activate.options = 0x10000;
  CHECK(hex_of(bytes_of(activate)) == packed("09000000 28000000 0060452301000000 008e452301000000"
                                             "80000000 80000000 00300000 00000100"));
}

TEST_CASE("DMA transfer, continuation and TERMINATE have the driver's layout") {
  nnc::DmaXferToDev dma;
  dma.header.type = 6;
  dma.header.len = 24 + 16;
  dma.tag = 300;
  dma.count = 1;
  dma.dma_chunk_id = 7;
  nnc::DmaSegment segment;
  segment.addr = 0xfee;
  segment.size = 200;
  CHECK(hex_of(bytes_of(dma)) == packed("06000000 28000000 2c010000 01000000 07000000 00000000"));
  CHECK(hex_of(bytes_of(segment)) == packed("ee0f000000000000 c800000000000000"));

  nnc::DmaXferCont more;
  more.header.type = 18;
  more.header.len = 24;
  more.dma_chunk_id = 7;
  more.xferred_size = 0xfbc000;
  CHECK(hex_of(bytes_of(more)) == packed("12000000 18000000 07000000 00000000 00c0fb0000000000"));

  nnc::TerminateToDev terminate;
  terminate.header.type = 17;
  terminate.header.len = 16;
  terminate.handle = 3;
  CHECK(hex_of(bytes_of(terminate)) == packed("11000000 10000000 03000000 00000000"));

  nnc::DeactivateFromDev deactivated;
  deactivated.header.type = 11;
  deactivated.header.len = 16;
  deactivated.dbc_id = 5;
  CHECK(hex_of(bytes_of(deactivated)) == packed("0b000000 10000000 00000000 05000000"));
}

TEST_CASE("LOAD_CONSTANTS_EX and its payload are the worked example's bytes") {
  nnc::LoadConstantsExRequest load;
  load.type = 15;
  load.process_id = 4242;
  qaic::base::set_fixed_text(load.name, "double");
  load.descriptor_len = 24;
  CHECK(hex_of(bytes_of(load)) ==
        packed("0f000000 92100000 646f75626c65") + zeros(58) + packed("18000000 00000000"));
  nnc::LoadConstantsPayloadRequest payload;
  payload.type = 16;
  payload.process_id = 4242;
  payload.tag = 300;
  payload.constants_id = 1;
  payload.data_length = 200;
  CHECK(hex_of(bytes_of(payload)) ==
        packed("10000000 92100000 2c010000 01000000 c800000000000000 0000000000000000"));
}

TEST_CASE("LOAD_ELF has the tag before the process, unlike the constants") {
  nnc::LoadElfRequest load;
  load.type = 3;
  load.tag = 100;
  load.process_id = 4242;
  qaic::base::set_fixed_text(load.name, "double");
  load.data_length = 0x2345;
  CHECK(hex_of(bytes_of(load)) == packed("03000000 64000000 92100000 00000000 646f75626c65") + zeros(58) +
                                      packed("4523000000000000 00000000 00000000"));
}

TEST_CASE("ACTIVATE and DEACTIVATE commands are the worked example's bytes") {
  nnc::ActivateRequest activate;
  activate.type = 9;
  activate.process_id = 4242;
  activate.constants_id = 1;
  activate.elf_id = 1;
  activate.resource_res_id = -1;
  activate.opt_vc_setup = 1;
  activate.vc_res_id = -1;
  activate.initial_state = 1;
  CHECK(hex_of(bytes_of(activate)) ==
        packed("09000000 92100000 01000000 01000000 00000000 ffffffff 01000000 ffffffff"
               "01000000 00000000 00 00000000000000"));
  nnc::DeactivateRequest deactivate;
  deactivate.type = 11;
  deactivate.activation_id = 1;
  deactivate.opt_vc_teardown = 1;
  CHECK(hex_of(bytes_of(deactivate)) == packed("0b000000 01000000 01000000 00000000"));
}

TEST_CASE("an ACTIVATE response carries the unaligned NSP mask at 82") {
  CHECK(offsetof(nnc::ActivateResponse, ddr_base) == 16);
  CHECK(offsetof(nnc::ActivateResponse, dynamic_ddr_base) == 24);
  CHECK(offsetof(nnc::ActivateResponse, mcid_base) == 32);
  CHECK(offsetof(nnc::ActivateResponse, dma_type) == 48);
  CHECK(offsetof(nnc::ActivateResponse, nsp_polling_addr) == 56);
  CHECK(offsetof(nnc::ActivateResponse, doorbell_addr) == 72);
  CHECK(offsetof(nnc::ActivateResponse, doorbell_len) == 80);
  CHECK(offsetof(nnc::ActivateResponse, nsp_mask) == 82);
}

TEST_CASE("command numbers of request and answer are the protocol's") {
  CHECK(static_cast<int>(nnc::Command::load_elf) == 3);
  CHECK(static_cast<int>(nnc::Command::activate) == 9);
  CHECK(static_cast<int>(nnc::Command::status) == 13);
  CHECK(static_cast<int>(nnc::Command::load_constants_ex) == 15);
  CHECK(static_cast<int>(nnc::Command::reserve_vc) == 19);
  CHECK(static_cast<int>(nnc::Command::release_vc) == 22);
  CHECK(static_cast<int>(nnc::Command::resource_info) == 32);
  CHECK(static_cast<int>(nnc::Command::performance_info) == 34);
  CHECK(static_cast<int>(nnc::Command::activate_state) == 36);
  CHECK(static_cast<int>(nnc::Command::device_config) == 38);
  CHECK(static_cast<int>(nnc::Command::update_ac_reservation_rsp) == 45);
}
