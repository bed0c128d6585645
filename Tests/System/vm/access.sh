#!/usr/bin/env bash
# access.sh - runs inside a guest (see run): who may do what. Users and groups before pools, refusals in the journal, a task before what
# is not its own, and an engine that somebody else has taken over before the supervisor.
# shellcheck disable=SC2016 # the shells are the tasks'
set -uo pipefail
cd "$(dirname "$0")" || exit 1
# shellcheck source=Tests/System/vm/service.sh
. ./service.sh

install_service
useradd --create-home --groups orch bob
groupadd devs
useradd --create-home --groups orch,devs carol
groupadd --force orch-admin
useradd --create-home --groups orch,orch-admin dave
useradd --create-home mallory
as() { runuser -u "$1" -- timeout -k 5 $((10 * slow)) env -C / orchctl "${@:2}"; }
uid() { id -u "$1"; }
for pool in closed tools secret missing walled; do useradd --system "pool-$pool"; done
cat > /etc/orchd/pools.d/closed.toml << 'END'
slots = 2
user = "pool-closed"
allow = ["alice", "@devs"]
END
cat > /etc/orchd/pools.d/tools.toml << 'END'
slots = 2
user = "pool-tools"
programs = ["/usr/bin/id", "/usr/bin/sleep"]
[maximum]
memory = "64M"
END
check "systemctl enable --now orchd" systemctl enable --now orchd
tasks_run() { alice orchctl run -- true; }
eventually "tasks run" tasks_run

echo "# who may use a pool"
check "somebody whom it names" as alice run --pool closed -- true
check "a member of a group that it names" as carol run --pool closed -- true
check "an administrator" as dave run --pool closed -- true
check "root" orchctl run --pool closed -- true
told=$(as bob submit --pool closed -- true 2>&1)
same "somebody else is refused" 5 "$?"
like "and told for whom it is" "the pool \"closed\" is for alice, @devs and administrators, not for uid $(uid bob)" "$told"
like "who is in no group at all does not get that far" 'you are not allowed to use /run/orchd.sock' "$(as mallory status 2>&1)"

echo "# what the programs of a pool find"
like "no variable of a task says what a program does" 'env_allow of the pool' \
    "$(as alice run --pool tools -e LD_PRELOAD=/tmp/x.so -- id 2>&1)"
like "nor where it looks for others" 'env_allow of the pool' "$(as alice run --pool tools -e PATH=/tmp -- id 2>&1)"
like "nor does a directory" 'directories of the pool' "$(as alice run --pool tools --cwd /tmp -- id 2>&1)"
like "it runs without" 'pool-tools' "$(as alice run --pool tools -- id 2>&1)"

echo "# a promise that another pool of the same user breaks"
printf '%s\n' 'slots = 1' 'allow = ["alice"]' > /etc/orchd/pools.d/lax.toml
told=$(orchd check 2>&1)
same "is refused" 78 "$?"
like "with what to do" 'give the pool "lax" a user of its own: orchctl pool user lax' "$told"
orchd policy > /dev/null 2>&1
same "so it is by the policy" 78 "$?"
like "only root makes a user" 'only root can make a user' "$(as alice pool user lax 2>&1)"
check "the command makes it" orchctl pool user lax
same "and names it in the file" 'user = "orch-pool-lax"' "$(head -1 /etc/orchd/pools.d/lax.toml)"
check "a second time changes nothing" orchctl pool user lax
same "there is one line" 1 "$(grep -c user /etc/orchd/pools.d/lax.toml)"
check "then the configuration is valid" orchd check
check "and in force" systemctl reload orchd
like "the tasks run as it" 'orch-pool-lax' "$(as alice run --pool lax -- id 2>&1)"
rm /etc/orchd/pools.d/lax.toml
check "without it, too" systemctl reload orchd

