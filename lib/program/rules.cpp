// The rules of the checker, each described in docs/checker.md.
#include <array>

#include "lib/program/finding.hpp"

namespace qaic::program {
namespace {

constexpr auto kError = Severity::error;
constexpr auto kWarning = Severity::warning;
constexpr auto kNote = Severity::note;

constexpr std::string_view kDescriptor = "qpc-descriptor";
constexpr std::string_view kMetadata = "qpc-metadata";
constexpr std::string_view kElf = "qpc-elf";
constexpr std::string_view kMismatch = "qpc-mismatch";
constexpr std::string_view kConstants = "qpc-constants";

constexpr std::array kRules{
    // Container.
    Rule{"segment-unknown", kNote, "", "a segment has a name with a known meaning"},
    Rule{"segment-overlap", kWarning, "", "two segments share no byte"},
    Rule{"segment-crc-size", kError, kMismatch, "a CRC segment has four bytes"},
    // Network descriptor.
    Rule{"descriptor-version", kWarning, "", "the descriptor is of version 9"},
    Rule{"tensor-name", kError, kDescriptor, "a tensor has a name"},
    Rule{"tensor-name-twice", kError, kMismatch, "no two tensors of one direction share a name"},
    Rule{"tensor-type", kWarning, "", "a tensor's data type is a known one"},
    Rule{"tensor-dims", kError, kDescriptor, "a tensor's dims multiply to a size"},
    Rule{"tensor-scale", kWarning, "", "a quantised tensor has a finite scale that is not zero"},
    Rule{"tensor-align", kError, kDescriptor, "the alignment of a partial tensor is a power of two"},
    Rule{"tensor-buffer", kError, kDescriptor, "a tensor is copied to a DMA buffer that is declared"},
    Rule{"tensor-direction", kError, kDescriptor, "a tensor is copied in the direction of its DMA buffer"},
    Rule{"tensor-range", kError, kDescriptor, "a tensor lies inside its DMA buffer"},
    Rule{"tensor-overlap", kWarning, "", "no two tensors share bytes of a DMA buffer"},
    Rule{"tensor-transform", kWarning, "", "a tensor needs no transform that the host cannot do"},
    Rule{"tensor-not-moved", kError, kMismatch, "a DMA request moves the DMA buffer of every tensor"},
    Rule{"tensor-partly-moved", kWarning, "", "DMA requests move every byte of every tensor"},
    Rule{"partial-split", kError, kMismatch, "the DMA buffer of a partial tensor is moved by one request"},
    Rule{"partial-output", kWarning, "", "only inputs are partial"},
    Rule{"partial-header", kWarning, "",
         "the whole of a partial tensor fits behind the records in its buffer"},
    Rule{"shape-count", kError, kDescriptor, "a tuple of allowed shapes has one shape for each tensor"},
    Rule{"shape-type", kError, kDescriptor, "an allowed shape has the data type of its tensor"},
    Rule{"shape-size", kError, kDescriptor, "an allowed shape has a size, and fits where its tensor lies"},
    Rule{"buffer-unused", kWarning, "", "a DMA request moves every DMA buffer"},
    // Device metadata.
    Rule{"metadata-name", kError, kMetadata, "the network has a name"},
    Rule{"nsp-count", kError, kMetadata, "1 to 16 NSPs are asked for"},
    Rule{"thread-none", kError, kMetadata, "a thread is started"},
    Rule{"exec-context", kWarning, "", "the execution context is of major version 5"},
    Rule{"exec-context-fields", kError, kMetadata, "the nested execContext is a flatbuffer"},
    Rule{"l2tcm-size", kError, kMetadata, "L2TCM has 1 byte to 1 MiB"},
    Rule{"vtcm-size", kError, kMetadata, "VTCM has 1 byte to 8 MiB"},
    Rule{"l2tcm-init-size", kError, kMetadata, "the initial content of L2TCM fits into it"},
    Rule{"exit-doorbell-range", kError, kMetadata, "the exit doorbell is an aligned word of L2TCM"},
    Rule{"exit-doorbell-place", kWarning, "", "the exit doorbell is where firmware rings it, at 0x460"},
    Rule{"exit-doorbell-written", kWarning, "", "no DMA request writes the exit doorbell"},
    Rule{"hw-version", kWarning, "", "the program is for hardware version 2.0"},
    // Multicast.
    Rule{"multicast-tables", kError, kMetadata, "there is one multicast table for each NSP, or none"},
    Rule{"multicast-nsp", kError, kMetadata, "a multicast mask names NSPs that the program has"},
    Rule{"multicast-range", kError, kMetadata, "an NSP's multicast entry lies inside its memory"},
    Rule{"multicast-window", kError, kMetadata, "a host window has at most 8 MiB, the distance of two"},
    Rule{"multicast-undeclared", kError, kMismatch,
         "an NSP that the host writes to has an entry for that id"},
    Rule{"multicast-short", kError, kMismatch, "an NSP's entry is as large as the host's window on it"},
    Rule{"multicast-peer", kWarning, "",
         "an NSP that another one writes to has an entry as large for that id"},
    // Threads and code.
    Rule{"elf-entry", kError, kMetadata, "a thread's entry point is in code of the ELF file"},
    Rule{"elf-entry-alignment", kError, kElf, "a thread's entry point is a multiple of four"},
    Rule{"elf-address", kError, kElf, "a loaded segment lies at 0x2000000 or above"},
    Rule{"elf-first-segment", kWarning, "", "the first loaded segment is readable and executable"},
    Rule{"elf-flags", kWarning, "", "the code is for Hexagon v68"},
    Rule{"elf-two-metadata", kNote, "", "the ELF file has one section of metadata"},
    // Descriptor and metadata.
    Rule{"nsp-mismatch", kError, kMismatch, "descriptor and metadata agree on the number of NSPs"},
    Rule{"name-mismatch", kWarning, "", "descriptor and metadata agree on the name"},
    Rule{"name-length", kWarning, "", "the name fits into the 63 bytes of a card's request"},
    Rule{"thread-mismatch", kWarning, "", "descriptor and metadata agree on the number of threads"},
    Rule{"cluster-unknown", kNote, "", "the descriptor has no cluster offsets: what they mean is not known"},
    // DMA requests.
    Rule{"request-none", kError, "qpc-empty", "there is a DMA request"},
    Rule{"request-buffer", kError, kMismatch, "a request names a DMA buffer that is declared"},
    Rule{"request-no-buffer", kError, kMismatch, "a request that moves data names a DMA buffer"},
    Rule{"request-buffer-range", kError, kMismatch, "a request stays inside its DMA buffer"},
    Rule{"request-direction", kError, kMismatch, "a request goes in the direction of its DMA buffer"},
    Rule{"request-multicast-id", kError, kMismatch, "a request names a multicast id that the host has"},
    Rule{"request-multicast-range", kError, kMismatch, "a request stays inside its multicast window"},
    Rule{"request-multicast-nobody", kWarning, "", "an NSP receives what a request writes"},
    Rule{"request-multicast-read", kError, kMismatch, "what is read through a window comes from one NSP"},
    Rule{"request-ddr-range", kError, kMismatch, "a request stays inside the shared DDR"},
    Rule{"request-dynamic-ddr-range", kError, kMismatch, "a request stays inside the dynamic shared DDR"},
    Rule{"request-idle", kWarning, "", "a request does something"},
    // Semaphores.
    Rule{"semaphore-count", kError, kMetadata, "at most 32 semaphores are asked for"},
    Rule{"semaphore-init-value", kError, kMetadata, "a semaphore begins with a value of 12 bits"},
    Rule{"semaphore-number", kError, kMetadata,
         "an operation, unless a NOP, names a semaphore that is declared"},
    Rule{"semaphore-value", kError, kMetadata, "an operation's value, unless a NOP's, has 12 bits"},
    Rule{"semaphore-presync", kError, "qpc-presync",
         "a request waits for one semaphore before it moves data"},
    Rule{"semaphore-slots", kNote, "", "a request has four semaphore operations or fewer"},
    // Doorbells.
    Rule{"doorbell-multicast-id", kError, kMismatch, "a doorbell names a multicast id that the host has"},
    Rule{"doorbell-range", kError, kMismatch, "a doorbell lies inside its multicast window"},
    Rule{"doorbell-alignment", kError, kMismatch, "a doorbell is aligned to its size"},
    Rule{"doorbell-data", kError, kMismatch, "a doorbell's data has no more bits than it stores"},
    Rule{"doorbell-nobody", kWarning, "", "an NSP receives a doorbell"},
    // Constants.
    Rule{"constants-missing", kError, kConstants, "constants that the metadata wants are in the container"},
    Rule{"constants-size", kError, kConstants, "constants.bin has the bytes that its descriptor says"},
    Rule{"constants-split", kError, kConstants, "segment and descriptor agree on what is static"},
    Rule{"constants-mismatch", kError, kConstants, "constants descriptor and metadata agree on the sizes"},
    Rule{"constants-mapping-range", kError, kMetadata, "a mapping lies inside the constants"},
    Rule{"constants-mapping-nsp", kError, kMetadata, "a mapping names NSPs that the program has"},
    Rule{"constants-unmapped", kWarning, "", "an NSP maps the constants that are there"},
    // Order.
    Rule{"order-deadlock", kError, kMismatch, "no wait of the host is without anything that could end it"},
    Rule{"order-self-wait", kWarning, "", "the host itself ends no wait by a later request"},
    Rule{"order-drift", kNote, "", "one inference leaves each semaphore as it found it"},
    Rule{"order-after-wait", kNote, "", "no request follows the one that an inference is waited for by"},
    Rule{"device-unknown", kNote, "", "what code on the NSPs does is not checked"},
    // The card.
    Rule{"fit-nsps", kError, kMismatch, "the card has the NSPs"},
    Rule{"fit-semaphores", kError, kMismatch, "the card has the semaphores"},
    Rule{"fit-multicast-ids", kError, kMismatch, "the card has the multicast ids"},
    Rule{"fit-memory", kError, kMismatch, "the card has the memory"},
    Rule{"fit-queue", kError, "qpc-queue", "one inference fits into the queue of a channel"},
};

}  // namespace

std::span<const Rule> rules() {
  return kRules;
}

}  // namespace qaic::program
