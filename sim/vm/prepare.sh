#!/usr/bin/env bash
# What a guest for qaic-sim vm is made of, kept in a cache folder.
#
#   vm-prepare CACHE qemu                     CACHE/qemu: a QEMU with vfio-user-pci
#   vm-prepare CACHE kernel SERIES            CACHE/kernel-SERIES: a bundle (below)
#   vm-prepare CACHE module SERIES FOLDER OUT builds the driver source in FOLDER
#                                             against that kernel: OUT (qaic.ko)
#   vm-prepare CACHE tree TREE OUT            OUT: a bundle of a built kernel tree
#
# A bundle holds: kernel (to boot), modules/NN-NAME.ko (in the order in which to
# load them), qaic.ko, release, packages (where all of it came from).
#
# Everything comes from Debian packages, newest version of a name, through a
# private apt root: authenticated by apt with the Debian keyring, nothing
# installed, no privilege needed. What is in the cache is used as it is, whatever
# the mirror has by now; remove the folder to get it anew. Runs in parallel wait
# for each other, and a folder appears only when it is complete.
#
# Exit: 0 done; 2 usage; 9 what was given is no driver or no built tree; 10 not to
# be had here. The reason is the last line on standard output. Progress goes to
# standard error.
set -Eeuo pipefail
export LC_ALL=C
umask 022

# The reason must come out also where standard output leads elsewhere.
exec 3>&1
unavailable() { trap - ERR; echo "$*" >&3; exit 10; }
# The user's own driver or kernel is what is wrong: not to be taken for a host that lacks something.
refuse() { trap - ERR; echo "$*" >&3; exit 9; }
# A subshell fails without a word: the command that it is part of has the say.
trap 'code=$?; [ "$BASH_SUBSHELL" -gt 0 ] || unavailable "the preparation failed at line $LINENO, exit code $code: $BASH_COMMAND"' ERR
say() { echo "qaic-sim: $*" >&2; }
usage() { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }

[ $# -ge 2 ] || usage
mkdir -p "$1" 2>/dev/null || unavailable "cannot create the cache folder $1"
[ -w "$1" ] || unavailable "the cache folder $1 cannot be written"
cache=$(cd "$1" && pwd)
what=$2
shift 2
work=
build_folder=
cleanup() {
  local folder
  trap '' INT TERM HUP
  for folder in "$work" "$build_folder"; do
    [ -n "$folder" ] || continue
    chmod -R u+rwX "$folder" 2>/dev/null || true
    rm -rf "$folder"
  done
}
trap cleanup EXIT
# Who started this gave it a process group of its own and signals all of it, so
# that what is waited for ends as well. It may write to a terminal from there.
trap 'exit 130' INT TERM HUP
trap '' TTOU
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || unavailable "needs the program $tool, which this host does not have"
  done
}

# The mirror that this machine already uses for Debian itself.
debian_mirror() {
  apt-get indextargets --format '$(LABEL) $(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
    awk '$1 == "Debian" && $3 !~ /-/ && !seen { print $2; seen = 1 }' || true
}

# apt_root NAME SUITE…: a private apt root for these suites, up to date.
declare -A roots
apt_root() {
  local name=$1 root=$work/apt-$1 suite mirror
  shift
  need apt-get apt-cache dpkg-deb
  [ -r "$keyring" ] || unavailable "no $keyring (package debian-archive-keyring)"
  mirror=$(debian_mirror)
  [ -n "$mirror" ] ||
    unavailable "this machine's apt sources name no Debian mirror (or apt-get update was never run)"
  mkdir -p "$root/lists/partial" "$root/cache/archives/partial"
  : >"$root/status"
  for suite in "$@"; do
    echo "deb [arch=amd64 signed-by=$keyring] $mirror $suite main"
  done >"$root/sources"
  roots[$name]=$root
  private "$name" apt-get -qq update -o APT::Update::Error-Mode=any >&2 ||
    unavailable "apt cannot read $* from this machine's Debian mirror (no network, or not authentic)"
}
private() {
  local root=${roots[$1]} program=$2
  shift 2
  "$program" -o Dir::Etc::sourcelist="$root/sources" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
    -o Dir::State="$root" -o Dir::State::lists="$root/lists" -o Dir::State::status="$root/status" \
    -o Dir::Cache="$root/cache" -o Dir::Log="$root" -o Acquire::Languages=none -o Acquire::Retries=3 \
    -o APT::Architecture=amd64 -o APT::Architectures=amd64 -o APT::Sandbox::User="$(id -un)" \
    -o APT::Install-Recommends=0 -o APT::Get::Assume-Yes=1 -o Dpkg::Use-Pty=0 "$@"
}
# download NAME FOLDER PACKAGE…: exactly these.
download() {
  local name=$1 folder=$2
  shift 2
  mkdir -p "$folder"
  (cd "$folder" && private "$name" apt-get -qq download "$@" >&2) || unavailable "$* cannot be downloaded"
}
# download_closure NAME SUITE FOLDER PACKAGE…: these and all they depend on.
download_closure() {
  local name=$1 suite=$2 folder=$3
  shift 3
  private "$name" apt-get -qq install --download-only -t "$suite" "$@" >/dev/null ||
    unavailable "$* with what they need cannot be downloaded from $suite"
  mkdir -p "$folder"
  mv "${roots[$name]}"/cache/archives/*.deb "$folder"
}
unpack() {
  local folder=$1 deb
  shift
  mkdir -p "$folder"
  for deb in "$@"; do
    dpkg-deb -x "$deb" "$folder" || unavailable "${deb##*/} cannot be unpacked in $cache (see above)"
  done
}
provenance() {
  local deb
  for deb in "$@"; do dpkg-deb -W --showformat='${Package} ${Version}\n' "$deb"; done
}

