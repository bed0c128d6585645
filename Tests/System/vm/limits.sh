#!/usr/bin/env bash
# limits.sh - runs inside a guest (see run): a memory hog, a fork bomb, an output hog and a process that ignores everything, each in
# a cgroup with limits. Each is contained and reported with the right reason, while 50 other tasks run on.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
# shellcheck source=Tests/System/vm/service.sh
. ./service.sh

install_service
cat > /etc/orchd/pools.d/many.toml << 'END'
slots = 50
END
cat > /etc/orchd/pools.d/small.toml << 'END'
slots = 4
nice = 7
oom_score_adjust = 500
memory = "96M"
pids = 40
cpu = 0.5
grace = "1s"
output_limit = "1M"

[maximum]
memory = "128M"
pids = 60
io_weight = 50

[rlimits]
nofile = 77
END
check "systemctl enable --now orchd" systemctl enable --now orchd
tasks_run() { alice orchctl run -- true; }
eventually "tasks run" tasks_run
tasks=/sys/fs/cgroup/system.slice/orchd-supervisor.service/tasks
control() { cat "$tasks/$1/$2"; }
outcome() { field "$1" '"\(.state) \(.attempts[-1].outcome.kind)"'; }

echo "# what the machine keeps to"
same "the controllers are told" "cpu io memory pids" \
    "$(alice orchctl status --json | jq -r '.supervisor.controllers | join(" ")')"
same "and nothing is said to be off" "" "$(alice orchctl status | grep -o 'not limited.*\|no cgroups.*')"
like "the policy has the maximum of the pool" '^limit small memory 134217728$' "$(cat /run/orchd-supervisor/policy)"

echo "# 50 tasks that have nothing to do with it"
for ((i = 0; i < 50; i++)); do echo '{"command":["sleep","1000000"],"pool":"many"}'; done > /tmp/many
chmod 644 /tmp/many
mapfile -t many < <(submit --batch /tmp/many)
all_run() { [[ $(alice orchctl list --pool many --state running --limit 100 --json | jq '.tasks | length') = 50 ]]; }
eventually "50 tasks run" all_run
pids_of_many() { alice orchctl list --pool many --limit 100 --json | jq -r '.tasks[] | .attempts[-1].pid' | sort -n | tr '\n' ' '; }
before=$(pids_of_many)

echo "# the cgroup of an attempt"
id=$(submit --pool small --memory 100M --swap 8M --cpu 1.5 --cpu-weight 77 --pids 50 --memory-high 90M -- sleep 1000000)
is_running() { running "$id"; }
eventually "it runs" is_running
same "its memory" 104857600 "$(control "$id.1" memory.max)"
same "the memory from which on it is slowed down" 94371840 "$(control "$id.1" memory.high)"
same "its swap" 8388608 "$(control "$id.1" memory.swap.max)"
same "its processors" "150000 100000" "$(control "$id.1" cpu.max)"
same "its share of them" 77 "$(control "$id.1" cpu.weight)"
same "its processes" 50 "$(control "$id.1" pids.max)"
same "its share of the disks is what the pool has at the most" "default 50" "$(control "$id.1" io.weight)"
like "show tells of them" 'limits +memory 100 MiB, memory_high 90 MiB, swap 8192 KiB, cpu 1.5, cpu_weight 77, pids 50' "$(alice orchctl show "$id")"
alice orchctl stop "$id" > /dev/null
id=$(submit --pool small -- sleep 1000000)
eventually "one that asks for nothing runs" is_running
same "it has the memory of its pool" "100663296 0" "$(control "$id.1" memory.max) $(control "$id.1" memory.swap.max)"
same "and its processors" "50000 100000" "$(control "$id.1" cpu.max)"
same "its niceness" 7 "$(ps -o ni= -p "$(pid_of "$id")" | tr -d ' ')"
same "what becomes of it when the machine has no memory" 500 "$(cat "/proc/$(pid_of "$id")/oom_score_adj")"
like "and its rlimits" '^Max open files +77 +77 ' "$(cat "/proc/$(pid_of "$id")/limits")"
alice orchctl stop "$id" > /dev/null

echo "# one that is paused"
id=$(submit --pool small --timeout 15s -- sh -c 'trap "" TSTP; while :; do :; done')
eventually "it runs" is_running
check "orchctl pause" alice orchctl pause "$id"
is_frozen() { grep -q 'frozen 1' "$tasks/$id.1/cgroup.events"; }
eventually "its cgroup is frozen" is_frozen
used=$(control "$id.1" cpu.stat | sed -n 's/^usage_usec //p')
sleep 16
same "it uses no processor" "$used" "$(control "$id.1" cpu.stat | sed -n 's/^usage_usec //p')"
same "it is not ended by its timeout" running "$(field "$id" .state)"
like "and list says what it is" 'paused' "$(alice orchctl list --state running --pool small)"
systemctl restart orchd
eventually "the next engine answers" alice orchctl status
same "it stays so under another engine" 1 "$(grep -c 'frozen 1' "$tasks/$id.1/cgroup.events")"
check "orchctl resume" alice orchctl resume "$id"
await "$id" > /dev/null 2>&1
same "then its time goes on" "failed run_timeout" "$(outcome "$id")"
id=$(submit --pool small -- sh -c 'trap "echo bye; exit" TERM; while :; do sleep 0.1; done')
eventually "another runs" is_running
alice orchctl pause "$id" > /dev/null
eventually "and is frozen" is_frozen
alice orchctl stop "$id" > /dev/null
await "$id" > /dev/null 2>&1
same "a stop lets it end in order" "bye" "$(alice orchctl logs "$id")"

