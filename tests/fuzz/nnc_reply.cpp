// What the library reads of a card's reply: the walk over its transactions, and
// every answer inside. The first byte picks the command that was asked.
#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/nnc/reply.hpp"
#include "lib/uapi/manage.hpp"

using namespace qaic;
using wire::nnc::Command;

namespace {

void read_answer(base::Bytes body, std::uint8_t pick) {
  switch (pick % 6) {
    case 0:
      (void)nnc::parse_status(body);
      break;
    case 1:
      (void)nnc::parse_reply<wire::nnc::ActivateResponse>(body, Command::activate_rsp);
      break;
    case 2:
      (void)nnc::parse_reply<wire::nnc::LoadElfResponse>(body, Command::load_elf_rsp);
      break;
    case 3:
      (void)nnc::parse_reply<wire::nnc::LoadConstantsResponse>(body, Command::load_constants_rsp);
      break;
    case 4:
      (void)nnc::parse_reply<wire::nnc::ResourceInfoResponse>(body, Command::resource_info_rsp);
      break;
    default:
      (void)nnc::parse_reply<wire::nnc::StatusOnlyResponse>(body, Command::deactivate_rsp);
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::Bytes reply(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  read_answer(reply, data[0]);
  uapi::Message::Reader reader(reply);
  std::size_t seen = 0;
  while (reader.next() == uapi::Message::Reader::Step::transaction) {
    const auto& transaction = reader.transaction();
    read_answer(transaction.body, data[0]);
    seen += 8 + transaction.body.size();
  }
  if (seen > reply.size()) __builtin_trap();  // it walked out of the reply
  return 0;
}
