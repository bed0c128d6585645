#!/usr/bin/env bash
# faults.sh - runs inside a guest (see run): what the service has to withstand under systemd. Restarts under load, an engine
# that hangs, a supervisor that is upgraded, killed or gone with the machine, a database and a configuration that are refused.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
# shellcheck source=Tests/System/vm/service.sh
. ./service.sh

install_service
check "systemctl enable --now orchd" systemctl enable --now orchd
if ! alice orchctl status > /dev/null; then
    systemctl status --no-pager --full 'orchd*'
    finish
    exit 1
fi
engine=$(main_pid orchd) supervisor=$(main_pid orchd-supervisor)
another_engine() { [[ $(main_pid orchd) != "$engine" ]] && alice orchctl status; }
another_supervisor() { [[ $(main_pid orchd-supervisor) != "$supervisor" ]] && alice orchctl run -- true; }
is_running() { running "$task"; }

echo "# a restart under clients"
# Connects and asks, again and again until it is told to end; prints how many times it was answered, refused, and cut off.
cat > /tmp/clients.py << 'EOF'
import signal, socket, sys
counts = {"answered": 0, "refused": 0, "cut off": 0}
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
while not stop:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(60)
            client.connect("/run/orchd.sock")
            client.sendall(b'{"jsonrpc":"2.0","id":1,"method":"daemon.version"}\n')
            counts["answered" if client.recv(4096) else "cut off"] += 1
    except (ConnectionRefusedError, FileNotFoundError):
        counts["refused"] += 1
    except OSError:
        counts["cut off"] += 1
print(*counts.values())
EOF
task=$(submit -- sleep 100000)
eventually "a task runs" is_running
pid=$(pid_of "$task")
python3 /tmp/clients.py > /tmp/clients &
clients=$!
began=${EPOCHREALTIME/./}
check "systemctl restart orchd" systemctl restart orchd
echo "a restart until ready: $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
check "systemctl restart orchd again" systemctl restart orchd
kill "$clients"
wait "$clients"
read -r answered refused cut_off < /tmp/clients
echo "clients: $answered answered, $refused refused, $cut_off cut off"
same "no client was refused" 0 "$refused"
if ((answered > 0)); then ok "clients were answered"; else not_ok "clients were answered"; fi
same "the task goes on" "running $pid" "$(field "$task" .state) $(pid_of "$task")"

echo "# an engine that hangs"
engine=$(main_pid orchd)
kill -STOP "$engine"
began=$SECONDS
until [[ $(main_pid orchd) != "$engine" ]] || ((SECONDS - began > 120)); do sleep 0.5; done
echo "noticed after $((SECONDS - began)) s"
eventually "the watchdog starts another" another_engine
like "systemd says why" 'atchdog' "$(journalctl --no-pager --unit orchd --output=cat)"
same "the task goes on" "running $pid" "$(field "$task" .state) $(pid_of "$task")"

echo "# a new version of the supervisor"
supervisor=$(main_pid orchd-supervisor)
short=$(submit -- sh -c 'kill -STOP $$; exit 43')
task_was=$task task=$short
eventually "another task runs" is_running
task=$task_was
check "it executes its program anew" systemctl reload orchd-supervisor
kill -CONT "$(pid_of "$short")"
await "$short" > /dev/null 2>&1
same "an exit afterwards is recorded" 43 "$(field "$short" '.attempts[-1].outcome.code')"
same "it is the same process" "$supervisor active" "$(main_pid orchd-supervisor) $(systemctl is-active orchd-supervisor)"
same "the task goes on" "running $pid" "$(field "$task" .state) $(pid_of "$task")"
check "new tasks run" alice orchctl run -- true
printf 'user = "nobody-knows"\n' > /etc/orchd/pools.d/bad.toml
if systemctl reload orchd-supervisor 2> /dev/null; then not_ok "a bad policy fails the reload"; else ok "a bad policy fails the reload"; fi
rm /etc/orchd/pools.d/bad.toml
check "and changes nothing" alice orchctl run -- true
same "it is the same process still" "$supervisor active" "$(main_pid orchd-supervisor) $(systemctl is-active orchd-supervisor)"

