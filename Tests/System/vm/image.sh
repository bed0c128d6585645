#!/usr/bin/env bash
# image.sh - build the disk image of a small Debian guest, once, and keep it in a cache.
#
#   image.sh SUITE [PACKAGE,PACKAGE]    prints the directory that holds root.ext4, vmlinuz and initrd.gz
#
# Needs root, and the Debian packages mmdebstrap, e2fsprogs, busybox-static, cpio, kmod and xz-utils.
# An image is made in a scratch directory and renamed when it is complete, so one that exists is whole. Its name carries
# a hash of this file and of the list of packages: a change of either makes a new image.
set -euo pipefail

# What every guest has. The rest of a Debian "minbase" comes along: dpkg, apt, coreutils, util-linux, perl-base, bash.
#   libpam-systemd, dbus-user-session   a user's own service manager: `systemctl --user`
#   libsqlite3-0, libstdc++6            what the installed programs are linked with
#   netcat-openbsd, jq, sudo            what the tests talk to the socket with, read answers with, and become others by
#   python3                             for clients and tasks that the shell cannot write
packages="systemd systemd-sysv dbus dbus-user-session libpam-systemd procps kmod python3
    libsqlite3-0 libstdc++6 sudo netcat-openbsd jq"

# Units that only cost time in a guest that lives for seconds and has neither network nor terminal.
masked_units="getty@tty1.service serial-getty@ttyS0.service getty.target systemd-timesyncd.service
    apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
    dpkg-db-backup.timer motd-news.timer systemd-udev-settle.service systemd-update-utmp.service"

build() {
    local suite=$1 packages=$2 into=$3
    bootstrap "$suite" "$packages" "$into"
    local modules
    modules=$(find "$into/kernel" -maxdepth 4 -path '*lib/modules/*' -prune | head -1)
    cp "$into"/kernel/boot/vmlinuz-* "$into/vmlinuz"
    configure_guest "$into/root" "$modules"
    make_initrd "$into" "$modules"
    # 600 MB to spare for what a test installs and writes.
    truncate -s $(($(du -sm "$into/root" | cut -f1) + 600))M "$into/root.ext4"
    mke2fs -q -F -t ext4 -O ^has_journal -d "$into/root" "$into/root.ext4"
    rm -rf "$into/kernel" "$into/root"
}

# The Debian mirror that this machine's apt uses; nothing where there is none, and mmdebstrap then uses its own.
debian_mirror() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        grep -v '^ *#' | grep -oE 'https?://[^ ]+/debian/?( |$)' | grep -v security | head -1 | tr -d ' ' || true
}