echo "# who may do what with a task"
id=$(as alice submit -- sleep 1000000)
is_running() { running "$id"; }
eventually "a task of alice runs" is_running
same "bob sees it" running "$(as bob show --json "$id" | jq -r .state)"
for verb in stop pause; do
    as bob "$verb" "$id" > /dev/null 2>&1
    same "bob may not $verb it" 5 "$?"
done
same "it runs on" running "$(field "$id" .state)"
as bob pool pause default > /dev/null 2>&1
same "nor pause a pool" 5 "$?"
check "an administrator may pause it" as dave pause "$id"
check "alice lets it go on" as alice resume "$id"
check "an administrator may stop it" as dave stop "$id"

echo "# tasks that run as whoever has submitted them"
cat > /etc/orchd/pools.d/own.toml << 'END'
user = "submitter"
slots = 2
END
check "systemctl reload orchd-supervisor compiles the policy" systemctl reload orchd-supervisor
check "systemctl reload orchd takes the pool up" systemctl reload orchd
eventually "tasks run" tasks_run
same "a task of alice runs as alice, in alice's groups" "alice orch alice /home/alice" \
    "$(as alice run --pool own -- sh -c 'echo "$(id -un) $(id -Gn | tr " " "\n" | sort -r | tr "\n" " ")$HOME"')"
same "one of bob as bob" "bob" "$(as bob run --pool own -- id -un)"
own=$(as alice submit --pool own -- sh -c 'echo mine > mine; echo result > "$ORCH_RESULT_FILE"; echo file > "$ORCH_RESULT_DIR/file"; id -u; exec sleep 1000000')
own_runs() { running "$own" && [[ -e /var/lib/orchd-work/own.$(uid alice)/$own.1/mine ]]; }
eventually "while it runs" own_runs
place=/var/lib/orchd-work/own.$(uid alice)/$own.1
same "its workspace is alice's" "alice 700" "$(stat -c '%U %a' "$place")"
like "which a task of bob cannot enter" 'Permission denied' "$(as bob run --pool own -- cat "$place/mine" 2>&1)"
like "nor signal it" 'not permitted' "$(as bob run --pool own -- kill "$(pgrep --full --uid alice 'sleep 1000000')" 2>&1)"
check "bob's tasks do not hold alice's up" as bob run --pool own -- true
as alice stop "$own" > /dev/null
await "$own" > /dev/null 2>&1
same "alice has its result" "result" "$(as alice result "$own" 2> /dev/null)"
same "and its file" "file" "$(as alice files "$own" --json | jq -r '.files[].name')"
journalctl --sync
same "the journal tells whom it ran as" "$(uid alice)" \
    "$(journalctl --output=json --no-pager TASK_ID="$own" | jq -r '.TASK_UID // empty' | sort -u)"
same "and of tasks of other pools likewise" "$(uid orch-worker)" \
    "$(journalctl --output=json --no-pager POOL=default | jq -r '.TASK_UID // empty' | sort -u)"
told=$(orchctl submit --pool own -- true 2>&1)
same "root is refused" 2 "$?"
like "and told why" 'runs each task as its submitter, but never as root' "$told"
useradd --create-home --groups orch erin
late=$(as erin submit --pool own -- id -un)
await "$late" > /dev/null 2>&1
like "somebody new is not known to the policy" 'its policy does not run tasks of this submitter.*reload orchd-supervisor' "$(field "$late" .reason)"
check "until the next reload" systemctl reload orchd-supervisor
same "and then is" "erin" "$(as erin run --pool own -- id -un)"

echo "# in the journal"
journalctl --sync
refusals=$(journalctl --output=cat --no-pager REQUESTER_UID="$(uid bob)")
like "bob was refused the pool" "^uid $(uid bob) was refused task.submit: the pool \"closed\" is for" "$refusals"
like "and the task of alice" "^uid $(uid bob) was refused task.cancel: task $id belongs to uid $(uid alice)" "$refusals"
same "each with the method" "pool.pause task.cancel task.pause task.submit" \
    "$(journalctl --output=json --no-pager REQUESTER_UID="$(uid bob)" | jq -r .METHOD | sort -u | tr '\n' ' ' | sed 's/ $//')"