echo "# the supervisor is killed"
engine=$(main_pid orchd)
check "kill -9" systemctl kill --kill-whom=main --signal=KILL orchd-supervisor
eventually "another one starts tasks" another_supervisor
await "$task" > /dev/null 2>&1
same "the task is lost, and known to be" "failed lost" "$(field "$task" '"\(.state) \(.attempts[-1].outcome.kind)"')"
if [[ -d /proc/$pid ]]; then not_ok "its process is dead"; else ok "its process is dead"; fi
same "the engine did not notice more than that" "$engine" "$(main_pid orchd)"

echo "# the machine goes down"
# Nothing of /run survives a boot, nor does any process; and the boot has another id.
# shellcheck disable=SC2016 # the shell is the task's
task=$(submit --retries 1 --retry-on lost --retry-delay 1s -- sh -c 'test "$ORCH_ATTEMPT" != 1 || sleep 100000')
eventually "a task runs" is_running
queued=$(submit --hold -- true)
systemctl kill --kill-whom=all --signal=KILL orchd-supervisor orchd
systemctl stop orchd.socket orchd.service orchd-supervisor.service
rm -rf /run/orchd-supervisor
cat /proc/sys/kernel/random/uuid > /tmp/boot_id
mount --bind /tmp/boot_id /proc/sys/kernel/random/boot_id
check "systemctl start orchd" systemctl start orchd
check "the task, tried again when lost, succeeds" await "$task"
same "at its second attempt" "lost exited" "$(field "$task" '[.attempts[].outcome.kind] | join(" ")')"
same "what was held is held" queued "$(field "$queued" .state)"
umount /proc/sys/kernel/random/boot_id

echo "# state and configuration that are refused"
systemctl stop orchd.socket orchd.service
cp -a /var/lib/orchd/queue.db /tmp/queue.db
printf 'this is not a database, and it has to stay as it is' | dd of=/var/lib/orchd/queue.db conv=notrunc status=none
damaged=$(sha256sum < /var/lib/orchd/queue.db)
if systemctl start orchd 2> /dev/null; then not_ok "a damaged database stops the start"; else ok "a damaged database stops the start"; fi
same "with exit status 78, and no other try" "78 failed 0" \
    "$(systemctl show --property=ExecMainStatus --value orchd) $(systemctl is-active orchd) $(systemctl show --property=NRestarts --value orchd)"
like "the journal names it" 'queue.db is damaged' "$(journalctl --no-pager --unit orchd --output=cat)"
same "it is left as it is" "$damaged" "$(sha256sum < /var/lib/orchd/queue.db)"
cp -a /tmp/queue.db /var/lib/orchd/queue.db
systemctl stop orchd.socket
systemctl reset-failed orchd.service orchd.socket 2> /dev/null
echo 'slotz = 3' > /etc/orchd/pools.d/bad.toml
if systemctl start orchd 2> /dev/null; then not_ok "an invalid configuration stops the start"; else ok "an invalid configuration stops the start"; fi
same "with exit status 78" 78 "$(systemctl show --property=ExecMainStatus --value orchd)"
like "the journal names the file, the line and the nearest key" 'bad.toml:1: unknown key "slotz"; did you mean "slots"' \
    "$(journalctl --no-pager --unit orchd --output=cat)"
rm /etc/orchd/pools.d/bad.toml
systemctl stop orchd.socket
systemctl reset-failed orchd.service orchd.socket 2> /dev/null
check "when both are right again it starts" systemctl start orchd
same "with all that it knew" queued "$(field "$queued" .state)"

echo "# a clock that is set back"
# What waits for a retry waits for a time that has passed, not for a time of day: an hour must not become two.
stepped=$(submit --retries 1 --retry-delay 20s -- false)
again() { [[ $(field "$stepped" .waiting) = delayed ]]; }
eventually "a task waits for its retry" again
ticking=$(submit --timeout 40s -- sleep 99999)
eventually "another runs towards its timeout" running "$ticking"
check "the clock goes back by an hour" date --set="-1 hour"
check "the daemon answers" alice orchctl status
await "$stepped" > /dev/null 2>&1
same "the retry comes when it was due" 2 "$(field "$stepped" .attempt_count)"
await "$ticking" > /dev/null 2>&1
same "the timeout, too" run_timeout "$(field "$ticking" '.attempts[-1].outcome.kind')"
like "the journal tells of it" 'The clock was set|the clock was set' "$(journalctl --no-pager --unit orchd --output=cat)"
check "the clock goes forward again" date --set="+1 hour"
same "and tasks run" 0 "$(alice orchctl run -- true > /dev/null 2>&1; echo $?)"
finish
