#include "tools/qaic-util/explanations.hpp"

#include <array>

namespace qaic::tools::util {

namespace {

constexpr std::array kExplanations{
    Explanation{"card-no-answer",
                "The card did not answer within --timeout. A card that boots, or is wedged, behaves so; the "
                "request may still be with it. The kernel log tells which."},
    Explanation{"card-no-driver",
                "The PCI device is there, but no driver is bound to it: the qaic module is not loaded, or "
                "its probe failed. See the kernel log."},
    Explanation{
        "card-no-node",
        "The driver is bound but made no /dev/accel node for the card: its probe is not finished or failed."},
    Explanation{"fw-argument",
                "A program called libqaic-fw with an argument that makes no sense; the text says which."},
    Explanation{"fw-certificate",
                "The hash segment of the image holds no certificate that could have signed it: the "
                "certificate area is damaged or empty. Install the image again from its package."},
    Explanation{
        "fw-chain",
        "The certificates in the image do not lead from the signer to a self-signed root: one is changed, "
        "missing, not allowed to sign, or does not belong. Install the image again from its package."},
    Explanation{"fw-compression",
                "A .zst or .xz image cannot be unpacked, or not by the kernel: it needs zstd frames that "
                "state their content's size, and xz with a CRC32 check or none (xz --check=crc32)."},
    Explanation{"fw-elf-malformed",
                "The file is meant to be an image, but its ELF headers contradict themselves. Install it "
                "again from its package."},
    Explanation{"fw-hash-header-version",
                "The hash segment has a header of a version that is not known here (known: 6). A newer image "
                "format needs a newer tool; otherwise the file is damaged."},
    Explanation{"fw-hash-mismatch",
                "A part of the image does not have the SHA-384 that is signed for it: the file was changed "
                "after it was signed. Install it again from its package."},
    Explanation{"fw-hash-sizes",
                "The sizes in the header of the hash segment do not agree with each other or with the "
                "segment. The file is damaged."},
    Explanation{"fw-hash-table-length",
                "The hash table does not have one entry per program header. The file is damaged or was put "
                "together wrongly."},
    Explanation{"fw-headers-not-covered",
                "No hash covers the ELF header and the program headers, so anybody could have changed them. "
                "A card refuses such an image."},
    Explanation{"fw-libcrypto",
                "The crypto library could not do what every image check needs (SHA-384, ECDSA on P-384); a "
                "restricted build or configuration of OpenSSL does so."},
    Explanation{"fw-libelf", "libelf refused to start; the installed libelf is broken or too old."},
    Explanation{"fw-liblzma", "liblzma could not start, most likely for want of memory."},
    Explanation{"fw-many-hash-segments",
                "An image has exactly one hash segment; with two, it is open which of them counts."},
    Explanation{"fw-name",
                "The content is a sound image, but not the one that a card asks for by this file name. Give "
                "each image the name it was shipped under."},
    Explanation{"fw-no-hash-segment", "The file is an ELF file, but not a signed firmware image."},
    Explanation{"fw-no-images",
                "The folder holds none of the files that the kernel would load for a card (sbl.bin, fw1.bin, "
                "...), neither plain nor as .zst or .xz."},
    Explanation{"fw-no-version",
                "The image is sound but names no version, so that nothing can be compared with what runs."},
    Explanation{"fw-not-a-file", "An image must be a regular file."},
    Explanation{"fw-not-elf",
                "The file does not begin like an ELF file: it is empty, text (a Git LFS pointer, a web "
                "page), or something else altogether."},
    Explanation{"fw-not-installed",
                "No image is where the kernel looks: below /lib/firmware, in updates/ first, in qcom/aic100. "
                "Cards boot from these files, so they stay without firmware."},
    Explanation{"fw-reset-needed",
                "The card runs other versions than those that are installed. It loads the installed images "
                "at its next boot: after a reset of the card."},
    Explanation{"fw-root-unknown",
                "The signature is sound, but the root certificate is none that is known here. If you know "
                "whose root it is and trust it, name it with --accept-root."},
    Explanation{"fw-sbl-in-flash",
                "The card runs another SBL than the installed sbl.bin. Cards with hybrid boot start the SBL "
                "of their flash memory, so a reset may not change it."},
    Explanation{"fw-set-mixed",
                "Images of different releases are installed together. They were not tested together; install "
                "all of them from one package."},
    Explanation{"fw-signature",
                "The signature in the image does not fit the hashes it should protect: hashes, metadata or "
                "the signature itself were changed. Install the image again from its package."},
    Explanation{"fw-truncated",
                "The file is shorter than its headers say: a copy or download that was cut off, or a disk "
                "that was full. Copy it again."},
    Explanation{
        "fw-version-contradiction",
        "The image names two different versions of the same component, so that neither can be believed."},
    Explanation{"fw-version-unreadable",
                "A version string in the image has no release number where one belongs."},
    Explanation{"qpc-constants",
                "The sizes of the constants differ between the container, constantsdesc.bin and the "
                "metadata, or constants.bin is shorter than they say. The file is cut or was put together "
                "wrongly: pack it again."},
    Explanation{"qpc-container",
                "The file is no program container, or its header, table, names or sizes contradict each "
                "other or the length of the file; most often the copy is incomplete."},
    Explanation{"qpc-description",
                "The JSON description given to qaic-qpc pack has a key that is missing, unknown or out of "
                "range; the text gives its place in the document. The keys are in qaic-qpc(1)."},
    Explanation{"qpc-descriptor",
                "networkdesc.bin, which says what goes in and out of the program, is broken protobuf, or "
                "names buffers, sizes or types that cannot be."},
    Explanation{"qpc-elf",
                "The ELF file in the program, or given to qaic-qpc pack, is not a 32-bit Hexagon file, is "
                "cut, or lacks a symbol that the description names."},
    Explanation{"qpc-empty",
                "The program has no DMA request, so there is nothing that one inference could consist of."},
    Explanation{"qpc-encrypted",
                "The program's ELF file does not begin as one: programs can be encrypted for a key that only "
                "the card knows. Such programs are not supported."},
    Explanation{"qpc-metadata",
                "The device metadata in the program's ELF file is no flatbuffer of the known schema, or asks "
                "for more than a card can have; the text names the field."},
    Explanation{"qpc-metadata-newer",
                "The program's metadata requires its reader to know a field that this version does not know. "
                "Update this software, or compile the program for this platform."},
    Explanation{"qpc-mismatch",
                "Two parts of the program contradict each other: a DMA request and the buffer it moves, the "
                "memory it moves to, or the number of NSPs. The program was put together wrongly."},
    Explanation{"qpc-multi-device",
                "The container holds programs for several SoCs that work together. That is not supported; "
                "compile the program for one device."},
    Explanation{"qpc-presync",
                "A DMA request waits for two semaphores before it moves data. The kernel driver takes one "
                "per request, and splitting the request would change its meaning."},
    Explanation{"qpc-segment-missing",
                "A program needs network.elf and networkdesc.bin, and both or neither of constants.bin and "
                "constantsdesc.bin. qaic-qpc inspect lists what is there."},
};

}  // namespace

std::span<const Explanation> explanations() {
  return kExplanations;
}

}  // namespace qaic::tools::util
