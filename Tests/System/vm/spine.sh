#!/usr/bin/env bash
# spine.sh - runs inside a guest (see run): installs orchd, starts it as a service, and does with it what a user and an
# administrator do. The payload beside this file: tree/, made by `make install DESTDIR=tree`.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
slow=${TEST_TIMEOUT_FACTOR:-20}
# shellcheck source=Tests/System/vm/checks.sh
. ./checks.sh

# orchctl as a member of group orch.
alice() { runuser -u alice -- timeout -k 5 $((10 * slow)) env -C / "$@"; }
# submit ARG... - print the id of the task; nothing where it was not accepted.
submit() { alice orchctl submit "$@" || true; }
# field ID PATH - a value of `orchctl show --json`.
field() { alice orchctl show --json "$1" | jq -r "$2"; }
# running ID - whether the task runs, and its process too.
running() { [[ $(field "$1" .state) = running ]] && [[ -d /proc/$(pid_of "$1") ]]; }
pid_of() { field "$1" '.attempts[-1].pid // 0'; }
main_pid() { systemctl show --property=MainPID --value "$1"; }
await() { alice orchctl wait "$@"; }

echo "# install"
cp -a tree/. /
systemd-sysusers
systemd-tmpfiles --create /usr/lib/tmpfiles.d/orchd.conf
journalctl --update-catalog
systemctl daemon-reload
useradd --create-home --groups orch alice
useradd --create-home mallory
check "the units are valid" systemd-analyze verify --man=no orchd.service orchd.socket orchd-supervisor.service
for unit in orchd:1.0 orchd-supervisor:4.0; do
    check "the exposure of ${unit%:*} is at most ${unit#*:} of 10" bash -c "systemd-analyze security --no-pager \
        --threshold=$(jq -n "${unit#*:} * 10") --offline=yes /usr/lib/systemd/system/${unit%:*}.service | tail -1"
done

echo "# start"
check "systemctl enable --now orchd" systemctl enable --now orchd
for unit in orchd.service orchd.socket orchd-supervisor.service; do
    same "$unit is active" active "$(systemctl is-active "$unit")"
    same "$unit is enabled" enabled "$(systemctl is-enabled "$unit")"
done
same "the socket belongs to root and orch" "root:orch 660" "$(stat -c '%U:%G %a' /run/orchd.sock)"
same "the engine runs as orchd" orchd "$(stat -c %U "/proc/$(main_pid orchd)")"
like "the status of the unit is a sentence" '[a-z]' "$(systemctl show --property=StatusText --value orchd)"
check "alice, of group orch, may use it" alice orchctl status
if ! alice orchctl status > /dev/null 2>&1; then
    echo "orchd does not run; the rest would say nothing more"
    systemctl status --no-pager --full 'orchd*'
    finish
    exit 1
fi
if runuser -u mallory -- orchctl --socket /run/orchd.sock status > /dev/null 2>&1; then
    not_ok "mallory, who is not, may not"
else ok "mallory, who is not, may not"; fi

echo "# a task"
id=$(submit --name hello -- sh -c 'echo hello; id -un; echo oops >&2')
same "submit prints the id" 1 "$id"
check "wait ends when the task succeeded" await "$id"
same "its result is its output" $'hello\norch-worker' "$(alice orchctl result "$id")"
same "logs --stderr is the other output" oops "$(alice orchctl logs --stderr "$id")"
same "it took one attempt" 1 "$(field "$id" .attempt_count)"
failing=$(submit -- sh -c 'exit 7')
await "$failing" > /dev/null 2>&1
same "wait for a task that fails exits with 1" 1 "$?"
same "its exit status is kept" 7 "$(field "$failing" '.attempts[-1].outcome.code')"
alice orchctl run -- sh -c 'exit 9' > /dev/null 2>&1
same "run exits with the task's exit status" 9 "$?"
missing=$(submit -- no-such-program)
await "$missing" > /dev/null 2>&1
like "a program that is not there is told as a sentence" 'cannot start "no-such-program"' "$(field "$missing" .reason)"
alice orchctl show 999999 > /dev/null 2>&1
same "a task that is not there exits with 4" 4 "$?"

echo "# identities"
spy=$(submit -- sh -c 'cat /var/lib/orchd/* /var/lib/orchd; ls /var/lib/orchd; echo x > /var/lib/orchd/x')
await "$spy" > /dev/null 2>&1
like "a task cannot read the state of the engine" 'Permission denied' "$(alice orchctl logs --stderr "$spy")"
same "nor see what is there" "" "$(alice orchctl logs --stdout "$spy")"
dial=$(submit -- nc -U -N /run/orchd.sock)
await "$dial" > /dev/null 2>&1
same "a task cannot use the socket" failed "$(field "$dial" .state)"
killer=$(submit -- sh -c "kill -0 $(main_pid orchd) || kill -0 $(main_pid orchd-supervisor)")
await "$killer" > /dev/null 2>&1
same "a task cannot signal engine or supervisor" failed "$(field "$killer" .state)"

echo "# journal"
journalctl --sync
story=$(journalctl --output=cat --no-pager TASK_ID="$id")
like "journalctl TASK_ID=$id tells of the task" '[a-z]+ [a-z]+' "$story"
like "an entry has the fields of a task" "^$id default/[0-9]+ 1\$" \
    "$(journalctl --output=json --no-pager TASK_ID="$id" | jq -r '"\(.TASK_ID) \(.WORKER // "-") \(.ATTEMPT // "-")"')"
like "journalctl -u orchd does, too" "task $id|Task $id" "$(journalctl --output=cat --no-pager --unit orchd)"
like "the catalog explains it" "orchctl logs" "$(journalctl -x --no-pager TASK_ID="$failing")"

echo "# the engine goes away, tasks go on"
engine=0 long=0 ends=0
both_run() { running "$long" && running "$ends"; }
another_engine() { [[ $(main_pid orchd) != "$engine" ]] && alice orchctl status; }
for way in "restart orchd" "kill --signal=KILL orchd" "stop orchd.service"; do
    # The second task stops itself until the test lets it end, which is when the engine is away or on its way.
    long=$(submit -- sleep 100000)
    ends=$(submit -- sh -c 'kill -STOP $$; exit 42')
    eventually "$way: both tasks run" both_run
    long_pid=$(pid_of "$long") ends_pid=$(pid_of "$ends") engine=$(main_pid orchd)
    # shellcheck disable=SC2086 # a verb and its arguments
    check "systemctl $way" systemctl $way
    kill -CONT "$ends_pid"
    eventually "$way: a new engine answers" another_engine
    await "$ends" > /dev/null 2>&1
    same "$way: the exit status is kept" 42 "$(field "$ends" '.attempts[-1].outcome.code')"
    same "$way: it ran once" 1 "$(field "$ends" .attempt_count)"
    same "$way: the other task goes on as the same process" "running $long_pid" "$(field "$long" .state) $(pid_of "$long")"
    check "$way: the process is alive" kill -0 "$long_pid"
    alice orchctl stop "$long" > /dev/null
    await "$long" > /dev/null 2>&1
    same "$way: it is cancelled then" cancelled "$(field "$long" .state)"
done

echo "# stop"
# A grandchild with a session of its own, whose parents are gone, and which ignores SIGTERM.
tree=$(submit -- sh -c 'setsid sh -c "trap \"\" TERM; (sleep 77777 &) ; sleep 77777" & sleep 77777')
three_sleep() { [[ $(pgrep -fxc 'sleep 77777') = 3 ]]; }
eventually "three sleepers run" three_sleep
check "stop" alice orchctl stop "$tree"
await "$tree" > /dev/null 2>&1
same "no process of a stopped task is left, double-forked ones included" 0 "$(pgrep -fxc 'sleep 77777')"
same "its cgroup is gone" "" \
    "$(find /sys/fs/cgroup/system.slice/orchd-supervisor.service -mindepth 2 -type d -name "$tree.*" | head -1)"

echo "# reload"
check "systemctl reload orchd with a valid configuration" systemctl reload orchd
printf 'slots = 1\n' > /etc/orchd/pools.d/extra.toml
check "systemctl reload orchd with a new pool" systemctl reload orchd
id=$(submit --pool extra -- true)
check "the new pool runs tasks" await "$id"
printf 'slotz = 1\n' > /etc/orchd/pools.d/extra.toml
if log=$(alice orchctl reload 2>&1); then not_ok "an ordinary user may not reload"; else ok "an ordinary user may not reload"; fi
if log=$(orchctl reload 2>&1); then not_ok "an invalid configuration is refused"; else ok "an invalid configuration is refused"; fi
like "and the reason is told" 'extra.toml.*slotz' "$log"
check "the daemon goes on" alice orchctl status
rm /etc/orchd/pools.d/extra.toml

echo "# the end"
last=$(submit -- sleep 88888)
eventually "a task runs" running "$last"
check "systemctl stop orchd" systemctl stop orchd.socket orchd.service
same "the engine is stopped" inactive "$(systemctl is-active orchd.service)"
same "stopping the engine ends no task" 1 "$(pgrep -fxc 'sleep 88888')"
check "systemctl stop orchd-supervisor" systemctl stop orchd-supervisor
same "stopping the supervisor ends them all" 0 "$(pgrep -fxc 'sleep 88888')"
check "systemctl start orchd again" systemctl start orchd
await "$last" > /dev/null 2>&1
same "the task is known to be lost" lost "$(field "$last" '.attempts[-1].outcome.kind')"
same "everything that was queued is still known" 1 "$(alice orchctl show --json 1 | jq .id)"
same "nothing of ours is failed" "" "$(systemctl list-units --failed --no-legend 'orchd*')"
finish