like "the catalog explains it" 'Somebody has asked orchd for something without the permission' \
    "$(journalctl --catalog --no-pager REQUESTER_UID="$(uid bob)")"
for ((i = 0; i < 30; i++)); do as bob hold "$id" > /dev/null 2>&1; done
journalctl --sync
count=$(journalctl --output=cat --no-pager REQUESTER_UID="$(uid bob)" | grep -c 'task.hold')
if ((count >= 1 && count <= 20)); then ok "who tries again and again does not fill it"; else not_ok "30 refusals made $count entries"; fi
like "entries about a task say whose it is" "^Task $id was queued" \
    "$(journalctl --output=cat --no-pager SUBMITTER_UID="$(uid alice)")"
story=$(orchctl logs --journal "$id")
like "orchctl logs --journal tells its story" "Task $id started on worker" "$story"
like "to its end" "Task $id was cancelled" "$story"

echo "# output in the journal"
printf '%s\n' 'output = "journal"' > /etc/orchd/pools.d/told.toml
printf '%s\n' 'output = "both"' > /etc/orchd/pools.d/both.toml
check "systemctl reload orchd takes it up" systemctl reload orchd
told=$(as alice submit --pool told -- sh -c 'echo to the journal; echo "<3>a bad line"; echo aside >&2')
await "$told" > /dev/null 2>&1
same "nothing of it is in files" "" "$(as alice logs "$told" 2> /dev/null)"
lines() { journalctl --sync; journalctl --output=cat --no-pager SYSLOG_IDENTIFIER="orch-task-$1"; }
same "but in the journal, under its own identifier" "a bad line
aside
to the journal" "$(lines "$told" | sort)"
same "a prefix gives a line its priority" "a bad line" "$(journalctl --output=cat --no-pager --priority=3 SYSLOG_IDENTIFIER="orch-task-$told")"
same "the lines are of the task's user" "$(id -u orch-worker)" \
    "$(journalctl --output=json --no-pager SYSLOG_IDENTIFIER="orch-task-$told" | jq -r ._UID | sort -u)"
runuser -u bob -- systemd-cat -t "orch-task-$told" echo forged
journalctl --sync
story=$(orchctl logs --journal "$told")
like "orchctl logs --journal shows them" 'to the journal' "$story"
same "and nobody else's under the same name" "" "$(grep forged <<< "$story")"
like "with what happened" "Task $told succeeded" "$story"
# The journal knows the unit of a line only while the process that wrote it is there.
brief=$(as alice submit --pool told -- sh -c 'for i in $(seq 30); do /bin/echo "brief $i" & done; wait')
await "$brief" > /dev/null 2>&1
journalctl --sync
same "nor does it miss what is gone as soon as it has written" 30 "$(orchctl logs --journal "$brief" | grep -c 'brief [0-9]')"
both=$(as alice submit --pool both -- sh -c 'echo here and there; printf unfinished')
await "$both" > /dev/null 2>&1
same "both: in files" "here and there
unfinished" "$(as alice logs "$both")"
is_copied() { lines "$both" | grep -q unfinished; }
eventually "and in the journal" is_copied
like "with the fields of the task" 'here and there' \
    "$(journalctl --output=cat --no-pager TASK_ID="$both" ATTEMPT=1 POOL=both SYSLOG_IDENTIFIER="orch-task-$both")"

