#!/usr/bin/env bash
# user.sh - runs inside a guest (see run): a user's own instance under the user's own systemd, with no root in it.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
slow=${TEST_TIMEOUT_FACTOR:-20}
# shellcheck source=Tests/System/vm/checks.sh
. ./checks.sh

cp -a tree/. /
systemd-sysusers
useradd --create-home bob
bob=$(id -u bob)
# bob COMMAND... - as bob, in what a log-in would give him.
bob() {
    runuser -u bob -- timeout -k 5 $((10 * slow)) env -C / HOME=/home/bob XDG_RUNTIME_DIR="/run/user/$bob" \
        DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$bob/bus" "$@"
}
show() { bob systemctl --user show --property="$2" --value "$1"; }

echo "# start"
check "a user manager starts" loginctl enable-linger bob
has_bus() { [[ -S /run/user/$bob/bus ]]; }
eventually "it is there" has_bus
check "systemctl --user enable --now orchd" bob systemctl --user enable --now orchd
for unit in orchd.service orchd.socket orchd-supervisor.service; do
    same "$unit is active" active "$(bob systemctl --user is-active "$unit")"
done
same "the socket belongs to bob alone" "bob 600" "$(stat -c '%U %a' "/run/user/$bob/orchd.sock")"
for unit in orchd orchd-supervisor; do
    same "$unit runs as bob" bob "$(stat -c %U "/proc/$(show $unit MainPID)")"
done

echo "# a task"
id=$(bob orchctl submit -- id -un)
check "it succeeds" bob orchctl wait "$id"
same "it ran as bob" bob "$(bob orchctl result "$id")"
# shellcheck disable=SC2016 # the shell is the task's
same "and found his home" "/home/bob bob" "$(bob orchctl run -- sh -c 'echo "$HOME $USER"')"
tree=$(bob orchctl submit -- sh -c 'setsid sleep 77777 & sleep 77777')
two_sleep() { [[ $(pgrep -fxc 'sleep 77777') = 2 ]]; }
eventually "two sleepers run" two_sleep
like "they are in a cgroup of their own" "orchd-supervisor.service/tasks/$tree.1" "$(cat "/proc/$(pgrep -fx 'sleep 77777' | head -1)/cgroup")"
if bob orchctl status | grep -q "no cgroups"; then not_ok "status does not miss them"; else ok "status does not miss them"; fi
check "stop" bob orchctl stop "$tree"
bob orchctl wait "$tree" > /dev/null 2>&1
same "no process of it is left" 0 "$(pgrep -fxc 'sleep 77777')"

limited=$(bob orchctl submit --memory 64M --pids 20 --cpu 0.5 -- sleep 77778)
it_sleeps() { pgrep -fx 'sleep 77778'; }
eventually "one with limits runs" it_sleeps
cgroup=/sys/fs/cgroup$(cut -d: -f3 "/proc/$(pgrep -fx 'sleep 77778')/cgroup")
same "which the kernel knows" "67108864 20 50000 100000" "$(cat "$cgroup/memory.max" "$cgroup/pids.max" "$cgroup/cpu.max" | tr '\n' ' ' | sed 's/ $//')"
bob orchctl stop "$limited" > /dev/null
hog=$(bob orchctl submit --memory 64M -- python3 -c 'x = []
while True: x.append(bytearray(1 << 20))')
bob orchctl wait "$hog" > /dev/null 2>&1
same "one that takes more is out of memory" out_of_memory "$(bob orchctl show --json "$hog" | jq -r '.attempts[-1].outcome.kind')"

echo "# reload, restart, stop"
check "systemctl --user reload orchd" bob systemctl --user reload orchd
mkdir -p /home/bob/.config/orchd/pools.d
printf 'slots = 7\n' > /home/bob/.config/orchd/pools.d/own.toml
: > /home/bob/.config/orchd/orchd.toml
check "systemctl --user reload orchd with a configuration of his own" bob systemctl --user reload orchd
same "it is in force" 7 "$(bob orchctl pool list --json | jq '.pools[] | select(.name == "own") | .slots')"
check "systemctl --user restart orchd" bob systemctl --user restart orchd
same "what was done is still known" "$id" "$(bob orchctl show --json "$id" | jq .id)"
check "systemctl --user stop" bob systemctl --user stop orchd.socket orchd.service orchd-supervisor.service
finish
