#include "lib/nnc/status.hpp"

#include <array>

namespace qaic::nnc {

namespace {

using base::ErrorKind;

constexpr std::string_view kFree = "stop another network on this card, or use another card";
constexpr std::string_view kRepack = "the program was built wrongly, or for other firmware: build it again";
constexpr std::string_view kReset = "reset the card; if it happens again, see its RAS events";
constexpr std::string_view kVersions = "install firmware and programs that belong together";
constexpr std::string_view kBug = "this is a bug of the program that asked, or of this library";

constexpr std::array kTexts = {
    StatusText{0, ErrorKind::device, "success", ""},
    StatusText{-1, ErrorKind::device, "general failure", kReset},
    StatusText{-2, ErrorKind::device, "DMA setup failed", kReset},
    StatusText{-3, ErrorKind::unsupported, "request not known to this firmware",
               "update the card's firmware"},
    StatusText{-4, ErrorKind::unavailable, "card memory exhausted", kFree},
    StatusText{-5, ErrorKind::bad_input, "network metadata does not match or cannot be read", kRepack},
    StatusText{-6, ErrorKind::bad_input, "bad parameter", kRepack},
    StatusText{-7, ErrorKind::device, "timed out on the card", kReset},
    StatusText{-8, ErrorKind::unavailable, "not initialised", "wait until the card is ready"},
    StatusText{-9, ErrorKind::unavailable, "not permitted: bad handle, or resource in use", kBug},
    StatusText{-10, ErrorKind::device, "buffer too small", kBug},
    StatusText{-11, ErrorKind::device, "resource not found", kBug},
    StatusText{-12, ErrorKind::unavailable, "multicast ids exhausted", kFree},
    StatusText{-13, ErrorKind::unavailable, "NSPs exhausted", kFree},
    StatusText{-14, ErrorKind::unavailable, "virtual channels exhausted", kFree},
    StatusText{-15, ErrorKind::unavailable, "semaphores exhausted", kFree},
    StatusText{-16, ErrorKind::device, "an NSP answered with an error", kReset},
    StatusText{-17, ErrorKind::device, "wrong command length", kBug},
    StatusText{-18, ErrorKind::unavailable, "reservation ids exhausted", kFree},
    StatusText{-19, ErrorKind::device, "database id not found", kBug},
    StatusText{-20, ErrorKind::unavailable, "database ids exhausted", kFree},
    StatusText{-21, ErrorKind::device, "outbound address translation failed", kReset},
    StatusText{-22, ErrorKind::device, "inbound address translation failed", kReset},
    StatusText{-34, ErrorKind::bad_input, "queue too small for peer-to-peer", kRepack},
    StatusText{-35, ErrorKind::device, "virtual channel could not be configured", kReset},
    StatusText{-36, ErrorKind::unavailable, "an NSP is being restarted", "try again in a few seconds"},
    StatusText{-37, ErrorKind::bad_input, "safety check of the activation record failed", kRepack},
    StatusText{-38, ErrorKind::bad_input, "safety check of the metadata failed", kRepack},
    StatusText{-39, ErrorKind::device, "safety check of glink failed", kReset},
    StatusText{-40, ErrorKind::device, "safety check of MHI failed", kReset},
    StatusText{-41, ErrorKind::bad_input, "software integrity check of the metadata failed", kRepack},
    StatusText{-42, ErrorKind::bad_input, "software integrity check of the constants failed", kRepack},
    StatusText{-43, ErrorKind::bad_input, "software integrity check of the ELF failed", kRepack},
    StatusText{-44, ErrorKind::device, "memory protection unit failed", kReset},
    StatusText{-45, ErrorKind::device, "lookup table update failed", kReset},
    StatusText{-46, ErrorKind::bad_input, "metadata's description of the ELF is wrong", kRepack},
    StatusText{-47, ErrorKind::device, "multicast could not be configured", kReset},
    StatusText{-48, ErrorKind::bad_input, "L2TCM could not be initialised", kRepack},
    StatusText{-49, ErrorKind::bad_input, "L2TCM could not be initialised", kRepack},
    StatusText{-50, ErrorKind::bad_input, "dynamic constants failed", kRepack},
    StatusText{-51, ErrorKind::device, "GSM could not be configured", kReset},
    StatusText{-52, ErrorKind::device, "virtual channel setup failed", kReset},
    StatusText{-53, ErrorKind::device, "wrong physical NSP id", kReset},
    StatusText{-54, ErrorKind::bad_input, "metadata wrong", kRepack},
    StatusText{-55, ErrorKind::device, "wrong virtual channel id", kBug},
    StatusText{-56, ErrorKind::bad_input, "wrong number of NSPs", kRepack},
    StatusText{-57, ErrorKind::device, "switch command failed", kReset},
    StatusText{-58, ErrorKind::device, "switch command failed", kReset},
    StatusText{-59, ErrorKind::device, "switch command failed", kReset},
    StatusText{-60, ErrorKind::device, "switch command failed", kReset},
    StatusText{-61, ErrorKind::bad_input, "metadata could not be retrieved", kRepack},
    StatusText{-62, ErrorKind::bad_input, "metadata could not be retrieved", kRepack},
    StatusText{-63, ErrorKind::device, "activation record wrong", kReset},
    StatusText{-64, ErrorKind::unsupported, "protocol not supported", kVersions},
    StatusText{-65, ErrorKind::bad_input, "too many multicast ids for one NSP", kRepack},
    StatusText{-66, ErrorKind::unsupported, "datapath switching is not enabled", kVersions},
    StatusText{-100, ErrorKind::device, "NSP synchronisation failed", kReset},
    StatusText{-101, ErrorKind::device, "memory could not be mapped on an NSP", kReset},
    StatusText{-102, ErrorKind::bad_input, "the program's exec-context version is not the firmware's",
               kVersions},
    StatusText{-103, ErrorKind::device, "waiting for a protection domain failed", kReset},
    StatusText{-104, ErrorKind::device, "message queue failed", kReset},
    StatusText{-105, ErrorKind::device, "memory could not be mapped", kReset},
    StatusText{-106, ErrorKind::device, "memory could not be mapped", kReset},
    StatusText{-107, ErrorKind::device, "preparation of the activation failed", kReset},
    StatusText{-108, ErrorKind::device, "bandwidth monitor could not be mapped", kReset},
    StatusText{-109, ErrorKind::bad_input, "multicast range wrong", kRepack},
    StatusText{-110, ErrorKind::bad_input, "multicast range wrong", kRepack},
    StatusText{-111, ErrorKind::device, "NSPs could not be synchronised", kReset},
    StatusText{-112, ErrorKind::device, "NSPs were not synchronised in time", kReset},
    StatusText{-113, ErrorKind::device, "deactivation message failed", kReset},
    StatusText{-114, ErrorKind::device, "clean-up at deactivation failed", kReset},
    StatusText{-115, ErrorKind::device, "memory could not be unmapped", kReset},
    StatusText{-116, ErrorKind::unavailable, "already deactivated", ""},
    StatusText{-117, ErrorKind::device, "GSM could not be mapped", kReset},
    StatusText{-118, ErrorKind::device, "L2 initialisation could not be mapped", kReset},
};

}  // namespace

StatusText status_text(std::int32_t status) {
  for (const StatusText& entry : kTexts) {
    if (entry.status == status) return entry;
  }
  return {status, ErrorKind::device, "a status this library does not know", kReset};
}

base::Error card_error(std::int32_t status, std::string_view id, std::string what) {
  const StatusText entry = status_text(status);
  base::Error error{entry.kind,      base::ErrorDomain::card, status,
                    std::string(id), std::move(what),         std::string(entry.hint)};
  error.what += ": " + std::string(entry.text) + " (card status " + std::to_string(status) + ")";
  return error;
}

}  // namespace qaic::nnc