echo "# secrets"
printf 'a key\n' | install -m 600 /dev/stdin /etc/orchd/secrets/openai
printf 'by drop-in' | install -m 600 /dev/stdin /root/token
mkdir -p /etc/systemd/system/orchd-supervisor.service.d
printf '%s\n' '[Service]' 'LoadCredential=token:/root/token' > /etc/systemd/system/orchd-supervisor.service.d/token.conf
cat > /etc/orchd/pools.d/secret.toml << 'END'
user = "pool-secret"
credentials = ["openai", "token"]
credential_env = { OPENAI_API_KEY = "openai" }
END
printf '%s\n' 'user = "pool-missing"' 'credentials = ["missing"]' > /etc/orchd/pools.d/missing.toml
systemctl daemon-reload
check "they are loaded at a start of the supervisor" systemctl restart orchd-supervisor orchd
eventually "tasks run again" tasks_run
same "a task finds them in files and in its environment" "a key
by drop-in a key pool-secret 400" \
    "$(alice orchctl run --pool secret -- sh -c 'cd "$ORCH_CREDENTIALS_DIR" && cat openai token && echo " $OPENAI_API_KEY $(stat -c "%U %a" token)"')"
same "and is the only one" "" "$(alice orchctl run -- sh -c 'echo "$OPENAI_API_KEY$ORCH_CREDENTIALS_DIR"')"
keeper=$(submit --pool secret -- sleep 1000000)
keeper_runs() { running "$keeper"; }
eventually "while it runs" keeper_runs
held=/run/orchd-supervisor/credentials/$keeper.1
same "they are in memory" "tmpfs" "$(stat -f -c %T "$held" 2> /dev/null)"
like "another user cannot read them" 'Permission denied' "$(runuser -u bob -- cat "$held/openai" 2>&1)"
like "nor can the engine" 'Permission denied' "$(runuser -u orchd -- cat "$held/openai" 2>&1)"
like "nor a task what systemd has loaded" 'Permission denied' \
    "$(alice orchctl run -- sh -c 'cat /run/credentials/orchd-supervisor.service/orchd_openai' 2>&1)"
check "they outlive a reload of the supervisor" systemctl reload orchd-supervisor
check "as long as the task" test -e "$held/openai"
alice orchctl stop "$keeper" > /dev/null
await "$keeper" > /dev/null 2>&1
check "and no longer" test ! -e "$held"
lacking=$(submit --pool missing -- true)
await "$lacking" > /dev/null 2>&1
like "one that is not loaded fails the task, and says so" 'a credential of the pool is not loaded.*orchctl secret' "$(field "$lacking" .reason)"
journalctl --sync
like "the journal names it" 'the credential "missing" of pool missing: it is not loaded' \
    "$(journalctl --unit=orchd-supervisor --output=cat --no-pager)"
same "no secret is in the journal" 0 "$(journalctl --output=cat --no-pager | grep -c 'a key')"

