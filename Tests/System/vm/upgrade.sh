#!/usr/bin/env bash
# upgrade.sh - runs inside a guest (see run): both programs are replaced under load with no task ended and no client refused, a new
# one that cannot start changes nothing, and a backup is made and put back. ORCHD_TORTURE: a hundred times instead of four.
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
rounds=4
[[ -z ${ORCHD_TORTURE:-} ]] || rounds=100
both() { echo "$(main_pid orchd) $(main_pid orchd-supervisor)"; }
is_running() { running "$task"; }

echo "# under load, $rounds times"
cat > /tmp/clients.py << 'END'
import json, signal, socket
counts = {"answered": 0, "refused": 0, "cut off": 0}
stop, ids = [], []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
number = 0
while not stop:
    number += 1
    request = {"jsonrpc": "2.0", "id": 1, "method": "task.submit", "params":
        {"command": ["sh", "-c", "exit %d" % (number % 5)], "key": "load-%d" % number}}
    # What is cut off is asked again: with its key that makes no second task.
    for attempt in range(50):
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(120)
                client.connect("/run/orchd.sock")
                client.sendall(json.dumps(request).encode() + b"\n")
                line = client.makefile().readline()
            if not line or "error" in json.loads(line):
                counts["cut off"] += 1
                continue
            counts["answered"] += 1
            ids.append("%d:%d" % (json.loads(line)["result"]["id"], number % 5))
            break
        except (ConnectionRefusedError, FileNotFoundError):
            counts["refused"] += 1
            break
        except OSError:
            counts["cut off"] += 1
print(*counts.values())
print(*ids)
END
plain=$(submit -- sleep 100000)
# shellcheck disable=SC2016 # the shell is the task's
daemon=$(submit -- sh -c 'setsid sh -c "trap \"\" TERM; sleep 66666" & sleep 66666')
task=$daemon
eventually "tasks run" is_running
pids="$(pid_of "$plain") $(pid_of "$daemon")"
runuser -u alice -- python3 /tmp/clients.py > /tmp/clients &
clients=$!
supervisor=$(main_pid orchd-supervisor) slowest=0 bad=0
for ((round = 1; round <= rounds; round++)); do
    engine=$(main_pid orchd)
    if ((round % 2)); then
        report=$(orchctl upgrade --json 2> /tmp/error) || { bad=$((bad + 1)); cat /tmp/error; }
        pause=$(jq '.pause * 1000 | floor' <<< "$report")
        jq -e '.engine.replaced and .supervisor.replaced and .lost == [] and .problems == []' <<< "$report" > /dev/null || {
            bad=$((bad + 1)); echo "$report"; }
        if ((pause > slowest)); then slowest=$pause; fi
    else
        systemctl reload orchd-supervisor && systemctl restart orchd || bad=$((bad + 1))
    fi
    [[ $(main_pid orchd) != "$engine" && $(main_pid orchd-supervisor) = "$supervisor" ]] || bad=$((bad + 1))
done
same "$rounds upgrades of both" 0 "$bad"
echo "clients waited for $slowest ms at the most, in an emulated guest"
kill "$clients"
wait "$clients"
{ read -r answered refused cut_off; read -r ids; } < /tmp/clients
echo "clients: $answered answered, $refused refused, $cut_off cut off and asked again"
same "no client was refused" 0 "$refused"
if ((answered > rounds)); then ok "clients were answered"; else not_ok "clients were answered"; fi
same "tasks of all kinds go on" "$pids" "$(pid_of "$plain") $(pid_of "$daemon")"
same "the double-forked one, too" 2 "$(pgrep -fxc 'sleep 66666')"
cat > /tmp/ends.py << 'END'
import json, socket, sys
wanted = dict(map(int, pair.split(":")) for pair in sys.argv[1:])
with socket.socket(socket.AF_UNIX) as client:
    client.settimeout(600)
    client.connect("/run/orchd.sock")
    request = {"jsonrpc": "2.0", "id": 1, "method": "task.wait", "params": {"ids": list(wanted)}}
    client.sendall(json.dumps(request).encode() + b"\n")
    result = next(line for line in map(json.loads, client.makefile()) if "method" not in line)["result"]
