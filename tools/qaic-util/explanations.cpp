#include "tools/qaic-util/explanations.hpp"

#include <array>

namespace qaic::tools::util {

namespace {

constexpr std::array kExplanations{
    Explanation{"batch",
                "A batch of inferences is not told clearly: as many files for each input, one place for each "
                "output."},
    Explanation{
        "bench-report",
        "The file is no report of qaic-run bench -j, or of a run that was given up; or two reports have no "
        "measurement of the same load."},
    Explanation{"bo-attach",
                "The driver did not bind a buffer to the network's channel. No space: the buffer is in more "
                "pieces than the channel's queue has places."},
    Explanation{
        "bo-create",
        "The driver could not allocate a buffer. Buffers are pinned host memory, contiguous in pieces."},
    Explanation{"bo-map", "A buffer could not be mapped into the process."},
    Explanation{"buffer-export",
                "The driver gave no descriptor of a buffer; the errno in the text is its reason."},
    Explanation{
        "buffer-import",
        "A descriptor could not be used as the memory of a buffer. It must be a dma-buf, and one that no "
        "other buffer of the same open device is over."},
    Explanation{"card-no-answer",
                "The card did not answer within --timeout. A card that boots, or is wedged, behaves so; the "
                "request may still be with it. The kernel log tells which."},
    Explanation{"card-no-driver",
                "The PCI device is there, but no driver is bound to it: the qaic module is not loaded, or "
                "its probe failed. See the kernel log."},
    Explanation{
        "card-no-node",
        "The driver is bound but made no /dev/accel node for the card: its probe is not finished or failed."},
    Explanation{"card-status", "The card refused a query, with the status in the text."},
    Explanation{"channel-lost",
                "The network's channel is gone: the card was reset, the network crashed, or it was unloaded "
                "meanwhile. Load it again."},
    Explanation{
        "close-watch",
        "The host gave no inotify watch for a simulated node. See /proc/sys/fs/inotify/max_user_watches."},
    Explanation{
        "code-address",
        "A code segment of the network lies where the NSP cores of the simulated card cannot put it."},
    Explanation{"code-unsupported",
                "The network uses an instruction that the emulator behind the simulated card cannot run "
                "(floating-point vectors, some user DMA forms). It may be fine on a real card."},
    Explanation{"cores-program",
                "The card asked the simulated NSP cores for something they cannot hold: too many segments, "
                "memories or multicast windows."},
    Explanation{
        "cores-unavailable",
        "Network code cannot run on this host: qemu-hexagon (Debian package qemu-user) or the simulator's "
        "own files are missing, or the host is no x86-64. Everything but networks still works."},
    Explanation{"daemon-start", "The process that is to keep simulated cards could not be started."},
    Explanation{"device-node", "There is no such device node, or no driver behind it."},
    Explanation{"device-not-qaic",
                "The path is no node of the qaic driver: something else, or another driver's accel device."},
    Explanation{"device-offline",
                "The card is resetting or booting, so the driver answers nothing for it. Wait for it, then "
                "load networks again: a reset unloads them."},
    Explanation{"device-open", "The node could not be opened; the errno in the text is the kernel's reason."},
    Explanation{"device-permission",
                "The node's mode does not let this user open it for reading and writing."},
    Explanation{"epoll", "The host refused an event queue; usually a limit on open files."},
    Explanation{"eventfd", "The host refused an event descriptor; usually a limit on open files."},
    Explanation{"exception",
                "Something unexpected inside the library. Please report it with what led to it."},
    Explanation{"fd-channel",
                "A file descriptor could not be passed between two processes of the simulation."},
    Explanation{"fd-duplicate", "The process has too many open files; see ulimit -n."},
    Explanation{"file-create",
                "The file could not be made or replaced: folder missing, no permission, read-only or full."},
    Explanation{"file-exists",
                "A file that would be written is there already. The option named in the hint replaces it."},
    Explanation{"file-open", "The file could not be opened; the text says why."},
    Explanation{"file-read", "The file was opened but could not be read."},
    Explanation{"file-stat", "The size of an open file could not be read."},
    Explanation{"file-too-large", "The file is larger than anything of its kind can be, and was not read."},
    Explanation{"file-write", "Writing failed: the disk is full, or the reader of a pipe has gone."},
    Explanation{"folder-open", "The folder could not be opened."},
    Explanation{"folder-read", "The folder was opened but could not be listed."},
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
    Explanation{"index", "A position beyond the end was asked for: a bug of the calling program."},
    Explanation{"inference-deadline",
                "The network did not finish in the given time. The inference stays queued and may be waited "
                "for again."},
    Explanation{"inference-idle",
                "An inference was waited for that was not submitted: a bug of the calling program."},
    Explanation{"inference-in-flight",
                "An inference was submitted again, or its memory used, before it was waited for."},
    Explanation{"inference-submit",
                "The driver did not queue an inference; the errno in the text is its reason."},
    Explanation{"inference-wait",
                "The driver did not wait for an inference; the errno in the text is its reason."},
    Explanation{"inject-kind", "A network on a simulated card can crash or hang, nothing else."},
    Explanation{"internal", "A bug of the tool. Please report it with the command line."},
    Explanation{"link-read", "A symbolic link could not be read."},
    Explanation{"local-stream", "A UNIX socket could not be reached, or the host refused a pair of them."},
    Explanation{"manage-busy",
                "The driver had no room or memory to pass the request on. Nothing was sent; try again."},
    Explanation{"manage-crc",
                "The checksum of the card's answer was wrong. It says nothing about whether the request took "
                "effect."},
    Explanation{"manage-deadline",
                "The card did not answer the driver within the module parameter control_resp_timeout_s. The "
                "request may still take effect."},
    Explanation{"manage-failed",
                "The driver refused the request itself; the errno in the text is its reason. The library "
                "should not send such a request."},
    Explanation{"manage-reply",
                "The card's answer is no well-formed control message. Firmware and this library may not fit "
                "together."},
    Explanation{"manage-reset",
                "The card was reset or lost while a request was with it. What was loaded on it is gone."},
    Explanation{"manage-too-long",
                "A control request came out longer than the kernel takes: a bug of the library."},
    Explanation{"memory", "The process is out of memory."},
    Explanation{"memory-file", "The host gave no memory: a limit on memory, open files or file size."},
    Explanation{
        "memory-map",
        "The host could not map a file or buffer into the process; a limit on address space or on mappings."},
    Explanation{"network-channel", "The card activated a network but named no usable DMA bridge channel."},
    Explanation{"network-refused",
                "The card refused the program for the reason in the text, which is not a shortage that could "
                "be named."},
    Explanation{
        "network-short",
        "The card has not enough of the named resource free. Exit code 5: another program holds it "
        "now, and the hint names the processes that have the card open; 9: not even the whole card has "
        "so much."},
    Explanation{"network-unload",
                "The card did not confirm that it let a network go. A network that crashed ends so, and "
                "results of its last inferences are not to be trusted; closing the device frees the rest."},
    Explanation{"nnc-reply",
                "A command of the card's control protocol was answered with something else than its reply."},
    Explanation{
        "no-card",
        "The driver is loaded, but no Cloud AI card is on the PCI bus. lspci -d 17cb: shows what is."},
    Explanation{"no-driver",
                "No Cloud AI card was found and the qaic kernel driver is not loaded. Load it (modprobe "
                "qaic), or use qaic-sim run to try without hardware."},
    Explanation{"no-matching-card",
                "A -d selector names no card: a position, accelN, node path, PCI address, or serial of card "
                "or board is meant. Cards hidden by QAIC_VISIBLE_DEVICES match nothing."},
    Explanation{"no-network",
                "No network runs on the channel that a fault was meant for. qaic-sim status -j lists "
                "channels in use."},
    Explanation{"no-visible-card", "QAIC_VISIBLE_DEVICES hides every card of this host."},
    Explanation{"node-file", "The memory behind a simulated node could not be set up."},
    Explanation{"not-ready",
                "The simulated card is booting, or has no driver, or was pulled out: see qaic-sim status."},
    Explanation{
        "nothing-measured",
        "No inference ended in the time that qaic-run bench measured: each lasts longer than warm-up "
        "and duration together, or --rate asks for less than one. There are no figures for this load."},
    Explanation{
        "null-argument",
        "A NULL pointer was given where the interface needs an object: a bug of the calling program."},
    Explanation{
        "partial-element",
        "The part of a partial input that was to be sent ends inside an element: a bug of the calling "
        "program, which must give a multiple of the element's size."},
    Explanation{"partial-input",
                "Less than the whole was to be sent of a tensor that is always sent whole, or that does not "
                "exist. qaic-qpc inspect says which inputs are partial."},
    Explanation{"partial-room",
                "The program has partial inputs that do not fit their DMA buffer at full size behind the "
                "records that say where each is, or a record lies where a tensor is. See the finding "
                "partial-header of qaic-qpc check; the program was put together wrongly."},
    Explanation{"partial-size",
                "More bytes of a partial input were to be sent than the tensor has: a bug of the calling "
                "program."},
    Explanation{
        "perf-stats",
        "The driver did not give the figures of the last inference; the errno in the text is its reason."},
    Explanation{"pipe", "The host refused a pipe; usually a limit on open files."},
    Explanation{"private-folder",
                "The folder for the sockets of simulated cards could not be made, or others than its user "
                "may reach it. Programs on such cards can be looked into through it, so it must be private."},
    Explanation{"probe-died", "The child that asks cards ended without an answer. Please report it."},
    Explanation{"probe-stale",
                "The child that asks cards belongs to another version of the tools. Install them together."},
    Explanation{
        "probe-start",
        "The child that asks cards (libexec/qaic/probe) could not be started: it belongs beside the tools."},
    Explanation{"process-start",
                "A program could not be started: not found, not executable, or a limit on processes."},
    Explanation{"process-tree",
                "The keeper of a simulation's processes ended unexpectedly, or the host refused it."},
    Explanation{"program-open",
                "The program's file could not be opened, mapped or is not a file. A folder must hold "
                "programqpc.bin."},
    Explanation{"protocol-mismatch",
                "The card's firmware speaks another version of the control protocol than this library "
                "(commands 17, metadata 1). Update firmware or library."},
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
    Explanation{"qpc-queue",
                "One inference of the program has more DMA requests than the longest queue that libqaic asks "
                "a card for has room for: it could never be submitted."},
    Explanation{"qpc-segment-missing",
                "A program needs network.elf and networkdesc.bin, and both or neither of constants.bin and "
                "constantsdesc.bin. qaic-qpc inspect lists what is there."},
    Explanation{
        "qpc-segment-name",
        "A segment of the program has a name that cannot be a file's: it would lead out of the folder, "
        "or is no plain text. Programs are not made so; do not trust the file."},
    Explanation{"queue-callback",
                "A completion was asked for that goes to a callback: a bug of the calling program."},
    Explanation{"queue-closed",
                "The queue was freed while the inference was in flight. Drain a queue before freeing it."},
    Explanation{"queue-delivery",
                "A queue was asked to deliver completions in a way that this library does not know."},
    Explanation{"queue-depth", "A queue was made without slots: a bug of the calling program."},
    Explanation{
        "queue-full",
        "Nothing was queued: the channel's queue has no room for the whole inference (wait for one that "
        "was queued), or a buffer of this inference is still queued from its last run, whose outputs were "
        "there before the card took it (submit again a little later)."},
    Explanation{"queue-late",
                "The slot's last inference passed its deadline and the card has not given the buffers back. "
                "Release the slot and use another one; if none comes back, load the network again."},
    Explanation{"queue-slot",
                "A slot of a queue was used that the caller does not have, or in the wrong order: a bug of "
                "the calling program."},
    Explanation{"queue-slots",
                "All slots of the queue were in use for the given time. Release one, or make the queue "
                "deeper. A network that hangs keeps its slots."},
    Explanation{"queue-thread", "The host started no thread for the queue; see ulimit -u."},
    Explanation{"queue-timeout",
                "No inference of the queue finished in the given time. Nothing is lost: ask again."},
    Explanation{"seccomp-filter",
                "The host allows no system-call filter with user notification, without which nothing can be "
                "simulated. Containers often forbid it; Linux 5.9 or newer is needed."},
    Explanation{"signal-inbox", "The host refused a descriptor for signals."},
    Explanation{"sim-boot", "The simulated card did not come up; the text says at which step."},
    Explanation{"sim-command",
                "The program to run on simulated cards could not be started: not found, or not executable."},
    Explanation{
        "sim-joined",
        "Programs run on the simulated cards that were to be stopped. qaic-sim stop --force kills them."},
    Explanation{"sim-no-card",
                "There are not so many cards among the started ones. qaic-sim status counts them from 0."},
    Explanation{"sim-no-firmware",
                "The folder given with --firmware lacks the image. The card then reports no version for it."},
    Explanation{"sim-not-running",
                "No simulated cards of that name were started by this user, or they were stopped. qaic-sim "
                "start starts some."},
    Explanation{"sim-order",
                "The process of started cards and the command do not understand each other: they are of "
                "different versions."},
    Explanation{"sim-running",
                "Cards of that name were started before. Stop them, or give others another name."},
    Explanation{"sim-setting", "A --set of qaic-sim is no setting of a card, or its value does not fit."},
    Explanation{"sim-stopped",
                "The process of the simulated cards was stopped or died while a program ran on them; the "
                "program was killed, as its nodes answer nothing any more."},
    Explanation{"sim-too-many-cards", "More simulated cards than accel minors or PCI buses hold."},
    Explanation{"sim-view", "The folder trees for a simulation could not be handed to its program."},
    Explanation{
        "socket-create",
        "A UNIX socket could not be made at that path: its folder, its length, or the host's limits."},
    Explanation{"socket-in-use", "Another process listens at that path. End it, or choose another path."},
    Explanation{
        "status-format",
        "The card's status reply is of an older format than this library reads. Update the firmware."},
    Explanation{
        "struct-size",
        "A struct's size field is not set, or smaller than any version of it: a bug of the calling program."},
    Explanation{"sysfs-pci", "/sys/bus/pci/devices exists and cannot be listed."},
    Explanation{"tensor-dims", "A tensor has more dimensions than the interface can show."},
    Explanation{
        "tensor-export",
        "The memory of a tensor that does not exist, or that does not lie in one buffer alone, cannot be "
        "given to others; nor several partial inputs in one."},
    Explanation{
        "tensor-import",
        "A tensor that does not exist, or that does not lie in one buffer alone, cannot use memory of "
        "others; nor one in a buffer with partial inputs, into which the library writes. Each buffer has "
        "one dma-buf, and members of an import that mean nothing are 0."},
    Explanation{"tensor-json",
                "A .json file is no JSON document. A tensor is nested lists of numbers; several are an "
                "object of them."},
    Explanation{"tensor-missing", "An input has no data. Give a file with -i, or say --random or --zero."},
    Explanation{"tensor-npy",
                "A .npy file cannot be used as it is: big-endian, Fortran order, structured, cut off, or its "
                "data is not as long as its header says."},
    Explanation{"tensor-range",
                "A number in a file is none that the tensor's type has: too large, or with a fraction for an "
                "integer."},
    Explanation{"tensor-shape",
                "The array's shape is none that the tensor can have. Nothing is reshaped silently; of a "
                "partial input the first dimension may be less."},
    Explanation{
        "tensor-shapes",
        "Each input has a shape that the program takes, but not all of them together: a program with "
        "allowed shapes takes certain combinations. The hint lists them; qaic-qpc inspect shows all."},
    Explanation{
        "tensor-size",
        "A raw file does not have exactly the tensor's bytes, nor, of a partial input, whole elements of "
        "its beginning. qaic-qpc inspect shows its type and shape."},
    Explanation{"tensor-too-many", "More files than the program has tensors of that direction."},
    Explanation{
        "tensor-transform",
        "The program wants its data transformed on the host in a way that is not known (tiled for the "
        "matrix unit, integers into narrower ones), or its steps contradict each other, or the elements of "
        "its data type have no size that is known; the text names the type or the first such step. "
        "docs/transforms.md lists what can be done."},
    Explanation{"tensor-twice", "One tensor is given two files."},
    Explanation{"tensor-type",
                "The array's elements are not of the tensor's type. Nothing is cast silently."},
    Explanation{"tensor-unknown",
                "The program has no tensor of that name or position. The hint lists its tensors."},
    Explanation{
        "tensor-zip",
        "A .npz file is no whole zip archive, or of a kind that is not supported (encrypted, above 4 GiB)."},
    Explanation{"transaction-status", "The card refused the protocol handshake of the kernel driver."},
    Explanation{"tree-file", "A file of the simulated /sys could not be made."},
    Explanation{"tree-folder", "A folder of the simulated /sys could not be made."},
    Explanation{"tree-link", "A link of the simulated /sys could not be made."},
    Explanation{"tree-text", "A view of /sys was garbled on its way to a program that joins: a defect."},
    Explanation{"uevent-send", "A simulated uevent could not be sent into the program's view."},
    Explanation{"uevent-socket", "The host refused a socket for kernel events."},
    Explanation{"usage",
                "The command line is wrong: an unknown option or verb, or a value that does not fit. --help "
                "shows what there is."},
    Explanation{"visible-devices", "QAIC_VISIBLE_DEVICES is no list of card numbers separated by commas."},
    Explanation{"vm-bundle",
                "A prepared kernel in the cache of qaic-sim vm is not whole. Remove its folder."},
    Explanation{"vm-card",
                "The process of a simulated card ended, or did not start, while a guest needed it."},
    Explanation{"vm-folder", "A folder or file given to qaic-sim vm cannot be found."},
    Explanation{"vm-frame",
                "The guest of qaic-sim vm sent something that is no message of its first process."},
    Explanation{
        "vm-given",
        "What was given to --module or --kernel of qaic-sim vm is no driver source or no built kernel "
        "tree, or does not compile: the compiler's words stand above."},
    Explanation{
        "vm-guest",
        "The guest of qaic-sim vm did not start, its kernel panicked, or QEMU ended. What its kernel printed "
        "is shown; --kernel-log keeps it."},
    Explanation{"vm-host", "qaic-sim vm needs a host of the kind x86_64."},
    Explanation{"vm-plan",
                "The guest was told something that its first process does not understand: a defect."},
    Explanation{
        "vm-prepare",
        "QEMU, a kernel or the driver for a guest cannot be had here: no network, no Debian mirror in apt's "
        "sources, or a host that forbids user namespaces. qaic-sim(1), VM PREPARATION."},
    Explanation{"vm-scratch", "A folder for the run of a guest could not be made in /tmp."},
    Explanation{"vm-timeout", "A guest did not end within --timeout."},
    Explanation{"wait-interrupted",
                "A signal ended the wait. The inference stays queued and may be waited for again."},
    Explanation{"worker-died",
                "The worker of qaic-run, which uses the card, ended without a word. If it was not killed, "
                "please report it."}};

}  // namespace

std::span<const Explanation> explanations() {
  return kExplanations;
}

}  // namespace qaic::tools::util
