#!/usr/bin/env bash
# spine.sh - runs inside a guest (see run): installs orchd, starts it as a service, and does with it what a user and an
# administrator do. The payload beside this file: tree/, made by `make install DESTDIR=tree`.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
# shellcheck source=Tests/System/vm/service.sh
. ./service.sh

echo "# install"
install_service
useradd --create-home --groups orch carol
useradd --create-home --groups orch,orch-admin dora
useradd --create-home mallory
# as USER ARG... - orchctl as somebody.
as() { runuser -u "$1" -- timeout -k 5 $((10 * slow)) env -C / orchctl "${@:2}"; }
check "the units are valid" systemd-analyze verify --man=no orchd.service orchd.socket orchd-supervisor.service
for unit in orchd:1.0 orchd-supervisor:3.8; do
    check "the exposure of ${unit%:*} is at most ${unit#*:} of 10" bash -c "systemd-analyze security --no-pager \
        --threshold=$(jq -n "${unit#*:} * 10") --offline=yes /usr/lib/systemd/system/${unit%:*}.service | tail -1"
    systemd-analyze security --no-pager --offline=yes "/usr/lib/systemd/system/${unit%:*}.service" | tail -1
done

echo "# start"
started=${EPOCHREALTIME/./}
check "systemctl enable --now orchd" systemctl enable --now orchd
echo "from systemctl to ready: $(((${EPOCHREALTIME/./} - started) / 1000)) ms"
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
if told=$(as mallory status 2>&1); then not_ok "mallory, who is not, may not"; else
    like "mallory, who is not, is told why she may not" 'group orch' "$told"
fi
if alice orchctl status | grep -q 'no cgroups'; then not_ok "there are cgroups"; else ok "there are cgroups"; fi

echo "# a task"
id=$(submit --name hello -- sh -c 'echo hello; id -un; echo oops >&2')
same "submit prints the id" 1 "$id"
check "wait ends when the task succeeded" await "$id"
same "its result is its output" $'hello\norch-worker' "$(alice orchctl result "$id")"
same "logs --stderr is the other output" oops "$(alice orchctl logs --stderr "$id" 2>&1 > /dev/null)"
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

# shellcheck disable=SC2016 # the shell is the task's
worker=$(submit --name counted -- sh -c 'printf result > "$ORCH_RESULT_FILE"; cat /proc/self/cgroup; touch left; sleep 100000')
runs() { running "$worker"; }
eventually "it runs" runs
like "each attempt has its own cgroup" "orchd-supervisor.service/tasks/$worker\\.1\$" "$(alice orchctl logs "$worker")"
counts() { [[ $(systemctl show --property=StatusText --value orchd) = "1 running, 0 queued, 1 succeeded, 3 failed" ]]; }
eventually "systemctl status shows live counts" counts
same "its workspace is its user's" "orch-worker:orch-worker 700" "$(stat -c '%U:%G %a' "/var/lib/orchd-work/default/$worker.1")"
same "which nobody else may look into" "orch-worker:root 770" "$(stat -c '%U:%G %a' /var/lib/orchd-work/default)"

echo "# who may what"
if told=$(as carol stop "$worker" 2>&1); then not_ok "carol may not stop what is alice's"; else
    like "carol may not stop what is alice's" 'alice|owner|may not|permi' "$told"
fi
check "dora, an administrator, may" as dora stop "$worker"
await "$worker" > /dev/null 2>&1
same "it is cancelled" cancelled "$(field "$worker" .state)"
# Some untouched ones are kept for later attempts.
same "a workspace with something in it is kept with its task" "/var/lib/orchd-work/default/$worker.1" \
    "$(find /var/lib/orchd-work/default -mindepth 2 -maxdepth 2 ! -name .orch-results -printf '%h\n' | sort -u)"
# shellcheck disable=SC2016 # the shell is the task's
leaver=$(submit -- sh -c 'cd "$ORCH_RESULT_DIR" && stat -c "%U %a" . > kept && ln -s /etc/shadow shadow')
check "a task finds a directory for files" await "$leaver"
same "which is its user's, and one that it leaves there is kept" "orch-worker 700" "$(alice orchctl files "$leaver" kept)"
like "but a link is not" 'not kept .*: shadow' "$(alice orchctl files "$leaver" 2>&1)"

echo "# a pool with a user and an agent of its own"
useradd --create-home builder
cat > /etc/orchd/agents/scribe.toml << 'EOF'
argv = ["sh", "-c", "cat > \"$ORCH_RESULT_FILE\"; id -un >> \"$ORCH_RESULT_FILE\"; ls -A /var/lib/orchd-work/default; ulimit -n"]
prompt = "stdin"
[output]
source = "file"
EOF
printf '%s\n' 'slots = 1' 'agent = "scribe"' 'user = "builder"' '[rlimits]' 'nofile = 600000' > /etc/orchd/pools.d/builds.toml
check "systemctl reload orchd takes it up" systemctl reload orchd
scribe=$(submit --pool builds "a line")
check "it does a task" await "$scribe"
same "as its user, who leaves the result in a file" $'a linebuilder' "$(alice orchctl result "$scribe")"
like "who cannot look into another pool" 'Permission denied' "$(alice orchctl logs --stderr "$scribe" 2>&1)"
same "with a limit higher than the supervisor's" 600000 "$(alice orchctl logs --stdout "$scribe")"
rm /etc/orchd/pools.d/builds.toml /etc/orchd/agents/scribe.toml

echo "# identities"
spy=$(submit -- sh -c 'cat /var/lib/orchd/* /var/lib/orchd; ls /var/lib/orchd; echo x > /var/lib/orchd/x')
await "$spy" > /dev/null 2>&1
like "a task cannot read the state of the engine" 'Permission denied' "$(alice orchctl logs --stderr "$spy" 2>&1)"
same "nor see what is there" "" "$(alice orchctl logs --stdout "$spy")"
dial=$(submit -- sh -c 'nc -U -N /run/orchd.sock || nc -U -N /run/orchd-supervisor/link.sock || ls /run/orchd-supervisor')
await "$dial" > /dev/null 2>&1
same "a task can use neither socket" failed "$(field "$dial" .state)"
killer=$(submit -- sh -c "kill -0 $(main_pid orchd) || kill -0 $(main_pid orchd-supervisor)")
await "$killer" > /dev/null 2>&1
same "a task cannot signal engine or supervisor" failed "$(field "$killer" .state)"

echo "# journal"
journalctl --sync
story=$(journalctl --output=cat --no-pager TASK_ID="$id")
same "journalctl TASK_ID=$id tells its story" "Task $id was queued in pool \"default\".
Task $id started on worker default/1 as process $(pid_of "$id").
Task $id succeeded." "$story"
like "an entry has the fields of a task" "^$id default/[0-9]+ 1\$" \
    "$(journalctl --output=json --no-pager TASK_ID="$id" | jq -r '"\(.TASK_ID) \(.WORKER // "-") \(.ATTEMPT // "-")"')"
like "journalctl -u orchd does, too" "task $id|Task $id" "$(journalctl --output=cat --no-pager --unit orchd)"
like "the catalog explains it" "orchctl logs $failing" "$(journalctl -x --no-pager TASK_ID="$failing")"
like "the start is there, too" "orchd is ready: version" "$(journalctl --output=cat --no-pager MESSAGE_ID=01df9b01dd7d4210b7681f4a4d41eae8)"

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
