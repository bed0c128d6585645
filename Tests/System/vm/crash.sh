#!/usr/bin/env bash
# crash.sh - runs inside a guest (see run): what must not be lost, run twice or be left behind when under systemd the engine or
# the supervisor is killed or stopped, or a task does not want to end. ROUNDS and KILLS say how often.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
# shellcheck source=Tests/System/vm/service.sh
. ./service.sh
rounds=${ROUNDS:-2} kills=${KILLS:-10} tasks=60
tree=/sys/fs/cgroup/system.slice/orchd-supervisor.service/tasks

install_service
printf 'slots = 4\ngrace = "1s"\n' > /etc/orchd/pools.d/default.toml
check "systemctl enable --now orchd" systemctl enable --now orchd
install -d -m 1777 /srv/runs

# processes ID - those of a task, which are in its cgroup, wherever their parents are.
processes() { find "$tree/$1.1" -name cgroup.procs -exec cat {} + 2> /dev/null | sort -n; }
# gone NAME PID... - no process may be there.
gone() {
    local name=$1 left=''
    shift
    for pid in "$@"; do [[ ! -d /proc/$pid ]] || left+=" $pid"; done
    same "$name" "" "$left"
}
has_processes() { [[ $(processes "$1" | wc -l) -ge $2 ]]; }
state() { field "$1" '"\(.state) \([.attempts[].outcome.kind] | join(" "))"'; }

echo "# the engine is killed, again and again"
for ((i = 1; i <= tasks; i++)); do printf '{"command":["sh","-c","echo %d >> /srv/runs/lines; exit %d"]}\n' "$i" $((i % 3)); done > /tmp/batch
chmod 644 /tmp/batch
submit --batch /tmp/batch > /tmp/ids
same "$tasks tasks are taken" "$tasks" "$(wc -l < /tmp/ids)"
another_engine() { [[ $(main_pid orchd) != 0 && $(main_pid orchd) != "$engine" ]]; }
for ((i = 1; i <= kills; i++)); do
    engine=$(main_pid orchd)
    # At any moment of the start of the one, and of the work of the other.
    sleep "$((RANDOM % 3)).$((RANDOM % 10))"
    kill -KILL "$engine"
    eventually "kill $i: systemd starts another" another_engine
done
mapfile -t ids < /tmp/ids
# One question for all: each process takes its time here.
counts() { alice orchctl status --json | jq -r '.counts | "\(.queued + .running) \(.succeeded) \(.failed)"'; }
all_ended() { [[ $(counts) = "0 $((tasks / 3)) $((tasks - tasks / 3))" ]]; }
for ((i = 0; i < 10; i++)); do await "${ids[@]}" > /dev/null 2>&1; ! all_ended || break; done
check "all of them end as they should" all_ended
same "each ran once" "$(seq "$tasks")" "$(sort -n /srv/runs/lines)"
same "at its first attempt, and its exit status is right" "$(for ((i = 1; i <= tasks; i++)); do echo "1 $((i % 3))"; done)" \
    "$(alice orchctl list --json --limit "$tasks" |
        jq -r '.tasks[] | "\(.id) \(.attempt_count) \(.attempts[-1].outcome.code)"' | sort -n | cut -d' ' -f2-)"

echo "# the engine is stopped, and continued when another is there"
engine=$(main_pid orchd)
kill -STOP "$engine"
submit -- sh -c 'echo waited >> /srv/runs/waited' > /tmp/waited &
replaced() { another_engine && [[ $(systemctl is-active orchd) = active ]]; }
began=$SECONDS
until replaced || ((SECONDS - began > 150)); do
    # Some of the time before systemd has decided: it may go on, and then stop again.
    ((RANDOM % 20)) || { kill -CONT "$engine"; kill -STOP "$engine"; } 2> /dev/null
    sleep 0.5
