#!/usr/bin/env bash
# cgroup-cost.sh - runs inside a guest (see run): what it costs that each task has a cgroup, output files and accounting. The rate of
# no-op commands of the installed service beside `orchd run`, which makes no cgroups here, and beside bare C loops without cgroups and
# with them; in turns.
#
# An emulated guest is 40 times slower at fork and exec and 10 times at everything else, so the ratios are not those of a machine:
# here a fork weighs more.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
# shellcheck source=Tests/System/vm/service.sh
. ./service.sh

rounds=5 count=200
install_service
printf '%s\n' 'slots = 2' 'output_limit = "1M"' > /etc/orchd/pools.d/default.toml
check "systemctl enable --now orchd" systemctl enable --now orchd
tasks_run() { alice orchctl run -- /bin/true; }
eventually "tasks run" tasks_run
# On the same disk as the service's.
mkdir /run/own /var/lib/own
(cd /run/own && exec orchd run --workers 2 --socket /run/own/orchd.sock --state-dir /var/lib/own < /dev/null > /run/own/log 2>&1) &
own_runs() { orchctl status --socket /run/own/orchd.sock; }
eventually "orchd run" own_runs
same "the service makes cgroups" true "$(orchctl status --json | jq .supervisor.cgroups)"
same "orchd run makes none" false "$(orchctl status --socket /run/own/orchd.sock --json | jq .supervisor.cgroups)"

# All COUNT of them, in nanoseconds.
task='{"command":["/bin/true"]}'
loop() { ./floor/spawnloop "$count" 2 /bin/true; }
floor=/sys/fs/cgroup/floor
mkdir "$floor"
for controller in cpu io memory pids; do echo "+$controller" > "$floor/cgroup.subtree_control"; done
cgroup_loop() { ./floor/cgrouploop "$floor" "$count" 2 /bin/true; }
batch() { ./floor/load "$1" submit "$count" "$count" 1 "$task" wait | awk 'NR == 1 { print $2 }'; }
for ((round = 0; round <= rounds; round++)); do
    # The first is for warming up.
    echo "$(loop) $(cgroup_loop) $(batch /run/orchd.sock) $(batch /run/own/orchd.sock)"
done | tee /results/nanoseconds | tail -n +2 | awk '{ print $1 / $3, $2 / $3, $1 / $4, $1 / $2 }' > /results/ratios
median() { sort -n -k "$1,$1" /results/ratios | awk -v column="$1" '{ value[NR] = $column } END { print value[int((NR + 1) / 2)] }'; }
echo "# nanoseconds of $count: C loop, C loop with cgroups, service, orchd run"
cat /results/nanoseconds
echo "# of the rate of the C loop: with cgroups $(median 4), the service $(median 1) (budget 0.6), orchd run $(median 3)"
echo "# of the rate of the C loop with cgroups: the service $(median 2)"
finish
