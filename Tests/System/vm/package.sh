#!/usr/bin/env bash
# package.sh - runs inside a guest (see run): the Debian package is installed, upgraded with a task running, removed, installed
# again and purged, as apt would have dpkg do it.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
# shellcheck source=Tests/System/vm/service.sh
. ./service.sh

export DEBIAN_FRONTEND=noninteractive
units=(orchd.service orchd.socket orchd-supervisor.service)
state() { systemctl is-"$1" "${units[@]}" | paste -sd' '; }

echo "# installed"
check "dpkg --install, of an older build" dpkg --install ./older.deb
same "it runs" "active active active" "$(state active)"
same "and will after a boot" "enabled enabled enabled" "$(state enabled)"
# The guest is one without manuals, by dpkg's configuration.
same "nothing is missing" "" "$(dpkg --verify orchd | grep -vE '/usr/share/(doc|man)/')"
useradd --create-home --groups orch alice
check "a task runs" alice orchctl run -- true
like "journalctl -x explains it" "orchctl show" "$(journalctl -x --no-pager -u orchd TASK_ID=1)"
check "the doctor finds nothing wrong" orchctl doctor

echo "# upgraded"
task=$(submit -- sleep 100000)
is_running() { running "$task"; }
eventually "a task runs" is_running
pid=$(pid_of "$task") engine=$(main_pid orchd) supervisor=$(main_pid orchd-supervisor)
echo "# mine" >> /etc/orchd/orchd.toml
check "dpkg --install, of the newer one" dpkg --install ./newer.deb
same "the task goes on" "$pid" "$(pid_of "$task")"
if is_running; then ok "and is running"; else not_ok "and is running"; fi
same "below the same supervisor" "$supervisor" "$(main_pid orchd-supervisor)"
same "which executes the new program" "$(stat -c %d:%i /usr/bin/orchd-supervisor)" "$(stat -Lc %d:%i "/proc/$supervisor/exe")"
if [[ $(main_pid orchd) != "$engine" ]]; then ok "the engine is another"; else not_ok "the engine is another"; fi
same "of the new program" "$(stat -c %d:%i /usr/bin/orchd)" "$(stat -Lc %d:%i "/proc/$(main_pid orchd)/exe")"
same "a changed configuration stays" "# mine" "$(tail -n 1 /etc/orchd/orchd.toml)"
check "stopped and disabled" systemctl disable --now orchd.service orchd.socket
check "it can be installed once more" dpkg --install ./newer.deb
same "and stays so" "inactive inactive active" "$(state active)"
check "enabled again" systemctl enable --now orchd.service
same "the task still goes on" "$pid" "$(pid_of "$task")"

echo "# removed"
check "dpkg --remove" dpkg --remove orchd
same "nothing of it runs" "" "$(pgrep -l 'orch|sleep')"
if [[ -e /var/lib/orchd/queue.db ]]; then ok "the queue stays"; else not_ok "the queue stays"; fi
check "installed again" dpkg --install ./newer.deb
same "it runs at once" "active active active" "$(state active)"
is_lost() { [[ $(field "$task" '.attempts[-1].outcome.kind') = lost ]]; }
eventually "what ran is known to be lost" is_lost

echo "# purged"
check "dpkg --purge" dpkg --purge orchd
same "nothing of it runs" "" "$(pgrep -l orch)"
# shellcheck disable=SC2012 # for a person to read
same "nothing of it is left" "" "$(ls -d /var/lib/orchd* /etc/orchd /usr/bin/orch* /run/orchd* /etc/systemd/system/*/orchd* 2> /dev/null | paste -sd' ')"
same "nothing has failed" "" "$(systemctl list-units --failed --plain --no-legend | paste -sd' ')"
finish