done
kill -CONT "$engine" 2> /dev/null
check "another one has taken over" replaced
gone "the old one is no more" "$engine"
wait
await "$(cat /tmp/waited)" > /dev/null 2>&1
same "a client that had waited is served, once" waited "$(cat /srv/runs/waited)"

echo "# the supervisor is killed"
# shellcheck disable=SC2016 # the shells are the tasks'
for ((round = 1; round <= rounds; round++)); do
    lost=$(submit -- sh -c 'setsid -f sleep 100000; (env -i sleep 100000 &) ; setsid -f sh -c "kill -STOP \$\$; sleep 100000"
        trap "" TERM HUP; sleep 100000')
    again=$(submit --retries 1 --retry-on lost --retry-delay 0s -- sh -c 'test "$ORCH_ATTEMPT" != 1 || sleep 100000')
    held=$(submit --hold -- true)
    eventually "round $round: a tree of four" has_processes "$lost" 4
    eventually "and another" has_processes "$again" 1
    mapfile -t pids < <(processes "$lost"; processes "$again")
    supervisor=$(main_pid orchd-supervisor) engine=$(main_pid orchd)
    # Not by systemctl, which is slow here: nothing is to be restarted before it is dead.
    kill -KILL "$supervisor"
    await "$lost" "$again" > /dev/null 2>&1
    same "its task is lost" "failed lost" "$(state "$lost")"
    same "one to be retried when lost is retried" "succeeded lost exited" "$(state "$again")"
    same "what is queued is untouched" "queued " "$(state "$held")"
    gone "nothing of the old tree is left" "$supervisor" "${pids[@]}"
    same "the engine goes on" "$engine" "$(main_pid orchd)"
done

echo "# a task that does not want to end"
printf 'slots = 4\ngrace = "1s"\n[rlimits]\nnproc = 150\n' > /etc/orchd/pools.d/default.toml
check "a limit of processes" systemctl reload orchd
# shellcheck disable=SC2016 # the shells are the tasks'
for ((round = 1; round <= rounds; round++)); do
    for ending in exit stop timeout; do
        wait_escapee='exec sleep 100000' wait_bomb=$wait_escapee limit=() gate=/srv/runs/gate.$round
        # They end when they are told to, and need no process for it: there may be none left to be had.
        if [[ $ending = exit ]]; then
            mkfifo -m 644 "$gate.escapee" "$gate.bomb"
            wait_escapee="read -r line < $gate.escapee; exit 3" wait_bomb="read -r line < $gate.bomb; exit 3"
        fi
        [[ $ending != timeout ]] || limit=(--timeout 60s)
        escapee=$(submit "${limit[@]}" -- sh -c 'setsid -f sleep 100000; (env -i setsid -f sleep 100000 &)
            setsid -f sh -c "kill -STOP \$\$; sleep 100000"; (trap "" TERM HUP INT; sleep 100000) & '"$wait_escapee")
        eventually "round $round, $ending: processes that escape" has_processes "$escapee" 5
        # Not before: they are of one user, and it takes all that there are.
        bomb=$(submit "${limit[@]}" -- sh -c 'bomb() { trap "" TERM; while :; do bomb & done; }; bomb & '"$wait_bomb")
        eventually "and a bomb" has_processes "$bomb" 20
        mapfile -t pids < <(processes "$escapee")
        [[ $ending != exit ]] || { echo go > "$gate.escapee"; echo go > "$gate.bomb"; }
        [[ $ending != stop ]] || check "stop" alice orchctl stop "$escapee" "$bomb"
        await "$escapee" "$bomb" > /dev/null 2>&1
        gone "nothing of the one is left" "${pids[@]}"
        same "nor of the other" "" "$(processes "$bomb")"
        if [[ -d $tree/$bomb.1 ]]; then not_ok "its cgroup is removed"; else ok "its cgroup is removed"; fi
        like "and how it ended is known" '^(failed (exited|run_timeout)|cancelled cancelled)$' "$(state "$bomb")"
    done
done
check "tasks run" alice orchctl run -- true
finish