# Debian into root/, the files of its kernel package into kernel/. The kernel is not installed in the guest: that would
# build an initrd of its own, at some ten times the size and boot time of ours.
bootstrap() {
    local suite=$1 packages=$2 into=$3 mirror
    mirror=${ORCHD_VM_MIRROR:-$(debian_mirror)}
    cat > "$into/fetch-kernel" <<'EOS'
#!/bin/sh
# Run by mmdebstrap with the new root directory: download the kernel package that the newest metapackage names.
set -eu
chroot "$1" apt-get -qq update
name=$(chroot "$1" apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: *//p' | head -1)
chroot "$1" sh -c "cd /tmp && apt-get -qq -o APT::Sandbox::User=root download $name"
mv "$1"/tmp/linux-image*.deb "${0%/*}/linux.deb"
EOS
    chmod +x "$into/fetch-kernel"
    timeout -k 5 900 mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" \
        --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' \
        --customize-hook="$into/fetch-kernel" \
        "$suite" "$into/root.tar" ${mirror:+"$mirror"} </dev/null
    mkdir "$into/root" "$into/kernel"
    tar -C "$into/root" -xpf "$into/root.tar"
    dpkg -x "$into/linux.deb" "$into/kernel"
    rm "$into/root.tar" "$into/linux.deb" "$into/fetch-kernel"
}

# Make the guest run one command when multi-user.target is reached, write its results to the third disk, and power off.
configure_guest() {
    local root=$1 modules=$2 unit
    cat > "$root/vm-run" <<'EOS'
#!/bin/bash
mkdir -p /results /payload
mount -o ro /dev/vdb /payload
echo "vm: up" > /dev/ttyS0
stty -F /dev/ttyS1 -onlcr
cut -d' ' -f1 /proc/uptime > /results/uptime-at-start
# The output leaves the guest at once, too: what there was of it is known even if the guest never ends.
( cd /payload && . ./.vm-command ) 2>&1 < /dev/null | tee /results/output.log > /dev/ttyS1
echo "${PIPESTATUS[0]}" > /results/rc
journalctl -b --no-pager -o short-monotonic > /results/journal.txt 2>&1
tar -C /results -cf /dev/vdc . && sync
EOS
    chmod +x "$root/vm-run"
    cat > "$root/etc/systemd/system/vm.target" <<'EOS'
[Unit]
Requires=multi-user.target
Wants=vm.service
EOS
    cat > "$root/etc/systemd/system/vm.service" <<'EOS'
[Unit]
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
TimeoutStartSec=infinity
Environment=HOME=/root
ExecStart=/vm-run
EOS
    for unit in $masked_units; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
    echo vm > "$root/etc/hostname"
    echo '/dev/vda / ext4 rw,noatime 0 1' > "$root/etc/fstab"
    # A machine id that is there from the start spares systemd its "first boot" work.
    echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
    mkdir -p "$root/payload" "$root/results" "$root/var/log/journal" "$root/lib/modules"
    cp -a "$modules" "$root/lib/modules/"
    rm -rf "$root/lib/modules/${modules##*/}/kernel/"{drivers/net,drivers/gpu,drivers/infiniband,sound,net/wireless}
    depmod -b "$root" "${modules##*/}" 2>/dev/null || true
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
}

# busybox, the virtio modules, and a script of ten lines: about 1 MB.
make_initrd() {
    local into=$1 modules=$2 tree=$1/initrd module file
    mkdir -p "$tree"/{bin,m,dev,proc,newroot}
    cp /bin/busybox "$tree/bin/"
    for module in virtio virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_mmio virtio_blk; do
        file=$(find "$modules" -name "$module.ko*" | head -1)
        [[ -n $file ]] || continue # built into this kernel
        case $file in
            *.xz) xz -dc "$file" > "$tree/m/$module.ko" ;;
            *.zst) zstd -qdc "$file" > "$tree/m/$module.ko" ;;
            *) cp "$file" "$tree/m/" ;;
        esac
        echo "$module" >> "$tree/m/order"
    done
    cat > "$tree/init" <<'EOS'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
while read m; do /bin/busybox insmod /m/$m.ko 2>/dev/null; done < /m/order
i=0; while [ ! -b /dev/vda ] && [ $i -lt 100 ]; do /bin/busybox sleep 0.05; i=$((i+1)); done
/bin/busybox mount -t ext4 /dev/vda /newroot || exec /bin/busybox sh
exec /bin/busybox switch_root /newroot /sbin/init "$@"
EOS
    chmod +x "$tree/init" "$tree/bin/busybox"
    (cd "$tree" && find . | cpio -o -H newc --quiet | gzip -1) > "$into/initrd.gz"
    rm -rf "$tree"
}

suite=$1 extra=${2:-}
cache=${ORCHD_VM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/orchd-vm}
# shellcheck disable=SC2086 # lists of words
packages=$(printf '%s\n' $packages ${extra//,/ } | sort -u | paste -sd,)
key=$({ printf '%s\n' "$packages"; cat "${BASH_SOURCE[0]}"; } | sha1sum | cut -c1-12)
image=$cache/$suite-$key
mkdir -p "$cache"
# Two test runs may want the same image at once: the second waits for the first one's.
exec 9> "$image.lock"
flock 9
if [[ ! -d $image ]]; then
    echo "vm: building the $suite image; this happens once and takes a minute or two" >&2
    scratch=$(mktemp -d "$cache/.building.XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
    build "$suite" "$packages" "$scratch" >&2 9>&-
    mv "$scratch" "$image"
fi
printf '%s\n' "$image"
