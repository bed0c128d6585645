#!/usr/bin/env bash
# vmtest.sh - boot a throw-away Debian guest under QEMU, with systemd as the real PID 1 and all of cgroup v2, run one
# command in it, and bring back its exit status, its output and its files. No network; nothing of this machine's systemd
# or cgroups is touched.
#
#   vmtest.sh [-s SUITE] [-k SUITE] [-p PAYLOAD_DIR] [-o OUT_DIR] [-t SECONDS] [-a PACKAGE,PACKAGE] -- COMMAND [ARG...]
#
#   -s bookworm   the Debian release of the guest (bookworm: systemd 252; trixie: systemd 257)
#   -k bookworm   the release whose kernel it boots (bookworm: linux 6.1)
#   -p DIR        mounted read-only at /payload, which is also the working directory of COMMAND
#   -o DIR        receives what COMMAND writes to /results, and always rc, output.log, journal.txt, console.log,
#                 and live.log, which is output.log while it grows
#   -t 240        give up after so many seconds
#   -a LIST       more Debian packages for the image
#
# The exit status is that of COMMAND; 124: the guest ran out of time; 125: it never reported (see console.log).
# Environment: ORCHD_VM_CACHE, ORCHD_VM_MIRROR, ORCHD_VM_CPUS, ORCHD_VM_MEMORY (MiB), ORCHD_VM_KVM=1, ORCHD_VM_APPEND.
#
# What is known about these guests:
# - The first run builds an image (about a minute or two), later ones boot it in some ten seconds. The disk is opened as a
#   snapshot: every run starts from the same clean image, and nothing is written back.
# - A guest is emulated (TCG), 8 to 13 times slower than its host on CPU work and 30 to 50 times on fork and exec: scale
#   every timeout in a test. ORCHD_VM_KVM=1 uses KVM instead; it is no default because some hosts offer a /dev/kvm that
#   opens and then hangs a stock kernel.
# - linux 6.12 under QEMU 7.2 TCG panics at random at a cmpxchg16b with -cpu max. With cx16=off it is stable, but Swift
#   programs then die of SIGILL (libdispatch uses that instruction). Hence kernel 6.1 under either userland, and -k
#   trixie only for tests without Swift code.
# - A guest in some hundreds hangs before its kernel has written a byte; hence it is started again where it does not come up.
# - `systemctl is-system-running` says "starting" inside COMMAND, which is itself a start job: test units, not that.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

suite=bookworm kernel_suite=bookworm payload='' out='' limit=240 extra='' patience=180
while getopts s:k:p:o:t:a: option; do
    case $option in
        s) suite=$OPTARG ;;
        k) kernel_suite=$OPTARG ;;
        p) payload=$OPTARG ;;
        o) out=$OPTARG ;;
        t) limit=$OPTARG ;;
        a) extra=$OPTARG ;;
        *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[[ $# -gt 0 ]] || { echo "vm: no command given" >&2; exit 2; }
[[ $(id -u) = 0 ]] || { echo "vm: needs root, to build the image with the right owners" >&2; exit 125; }

scratch=$(mktemp -d "${TMPDIR:-/tmp}/orchd-vm.XXXXXX")
guest=''
trap '[[ -z $guest ]] || kill "$guest" 2> /dev/null; rm -rf "$scratch"' EXIT
out=${out:-$scratch/out}
mkdir -p "$out"
rm -f "$out"/{rc,output.log,live.log,journal.txt,console.log,uptime-at-start}

# The second disk holds the payload and the command line; the third is raw space for the tar file of the results.
make_disks() {
    local tree=$scratch/payload
    mkdir "$tree"
    [[ -z $payload ]] || cp -a "$payload/." "$tree/"
    { printf 'set --'; printf ' %q' "$@"; printf '\n"$@"\n'; } > "$tree/.vm-command"
    truncate -s $(($(du -sm "$tree" | cut -f1) * 5 / 4 + 8))M "$scratch/payload.ext4"
    mke2fs -q -F -t ext4 -O ^has_journal -m 0 -d "$tree" "$scratch/payload.ext4"
    rm -rf "$tree"
    truncate -s 64M "$scratch/results.tar"
}

# Becomes qemu.
emulate() {
    local image=$1 kernel=$2 accelerator=tcg,thread=multi,tb-size=512 cpu=max
    [[ $kernel_suite = bookworm ]] || cpu=max,cx16=off
    if [[ ${ORCHD_VM_KVM:-0} = 1 ]]; then accelerator=kvm cpu=host; fi
    exec timeout -k 5 "$limit" qemu-system-x86_64 \
        -M q35 -accel "$accelerator" -cpu "$cpu" -smp "${ORCHD_VM_CPUS:-2}" -m "${ORCHD_VM_MEMORY:-1024}" \
        -nodefaults -no-user-config -display none -no-reboot \
        -serial "file:$out/console.log" -serial "file:$out/live.log" \
        -kernel "$kernel/vmlinuz" -initrd "$kernel/initrd.gz" \
        -append "console=ttyS0 panic=-1 quiet loglevel=4 mitigations=off nokaslr no_timer_check tsc=reliable audit=0 \
ipv6.disable=1 systemd.unit=vm.target systemd.show_status=0 systemd.log_level=notice ${ORCHD_VM_APPEND:-}" \
        -drive if=none,id=root,format=raw,file="$image/root.ext4",snapshot=on \
        -device virtio-blk-pci,drive=root,serial=root \
        -drive if=none,id=payload,format=raw,file="$scratch/payload.ext4",readonly=on \
        -device virtio-blk-pci,drive=payload,serial=payload \
        -drive if=none,id=results,format=raw,file="$scratch/results.tar",cache=unsafe \
        -device virtio-blk-pci,drive=results,serial=results \
        </dev/null
}

boot() {
    local status=0 start
    for start in 1 2 3; do
        emulate "$@" &
        guest=$!
        watch_start "$guest" && break
        echo "vm: start $start: the guest was not up after $patience s; what it has said:" >&2
        cat "$out/console.log" >&2 || true
        kill "$guest" || true
        wait "$guest" || true
    done
    wait "$guest" || status=$?
    guest=''
    [[ $status = 0 ]] && return
    cat "$out/live.log" 2> /dev/null || true
    echo "vm: qemu ended with $status before the command did; the end of the console:" >&2
    tail -5 "$out/console.log" >&2 || true
    if [[ $status = 124 || $status = 137 ]]; then exit 124; else exit 125; fi
}

# Whether the guest has said that it is up (see image.sh), or has ended, in time.
watch_start() {
    local second
    for ((second = 0; second < patience; second++)); do
        if grep -qs 'vm: up' "$out/console.log" || ! kill -0 "$1" 2> /dev/null; then return 0; fi
        sleep 1
    done
    return 1
}

collect() {
    if ! tar -C "$out" -xf "$scratch/results.tar" 2>/dev/null || [[ ! -s $out/rc ]]; then
        echo "vm: the guest reported nothing; the end of the console:" >&2
        tail -5 "$out/console.log" >&2 || true
        exit 125
    fi
    cat "$out/output.log"
}

image=$("$here/image.sh" "$suite" "$extra") || exit 125
kernel=$image
if [[ $kernel_suite != "$suite" ]]; then kernel=$("$here/image.sh" "$kernel_suite") || exit 125; fi
make_disks "$@"
boot "$image" "$kernel"
collect
exit "$(cat "$out/rc")"