echo "# memory that is set aside"
printf '%s\n' 'slots = 4' 'reserve = "1000G"' > /etc/orchd/pools.d/vast.toml
check "systemctl reload orchd" systemctl reload orchd
id=$(submit --pool vast -- sleep 1000000)
eventually "one that needs more than there is runs alone" is_running
waiting=$(submit --pool vast -- true)
like "the next one waits, and show says why" 'reserves 1000 GiB of memory for each task, and 1000 GiB of' "$(alice orchctl show "$waiting")"
alice orchctl stop "$id" > /dev/null
check "until it has ended" await "$waiting"

echo "# more than the pool allows"
told=$(alice orchctl submit --pool small --memory 1G -- true 2>&1)
same "is refused" 2 "$?"
like "and told why" 'allows memory up to 134217728' "$told"

echo "# what the kernel counts"
# shellcheck disable=SC2016 # the shell is the task's
busy=$(submit --pool small -- sh -c 'dd if=/dev/zero of=f bs=1M count=8 conv=fsync 2> /dev/null; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done')
await "$busy" > /dev/null 2>&1
written=$(field "$busy" '.attempts[-1].bytes_written')
if ((written >= 8 << 20)); then ok "bytes that are written to disks"; else not_ok "8 MiB were written, not $written"; fi
like "show tells of them" 'disks +.* read, [0-9]+ [KM]iB written' "$(alice orchctl show "$busy")"
like "and of what it waited for" 'waited +.* for processors' "$(alice orchctl show "$busy")"

echo "# a memory hog"
hog=$(submit --pool small -- python3 -c 'x = []
while True: x.append(bytearray(1 << 20))')
await "$hog" > /dev/null 2>&1
same "is out of memory" "failed out_of_memory" "$(outcome "$hog")"
like "in words, too" 'out of memory' "$(alice orchctl show "$hog")"
peak=$(field "$hog" '.attempts[-1].peak_memory')
if ((peak > (80 << 20) && peak <= (97 << 20))); then ok "its peak is its limit"; else not_ok "its peak is its limit, not $peak"; fi
child=$(submit --pool small -- sh -c 'python3 -c "x = []
while True: x.append(bytearray(1 << 20))"; echo survived; sleep 1000000')
await "$child" > /dev/null 2>&1
same "so is one whose child it is, as a whole" "failed out_of_memory" "$(outcome "$child")"
same "which does not go on without it" "" "$(alice orchctl logs "$child" 2> /dev/null | grep survived)"

echo "# a fork bomb"
bomb=$(submit --pool small --timeout 20s -- python3 -c 'import os, time
while True:
    try: os.fork()
    except OSError: time.sleep(0.1)')
at_its_limit() { [[ $(control "$bomb.1" pids.current) -ge 39 ]]; }
eventually "it has as many processes as it may" at_its_limit
same "and not more" 40 "$(control "$bomb.1" pids.max)"
check "others start beside it" alice orchctl run -- true
await "$bomb" > /dev/null 2>&1
same "is ended" "failed run_timeout" "$(outcome "$bomb")"
like "with the reason" 'refused it processes beyond its limit' "$(field "$bomb" .reason)"
same "and nothing of it is left" "" "$(ls -d "$tasks/$bomb.1" 2> /dev/null)"

echo "# one that writes without end"
writer=$(submit --pool small -- yes)
await "$writer" > /dev/null 2>&1
same "is ended" "failed output_limit" "$(outcome "$writer")"

echo "# one that ignores everything"
deaf=$(submit --pool small -- python3 -c 'import os, signal, time
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
if os.fork() == 0:
    os.setsid()
    os.fork()
print("deaf", flush=True)
while True: time.sleep(1000)')
is_deaf() { alice orchctl logs "$deaf" | grep -q deaf; }
eventually "it ignores signals" is_deaf
alice orchctl stop "$deaf" > /dev/null
await "$deaf" > /dev/null 2>&1
same "is ended" "cancelled cancelled" "$(outcome "$deaf")"
same "and nothing of it is left" "" "$(ls -d "$tasks/$deaf.1" 2> /dev/null)"

echo "# the others"
same "all 50 run on" 50 "$(wc -w <<< "$before")"
same "as they were" "$before" "$(pids_of_many)"
same "in 50 cgroups" 50 "$(find "$tasks" -mindepth 1 -maxdepth 1 -type d | wc -l)"
same "the daemon is well" running "$(alice orchctl status --json | jq -r .state)"
alice orchctl stop "${many[@]}" > /dev/null

echo "# where clone3 is forbidden"
mkdir -p /etc/systemd/system/orchd-supervisor.service.d
printf '%s\n' '[Service]' 'RestrictNamespaces=yes' > /etc/systemd/system/orchd-supervisor.service.d/namespaces.conf
systemctl daemon-reload
check "the supervisor starts" systemctl restart orchd-supervisor
eventually "tasks run again" tasks_run
like "each in a cgroup of its own" '/orchd-supervisor.service/tasks/[0-9]+[.]1$' "$(alice orchctl run -- cat /proc/self/cgroup)"
like "and makes no namespaces" 'not permitted' "$(alice orchctl run -- unshare --user true 2>&1)"
finish
