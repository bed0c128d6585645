# shellcheck shell=bash
# service.sh - sourced by the tests that run inside a guest and try the system's service: install it, use it as alice.
slow=${TEST_TIMEOUT_FACTOR:-20}
# shellcheck source=Tests/System/vm/checks.sh
. ./checks.sh

install_service() {
    cp -a tree/. /
    systemd-sysusers
    systemd-tmpfiles --create /usr/lib/tmpfiles.d/orchd.conf
    journalctl --update-catalog
    systemctl daemon-reload
    useradd --create-home --groups orch alice
}

# COMMAND... as a member of group orch.
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
