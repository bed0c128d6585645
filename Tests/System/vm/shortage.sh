#!/usr/bin/env bash
# shortage.sh - runs inside a guest (see run): the engine short of memory, the supervisor short of processes, the state directory short
# of inodes and of space. The service goes on or degrades with a clear state, and is well again by itself.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
# shellcheck source=Tests/System/vm/service.sh
. ./service.sh

install_service
# A file system of its own, small enough to be filled.
truncate -s 64M /tmp/state.img
mke2fs -q -t ext4 -N 512 /tmp/state.img
mkdir -p /var/lib/orchd
mount -o loop /tmp/state.img /var/lib/orchd
rmdir /var/lib/orchd/lost+found
check "systemctl enable --now orchd" systemctl enable --now orchd
if ! alice orchctl status > /dev/null; then
    systemctl status --no-pager --full 'orchd*'
    finish
    exit 1
fi
is_running() { running "$task"; }
state_is() { [[ $(alice orchctl status --json | jq -r .state) = "$1" ]]; }
tasks_run() { alice orchctl run -- true; }
eventually "tasks run" tasks_run
engine=$(main_pid orchd) supervisor=$(main_pid orchd-supervisor)
task=$(submit -- sleep 100000)
eventually "a task runs" is_running
pid=$(pid_of "$task")

echo "# no process can be had"
cgroup=/sys/fs/cgroup/system.slice/orchd-supervisor.service
echo $(($(cat $cgroup/pids.current) + 0)) > $cgroup/pids.max
short=$(submit -- sh -c 'exit 5')
waits() { field "$short" '.reason // ""' | grep -qi 'short\|cannot\|resource'; }
eventually "a task that cannot be started waits, and says why" waits
field "$short" '"\(.state) \(.waiting) \(.reason)"'
same "the daemon answers" 0 "$(alice orchctl status > /dev/null; echo $?)"
echo max > $cgroup/pids.max
await "$short" > /dev/null 2>&1
same "it runs when there are processes again" "failed 5 1" \
    "$(field "$short" '"\(.state) \(.attempts[-1].outcome.code) \(.attempt_count)"')"

echo "# no inode is left"
taken=0
while touch "/var/lib/orchd/filler.$taken" 2> /dev/null; do taken=$((taken + 1)); done
echo "$taken inodes taken"
# More than there are empty files that can be used again.
for ((i = 0; i < 24; i++)); do echo '{"command":["sh","-c","echo out; exit 6"]}'; done > /tmp/outputs
chmod 644 /tmp/outputs
mapfile -t blocked < <(submit --batch /tmp/outputs)
same "tasks are accepted" 24 "${#blocked[@]}"
last=${blocked[-1]}
short_of_inodes() { field "$last" '.reason // ""' | grep -qi 'space'; }
eventually "one that finds no file for its output waits, and says why" short_of_inodes
field "$last" '"\(.state) \(.waiting) \(.reason)"'
rm -f /var/lib/orchd/filler.*
await "${blocked[@]}" > /dev/null 2>&1
same "they run when there are inodes again, once" "failed 6 1" "$(for id in "${blocked[@]}"; do
    field "$id" '"\(.state) \(.attempts[-1].outcome.code) \(.attempt_count)"'
done | sort -u)"

echo "# no space is left"
ends=$(submit -- sh -c 'kill -STOP $$; exit 7')
task_was=$task task=$ends
eventually "another task runs" is_running
task=$task_was
dd if=/dev/zero of=/var/lib/orchd/filler bs=64k status=none 2> /dev/null
dd if=/dev/zero of=/var/lib/orchd/filler2 bs=1k status=none 2> /dev/null
head -c 1000000 /dev/zero | tr '\0' x > /tmp/large
if told=$(alice orchctl submit --stdin /tmp/large -- true 2>&1); then not_ok "a large task is refused"; else
    like "a large task is refused, and told why" 'space' "$told"; fi
# Small changes may still find room in the log, so it is for that task alone to be refused; StorageTests has the full degradation.
check "the daemon answers" alice orchctl status
kill -CONT "$(pid_of "$ends")"
rm -f /var/lib/orchd/filler /var/lib/orchd/filler2
await "$ends" > /dev/null 2>&1
same "an exit in the meantime is recorded" 7 "$(field "$ends" '.attempts[-1].outcome.code')"
eventually "the state is well again" state_is running

echo "# the engine is short of memory"
if [[ $(main_pid orchd) = "$engine" ]]; then ok "it is the same engine still"; else
    not_ok "it is the same engine still"
    journalctl --no-pager --unit orchd --output=cat | tail -40
fi
memory=/sys/fs/cgroup/system.slice/orchd.service
echo "the engine uses $(($(cat $memory/memory.current) >> 20)) MiB"
echo $(($(awk '$1 == "anon" { print $2 }' $memory/memory.stat) + (40 << 20))) > $memory/memory.max
echo 0 > $memory/memory.swap.max
# More than it may have at once: it is killed, or refuses; both are survived.
python3 - << 'END' > /tmp/large.jsonl
import json
for i in range(3000):
    print(json.dumps({"command": ["true"], "name": "n%d" % i, "env": {"X": "y" * 8000}}))
END
if alice orchctl submit --batch /tmp/large.jsonl > /dev/null 2> /tmp/refusal; then echo "it was enough"; else cat /tmp/refusal; fi
# Between one engine and the next there is no cgroup.
{ echo max > $memory/memory.max; } 2> /dev/null
answers() { alice orchctl status; }
eventually "an engine answers" answers
grep -s oom_kill $memory/memory.events
same "the task goes on" "running $pid" "$(field "$task" .state) $(pid_of "$task")"
same "the supervisor never went" "$supervisor" "$(main_pid orchd-supervisor)"
next=$(submit --priority 100 -- true)
check "and tasks run" await "$next"
finish