# publish FROM TO: TO appears at once and whole.
publish() { rm -rf "$2"; mv -T "$1" "$2"; }

exclusively() {
  need flock
  exec 9>"$cache/.lock-$1" || unavailable "$cache/.lock-$1 cannot be written"
  if ! flock -n 9; then
    say "waiting for another run that prepares $1"
    flock 9
  fi
  make_work
}
make_work() { work=$(mktemp -d "$cache/.work.XXXXXX") || unavailable "cannot make a folder in $cache"; }

prepare_qemu() {
  [ -e "$cache/qemu/packages" ] && return
  exclusively qemu
  [ -e "$cache/qemu/packages" ] && return
  local suite found
  say "getting QEMU (once; about 40 MB)"
  apt_root qemu trixie trixie-backports
  suite=trixie-backports
  found=$(private qemu apt-cache -q policy qemu-system-x86 | awk '$1 == "Candidate:" { print $2 }')
  [ -n "$found" ] || unavailable "neither trixie nor trixie-backports has a package qemu-system-x86"
  download_closure qemu "$suite" "$work/debs" qemu-system-x86
  unpack "$work/tree" "$work"/debs/*.deb
  # A tree of its own, entered through its own loader; these are not needed in it.
  rm -rf "$work"/tree/usr/share/{doc,locale,man,i18n,perl,info,lintian} "$work"/tree/{etc,var}
  [ -x "$work/tree/usr/bin/qemu-system-x86_64" ] || unavailable "qemu-system-x86 carries no qemu-system-x86_64"
  [ -e "$work/tree/usr/lib64/ld-linux-x86-64.so.2" ] || unavailable "libc6 carries no ld-linux-x86-64.so.2"
  grep -q -a -F vfio-user-pci "$work/tree/usr/bin/qemu-system-x86_64" ||
    unavailable "QEMU $found cannot attach vfio-user devices (10.1 or newer is needed)"
  provenance "$work"/debs/qemu-system-x86_*.deb "$work"/debs/libc6_*.deb >"$work/tree/packages"
  publish "$work/tree" "$cache/qemu"
  say "QEMU is ready: $(head -n 1 "$cache/qemu/packages")"
}

# The newest package whose name is linux-PART-SERIES….
newest() {
  private "$1" apt-cache -q pkgnames "linux-$2" | grep -E "^linux-$2-${3//./\\.}(\.[0-9]+)*(-rc[0-9]+)?\+[a-z0-9+.]+$4\$" |
    sort -V | tail -n 1 || true
}

# Suites that may have a kernel series, for this host, best first. A kernel of
# the host's own release is built by the host's compiler.
kernel_suites() {
  local host
  host=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  case $1-$host in
    6.12-trixie) echo trixie bookworm-backports ;;
    6.12-*) echo bookworm-backports trixie ;;
    *) echo trixie-backports bookworm-backports trixie ;;
  esac
}

# dependencies FILE.ko: what modinfo would say, without needing it.
dependencies() { grep -a -z -o '^depends=.*' "$1" | head -z -n 1 | tr -d '\0' | sed 's/^depends=//' | tr ',-' ' _' || true; }

# collect FOLDER OUT NAME…: the modules and all they depend on, found anywhere
# below FOLDER, into OUT in loading order. One that is not there is built in.
declare -A collected
count=0
collect() {
  local folder=$1 out=$2 name file plain need_also
  shift 2
  for name in "$@"; do
    [ -z "${collected[$name]:-}" ] || continue
    collected[$name]=1
    file=$(find "$folder" '(' -name "${name//_/[-_]}.ko" -o -name "${name//_/[-_]}.ko.xz" -o -name "${name//_/[-_]}.ko.zst" ')' -print -quit)
    [ -n "$file" ] || continue
    plain=$work/$name.ko
    case $file in
      *.xz) need xz; xz -dc "$file" >"$plain" ;;
      *.zst) need zstd; zstd -qdc "$file" >"$plain" ;;
      *) cp "$file" "$plain" ;;
    esac
    need_also=$(dependencies "$plain")
    collect "$folder" "$out" $need_also
    strip_module "$plain"
    mv "$plain" "$out/$(printf '%02d' "$count")-$name.ko"
    count=$((count + 1))
  done
}
# What the guest stands on, then what the driver needs.
guest_modules=(virtio_pci virtio_console 9p 9pnet_virtio overlay drm mhi)

# The uncompressed kernel in a bzImage, which boots quicker; the bzImage if that
# cannot be had.
boot_image() {
  local magic offset
  if command -v zstd >/dev/null; then
    magic=$(printf '\x28\xb5\x2f\xfd')
    for offset in $(grep -a -o -b -F "$magic" "$1" | cut -d : -f 1); do
      tail -c "+$((offset + 1))" "$1" | zstd -qdc 2>/dev/null >"$2" || true  # more follows the frame
      [ "$(head -c 4 "$2" | tr -d '\0')" = $'\x7fELF' ] && return
    done
  fi
  if command -v xz >/dev/null; then
    for offset in $(LC_ALL=C grep -a -o -b -P '\xfd7zXZ\x00' "$1" | cut -d : -f 1); do
      tail -c "+$((offset + 1))" "$1" | xz -dc --single-stream 2>/dev/null >"$2" || true
      [ "$(head -c 4 "$2" | tr -d '\0')" = $'\x7fELF' ] && return
    done
  fi
  cp "$1" "$2"
}

# in_root ROOT COMMAND…: runs in the unpacked system ROOT.
in_root() {
  local root=$1
  shift
  mkdir -p "$root"/{dev,proc,tmp}
  if unshare --user --map-root-user --mount true 2>/dev/null; then
    unshare --user --map-root-user --mount sh -c \
      'mount --rbind /dev "$0/dev" && mount --rbind /proc "$0/proc" && PATH=/usr/sbin:/usr/bin:/sbin:/bin exec chroot "$0" "$@"' "$root" "$@"
  elif [ "$(id -u)" = 0 ]; then
    [ -e "$root/dev/null" ] || mknod -m 666 "$root/dev/null" c 1 3
    PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"
  else
    unavailable "the host forbids user namespaces (sysctls user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns; in a container its seccomp profile), which building this driver needs"
  fi
}

# build_driver BUILD SOURCE OUT LOG: compiles a folder of driver source. It fails
# when that does not compile; nothing else in it may fail unseen, as no command of
# a function whose failure is asked for ends the script by itself.
build_driver() {
  local build=$1 source=$2 out=$3 log=$4 release ok=0
  release=$(cat "$build/release") || unavailable "$build is not whole: remove it, and it is made again"
  build_folder=$build/tree/build-$$
  { rm -rf "$build_folder" && mkdir "$build_folder" && cp -a "$source/." "$build_folder"; } ||
    unavailable "the driver's source in $source cannot be copied to $build (see above)"
  local arguments=(-j "$(nproc)" CONFIG_DRM_ACCEL_QAIC=m CONFIG_DEBUG_INFO_BTF_MODULES= modules)
  if [ -e "$build/on-host" ]; then
    make -C "$build/tree/usr/src/linux-headers-$release" M="$build_folder" "${arguments[@]}" >"$log" 2>&1 || ok=1
  else
    in_root "$build/tree" make -C "/usr/src/linux-headers-$release" M="/build-$$" "${arguments[@]}" >"$log" 2>&1 || ok=1
  fi
  if [ "$ok" = 0 ] && [ -s "$build_folder/qaic.ko" ]; then
    { cp "$build_folder/qaic.ko" "$out" && strip_module "$out"; } || unavailable "qaic.ko cannot be kept (see above)"
    rm -rf "$build_folder"
    return
  fi
  tail -n 40 "$log" >&2
  return 1
}
strip_module() { if command -v strip >/dev/null; then strip -g "$1"; fi; }

# Can the compiler that built the kernel, and the kernel's own build programs,
# run right here?
builds_on_host() {
  local root=$1 release=$2 compiler modpost program needs
  compiler=$(sed -n 's/^override CC *= *//p; s/^CC *:*= *//p' "$root/usr/src/linux-headers-$release/.kernelvariables" 2>/dev/null | tail -n 1)
  compiler=$(echo "$compiler" | grep -o 'gcc-[0-9]*' | tail -n 1 || true)
  [ -n "$compiler" ] || return 1
  for program in "$compiler" "x86_64-linux-gnu-$compiler" make; do
    command -v "$program" >/dev/null || return 1
  done
  modpost=$(find "$root" -name modpost -type f -print -quit)
  [ -n "$modpost" ] || return 1
  needs=$(ldd "$modpost" 2>&1) || return 1
  case $needs in *'not found'*) return 1 ;; *libc.so*) return 0 ;; *) return 1 ;; esac
}