wrong = [task for task in result["tasks"] if task["attempt_count"] != 1
    or task["attempts"][-1]["outcome"] != {"kind": "exited", "code": wanted[task["id"]]}]
print(len(wrong), *wrong)
END
# shellcheck disable=SC2086 # one argument for each
wrong=$(runuser -u alice -- python3 /tmp/ends.py $ids)
same "each accepted task ran once, and its exit is known" 0 "$wrong"
like "the status tells of both programs" '^[0-9.]+ [0-9.]+$' "$(orchctl status --json | jq -r '"\(.version) \(.supervisor.version)"')"

echo "# a new version that cannot run"
before=$(both)
cp -a /usr/bin/orchd-supervisor /tmp/orchd-supervisor.good
printf '#!/bin/sh\necho this is broken >&2\nexit 1\n' > /usr/bin/orchd-supervisor.new
chmod 755 /usr/bin/orchd-supervisor.new
mv /usr/bin/orchd-supervisor.new /usr/bin/orchd-supervisor
if systemctl reload orchd-supervisor 2> /dev/null; then not_ok "a supervisor that cannot run fails the reload"; else
    ok "a supervisor that cannot run fails the reload"; fi
if told=$(orchctl upgrade 2>&1); then not_ok "and the upgrade"; else ok "and the upgrade"; fi
like "which says so" 'reload orchd-supervisor.service failed' "$told"
same "both run as before" "$before" "$(both)"
mv /tmp/orchd-supervisor.good /usr/bin/orchd-supervisor

cp -a /etc/orchd/orchd.toml /tmp/orchd.toml
echo 'slotz = 3' > /etc/orchd/pools.d/bad.toml
if systemctl restart orchd 2> /dev/null; then not_ok "an engine that cannot start fails the restart"; else
    ok "an engine that cannot start fails the restart"; fi
rm /etc/orchd/pools.d/bad.toml
like "its reason is in systemctl status" 'Status: "Cannot start: .*slotz' "$(systemctl status --no-pager --full orchd)"
echo 'slotz = 3' > /etc/orchd/pools.d/bad.toml
systemctl stop orchd.socket
told=$(orchctl doctor 2>&1)
like "and the doctor tells it" 'fail  service +orchd.service does not run: .*slotz' "$told"
like "with what the configuration says" 'fail  configuration .*bad.toml:1' "$told"
like "and that the queue is sound" 'ok    queue .*queue.db is undamaged' "$told"
same "the tasks run on" "$pids" "$(pgrep -fx 'sleep 100000') $(pgrep -f '^sh -c setsid sh' | head -1)"
same "with the same supervisor" "$supervisor" "$(main_pid orchd-supervisor)"
rm /etc/orchd/pools.d/bad.toml
check "when it is mended it starts" systemctl start orchd
check "and answers" alice orchctl status
same "the tasks go on" "$pids" "$(pid_of "$plain") $(pid_of "$daemon")"

echo "# a backup"
check "orchctl backup" orchctl backup /root/queue.db
same "is its caller's alone" "root:root 600" "$(stat -c '%U:%G %a' /root/queue.db)"
if alice orchctl backup /tmp/alice.db 2> /dev/null; then not_ok "an ordinary user may not"; else ok "an ordinary user may not"; fi
if [[ -e /tmp/alice.db ]]; then not_ok "and gets no file"; else ok "and gets no file"; fi
later=$(submit -- true)
await "$later" > /dev/null
if orchd restore /root/queue.db 2> /dev/null; then not_ok "no restore under a running engine"; else ok "no restore under a running engine"; fi
systemctl stop orchd.socket orchd
check "orchd restore" orchd restore /root/queue.db
same "leaves everything to the engine's user" "orchd" "$(stat -c %U /var/lib/orchd/* | sort -u)"
check "the engine starts with it" systemctl start orchd
same "what came since is gone" 4 "$(alice orchctl show "$later" > /dev/null 2>&1; echo $?)"
same "what ran then runs on" "$pids" "$(pid_of "$plain") $(pid_of "$daemon")"
next=$(submit -- true)
same "no id is used again" "$((later + 1))" "$next"
check "and tasks run" await "$next"
like "the events tell of it" daemon.restored "$(orchctl events)"
finish