echo "# walls"
install -d -m 777 /srv/open /srv/closed
cat > /etc/orchd/pools.d/walled.toml << 'END'
user = "pool-walled"
[confine]
read_only = true
writable = ["/srv/open"]
network = false
END
check "systemctl reload orchd" systemctl reload orchd
try() { alice orchctl run --pool walled -- sh -c "$1" 2>&1; }
same "a task in them writes to its workspace" "fine" "$(try 'echo fine > x && cat x')"
same "and where its pool says" "fine" "$(try 'echo fine > /srv/open/x && cat /srv/open/x')"
like "and nowhere else" 'Permission denied' "$(try 'echo x > /srv/closed/x')"
like "not even to /tmp" 'Permission denied' "$(try 'echo x > /tmp/x')"
same "for which it has another place" "fine" "$(try 'f=$(mktemp) && echo fine > "$f" && cat "$f"')"
like "it reaches nobody" 'not supported' "$(try 'python3 -c "import socket; socket.create_connection((\"127.0.0.1\", 22))"')"
same "others do as before" "" "$(alice orchctl run -- sh -c 'echo x > /srv/closed/y' 2>&1)"

echo "# what a task cannot do"
run_spy() { alice orchctl run -- sh -c "$1" 2>&1; }
like "read the database" 'Permission denied' "$(run_spy 'cat /var/lib/orchd/queue.db')"
like "talk to the daemon" 'Permission denied' "$(run_spy 'nc -U -N /run/orchd.sock < /dev/null')"
like "talk to the supervisor" 'Permission denied' "$(run_spy 'nc -U -N /run/orchd-supervisor/link.sock < /dev/null')"
like "read the policy" 'Permission denied' "$(run_spy 'cat /run/orchd-supervisor/policy')"
for unit in orchd orchd-supervisor; do
    like "signal $unit" 'not permitted' "$(run_spy "kill -TERM $(main_pid $unit)")"
    like "read the memory of $unit" 'Permission denied' "$(run_spy "head -c 1 /proc/$(main_pid $unit)/mem")"
    like "see what $unit has open" 'Permission denied' "$(run_spy "ls /proc/$(main_pid $unit)/fd")"
done
like "leave its cgroup" 'Permission denied' \
    "$(run_spy 'echo $$ > /sys/fs/cgroup/system.slice/orchd-supervisor.service/cgroup.procs')"
like "lift its limits" 'Permission denied|Read-only' \
    "$(run_spy 'echo max > /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/pids.max')"
like "become somebody by a setuid program" 'no new privileges' "$(run_spy 'sudo -n true')"

echo "# doors"
useradd --system pool-lead
cat > /etc/orchd/pools.d/lead.toml << 'END'
slots = 2
user = "pool-lead"
[spawn]
pools = ["lead"]
children = 5
END
check "systemctl reload orchd" systemctl reload orchd
same "a task starts another one through its door" "child" \
    "$(alice orchctl run --pool lead -- orchctl run --pool lead -- echo child 2>&1)"
lead=$(submit --pool lead -- sh -c 'echo $ORCHD_SOCKET; exec sleep 1000000')
knows_its_door() { door=$(alice orchctl logs "$lead" 2> /dev/null) && [[ $door = /* ]]; }
eventually "a task knows where its door is" knows_its_door
same "which is its user's" "pool-lead 600" "$(stat -c '%U %a' "$door")"
like "another task of this user may not use it" 'does not belong to it' \
    "$(alice orchctl run --pool lead -- orchctl list --socket "$door" 2>&1)"
like "nor may root" 'does not belong to it' "$(orchctl list --socket "$door" 2>&1)"
like "nor may the task use the socket of the daemon" 'not allowed|names its door' \
    "$(alice orchctl run --pool lead -- orchctl list --socket /run/orchd.sock 2>&1)"
like "it starts nothing in another pool" 'start' \
    "$(alice orchctl run --pool lead -- orchctl submit --pool default -- true 2>&1)"
check "the door outlives the engine" systemctl restart orchd.service
check "and is there" test -S "$door"
alice orchctl stop "$lead" > /dev/null
await "$lead" > /dev/null 2>&1
check "it goes with its task" test ! -e "$door"

echo "# what an engine cannot do that somebody else has taken over"
within() { nsenter --target "$(main_pid orchd)" --mount -- runuser -u orchd -- sh -c "$1" 2>&1; }
check "write where its queue is" within 'touch /var/lib/orchd/mine && rm /var/lib/orchd/mine'
for place in /etc/mine /usr/mine /var/mine /home/mine /run/mine /var/lib/mine; do
    like "write to ${place%/*}" 'Permission denied|Read-only' "$(within "touch $place")"
done
as_root() { nsenter --target "$(main_pid orchd)" --mount -- sh -c "$1" 2>&1; }
like "even if it were root" 'Read-only' "$(as_root 'touch /etc/mine')"
cat > /tmp/engine.py << 'END'
# Speaks the link (docs/link.md) as an engine would, and asks for what it should not get.
import socket, struct, sys
def text(s): b = s.encode(); return struct.pack('<I', len(b)) + b
def listed(xs, f): return struct.pack('<I', len(xs)) + b''.join(map(f, xs))
def message(kind, body): return struct.pack('<HI', kind, len(body)) + body
link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
link.connect('/run/orchd-supervisor/link.sock')
link.settimeout(60)
link.send(message(1, struct.pack('<II', 4, 3)))
heard = 0
def messages():
    packet = link.recv(1 << 20)
    if not packet: sys.exit('the supervisor has hung up')
    while packet:
        kind, size = struct.unpack_from('<HI', packet)
        yield kind, packet[6:6 + size]
        packet = packet[6 + size:]
done = False
while not done:
    for kind, body in messages():
        if kind == 101: heard = struct.unpack_from('<IQQ', body)[2]
        if kind == 105: done = True
def attempt(pool, arguments, nice=0, oom=0, repository=(), controls=(), submitter=(), full=False, path='/usr/bin:/bin', directory=''):
    global heard
    heard += 1
    link.send(message(2, text(pool) + struct.pack('<I', 1)))
    body = struct.pack('<Q', heard) + text('999.%d' % heard) + text(pool) + listed(arguments, text) + listed(['PATH=' + path], text)
    body += text(directory) + struct.pack('<Iii', 0o77, nice, oom) + b'\x01' + listed([], text) + listed([], text)
    if full:
        body += listed([], text) + listed(repository, text) + listed(controls, lambda c: struct.pack('<BQ', *c))
        body += struct.pack('<B', 0) + listed([], text) + listed([], text) + listed(submitter, lambda u: struct.pack('<I', u))
    link.send(message(11 if full else 3, body))
    while True:
        for kind, body in messages():
            if kind == 104 and struct.unpack_from('<Q', body, 4)[0] == heard:
                ending, step, flags, _, code = struct.unpack_from('<BBBBi', body, 36)
                return '%d %d' % (ending, code)
print('pool', attempt('none-such', ['true']))
print('program', attempt('tools', ['/bin/sh', '-c', 'id']))
print('listed', attempt('tools', ['id']))
print('path', attempt('tools', ['id'], path='/tmp/mine'))
print('directory', attempt('tools', ['id'], directory='/tmp'))
print('nice', attempt('default', ['true'], nice=-5))
print('oom', attempt('default', ['true'], oom=-1000))
print('repository', attempt('default', ['true'], repository=['/root'], full=True))
print('memory', attempt('tools', ['id'], controls=[(1, 1 << 40)], full=True))
for who, user in zip(('root', 'engine', 'stranger', 'nobody'), ([0], [int(sys.argv[1])], [int(sys.argv[2])], [])):
    print(who, attempt('own', ['true'], submitter=user, full=bool(user)))
print('other', attempt('default', ['true'], submitter=[int(sys.argv[2])], full=True))
print('walled', attempt('walled', ['true']))
print('owned', attempt('default', ['/bin/sh', '-c', 'id -u > "$ORCH_WORKSPACE/uid"; ! touch /etc/owned']))
END
chmod 644 /tmp/engine.py
# It would take its place again at once.
check "with the real one away" systemctl stop orchd.socket orchd.service
answers=$(runuser -u orchd -- timeout -k 5 $((10 * slow)) python3 /tmp/engine.py "$(uid orchd)" "$(uid mallory)" 2>&1)
like "start anything in a pool that the policy does not know" '^pool 4 1$' "$answers"
like "start a program that the policy does not list" '^program 4 2$' "$answers"
like "but one that it lists" '^listed 1 0$' "$answers"
like "say where that is looked for" '^path 1 0$' "$answers"
like "start one in a directory that the policy does not list" '^directory 4 11$' "$answers"
like "be faster than others" '^nice 4 4$' "$answers"
like "be spared by the kernel" '^oom 4 3$' "$answers"
like "get a worktree of any repository" '^repository 4 5$' "$answers"
like "have more memory than the policy allows" '^memory 4 6$' "$answers"
for who in root engine stranger nobody other; do
    like "run a task as whom the policy does not list ($who)" "^$who 4 9\$" "$answers"
done
like "pull down the walls of a pool" '^walled 4 8$' "$answers"
like "be root" '^owned 1 0$' "$answers"
same "nobody else may speak to the supervisor" "" "$(runuser -u alice -- timeout -k 5 60 python3 /tmp/engine.py 2> /dev/null)"
check "systemctl start orchd" systemctl start orchd.socket orchd.service
eventually "the real one is back" tasks_run
finish