# prepared SERIES PURPOSE: is it in the cache, to run, or to build drivers as well?
prepared() {
  [ -e "$cache/kernel-$1/packages" ] && { [ "$2" = run ] || [ -e "$cache/build-$1/release" ]; }
}

# prepare_kernel SERIES PURPOSE
prepare_kernel() {
  local series=$1 bundle=$cache/kernel-$1 build=$cache/build-$1
  case $series in '' | *[!0-9.]* ) unavailable "not a kernel series: $series" ;; esac
  prepared "$series" "$2" && return
  exclusively "kernel-$series"
  prepared "$series" "$2" && return
  # One without the other is made anew with it: they must be of one release.
  if [ -e "$bundle/packages" ]; then say "the cache has kernel $series, but not what drivers are built with"; fi
  need xz tar awk sed find
  local suite image='' source headers release root=$work/root
  say "getting kernel $series (once; about 300 MB)"
  for suite in $(kernel_suites "$series"); do
    roots=()
    rm -rf "$work/apt-kernel"
    apt_root kernel "$suite"
    image=$(newest kernel image "$series" '-amd64-unsigned')
    [ -n "$image" ] || image=$(newest kernel binary "$series" '-amd64-unsigned')
    [ -n "$image" ] || image=$(newest kernel binary "$series" '-amd64')
    [ -n "$image" ] || image=$(newest kernel image "$series" '-amd64')
    [ -n "$image" ] && break
  done
  [ -n "$image" ] || unavailable "none of $(kernel_suites "$series") has a kernel $series"
  release=$(echo "$image" | sed -E 's/^linux-(image|binary)-//; s/-unsigned$//')
  source=linux-source-$(echo "$release" | sed -E 's/^([0-9]+\.[0-9]+).*/\1/')
  headers=linux-headers-$release
  local wanted=("$image" "$headers")
  # Newer packages are split: the modules and the build programs stand alone.
  local name
  for name in "linux-modules-$release" "linux-headers-${release%-amd64}-common" "linux-kbuild-${release%-amd64}"; do
    if private kernel apt-cache -q show "$name" >/dev/null 2>&1; then wanted+=("$name"); fi
  done
  say "downloading ${wanted[*]} $source from $suite"
  download kernel "$work/kernel" "${wanted[@]}"
  download kernel "$work/source" "$source"
  unpack "$root" "$work"/kernel/linux-headers-*.deb
  for name in "$work"/kernel/linux-kbuild-*.deb; do [ ! -e "$name" ] || unpack "$root" "$name"; done
  [ -d "$root/usr/src/$headers" ] || unavailable "$headers carries no /usr/src/$headers"
  local toolchain=()
  mkdir -p "$work/build" "$work/bundle/modules" "$work/image"
  echo "$release" >"$work/build/release"
  if builds_on_host "$root" "$release"; then
    : >"$work/build/on-host"
    # It names its other half by where it would be installed.
    { grep -rl -F /usr/src/ "$root/usr/src/$headers" --include=Makefile --include=.kernelvariables || true; } |
      xargs -r sed -i "s#/usr/src/#$build/tree/usr/src/#g"
    find "$root" -type l -lname '/usr/*' | while read -r name; do
      ln -sfn "$build/tree$(readlink "$name")" "$name"
    done
  else
    say "getting the compiler that kernel $release was built with (once; about 70 MB)"
    local main=${suite%-backports}
    roots=()
    rm -rf "$work/apt-kernel"
    if [ "$main" = "$suite" ]; then apt_root kernel "$main"; else apt_root kernel "$main" "$suite"; fi
    download_closure kernel "$suite" "$work/tools" "$headers" binutils make dash mawk sed grep coreutils findutils bash
    unpack "$root" "$work"/tools/*.deb
    rm -rf "$root"/usr/share/{doc,locale,man,info,perl} "$root"/boot
    # What the packages' own scripts would have left.
    for name in bin sbin lib lib64; do
      if [ ! -e "$root/$name" ] && [ -d "$root/usr/$name" ]; then ln -s "usr/$name" "$root/$name"; fi
    done
    [ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh"
    [ -e "$root/usr/bin/awk" ] || ln -s mawk "$root/usr/bin/awk"
    toolchain=("$work"/tools/gcc-[0-9]*.deb)
  fi
  for name in "$work"/kernel/linux-image-*.deb "$work"/kernel/linux-binary-*.deb "$work"/kernel/linux-modules-*.deb; do
    [ ! -e "$name" ] || unpack "$work/image" "$name"
  done
  say "unpacking the driver source out of $source"
  mkdir "$work/linux"
  local archive
  archive=$(dpkg-deb --fsys-tarfile "$work"/source/*.deb | tar -t | grep -E '/linux-source-[^/]*\.tar\.xz$' | head -n 1) || true
  [ -n "$archive" ] || unavailable "$source carries no linux-source-….tar.xz"
  dpkg-deb --fsys-tarfile "$work"/source/*.deb | tar -xO "$archive" | xz -dc -T0 |
    tar -x -C "$work/linux" --strip-components=1 --wildcards '*/drivers/accel/qaic/*' ||
    unavailable "the driver's source cannot be unpacked out of $source (see above)"
  [ -s "$work/linux/drivers/accel/qaic/Makefile" ] || unavailable "$source carries no drivers/accel/qaic"
  mv "$work/linux/drivers/accel/qaic" "$work/build/qaic"
  mv "$root" "$work/build/tree"
  publish "$work/build" "$build"

  say "building qaic.ko for $release"
  build_driver "$build" "$build/qaic" "$work/bundle/qaic.ko" "$work/build.log" ||
    unavailable "the driver of $source does not build (see above)"
  local vmlinuz
  vmlinuz=$(find "$work/image" -name 'vmlinuz*' -type f -print -quit)
  [ -n "$vmlinuz" ] || unavailable "$image carries no vmlinuz"
  boot_image "$vmlinuz" "$work/bundle/kernel"
  collect "$work/image" "$work/bundle/modules" "${guest_modules[@]}"
  echo "$release" >"$work/bundle/release"
  provenance "$work"/kernel/*.deb "$work"/source/*.deb "${toolchain[@]}" >"$work/bundle/packages"
  publish "$work/bundle" "$bundle"
  say "kernel $release is ready"
}

prepare_module() {
  local series=$1 source=$2 out=$3
  [ -r "$source/Makefile" ] || refuse "$source holds no driver source (no Makefile)"
  prepare_kernel "$series" build
  [ -n "$work" ] || exclusively "kernel-$series"
  say "building the driver in $source for $(cat "$cache/build-$series/release")"
  build_driver "$cache/build-$series" "$source" "$work/qaic.ko" "$work/build.log" ||
    refuse "the driver in $source does not build for $(cat "$cache/build-$series/release") (see above)"
  mv "$work/qaic.ko" "$out"
}

prepare_tree() {
  local tree=$1 out=$2 image
  make_work
  [ -r "$tree/include/config/kernel.release" ] || refuse "$tree is no built kernel tree (no include/config/kernel.release)"
  image=$tree/arch/x86/boot/bzImage
  [ -r "$image" ] || refuse "$tree has no arch/x86/boot/bzImage (make bzImage)"
  mkdir -p "$out/modules"
  cp "$image" "$out/kernel"
  if [ -r "$tree/drivers/accel/qaic/qaic.ko" ]; then
    cp "$tree/drivers/accel/qaic/qaic.ko" "$out/qaic.ko"
    strip_module "$out/qaic.ko"
  elif ! grep -q -x -F kernel/drivers/accel/qaic/qaic.ko "$tree/modules.builtin" 2>/dev/null; then
    refuse "$tree has no drivers/accel/qaic/qaic.ko (CONFIG_DRM_ACCEL_QAIC=m, make modules)"
  fi
  collect "$tree" "$out/modules" "${guest_modules[@]}"
  cp "$tree/include/config/kernel.release" "$out/release"
  echo "built from $tree" >"$out/packages"
}

case $what in
  qemu) [ $# = 0 ] || usage; prepare_qemu ;;
  kernel) [ $# = 1 ] || usage; prepare_kernel "$1" run ;;
  module) [ $# = 3 ] || usage; prepare_module "$1" "$2" "$3" ;;
  tree) [ $# = 2 ] || usage; prepare_tree "$1" "$2" ;;
  *) usage ;;
esac
