#!/bin/sh
# A warm worker for orchd in POSIX shell: copy it, and put your own work into do_task. Needs jq, which reads and writes the JSON.
# The protocol: worker-protocol.md, which is installed beside this file, and in the source below docs.
set -u

# Start-up goes here: what takes long is done before "ready", and so before there is a task.

# Gets the task as JSON on its standard input, writes the result to its standard output, and fails by its status.
do_task() {
    jq -r '.prompt // (.command | join(" "))'
}

say() { printf '%s\n' "$1" >&"$ORCH_WORKER_FD"; }

say '{"type":"ready","version":"worker.sh 1"}'
while IFS= read -r line <&"$ORCH_WORKER_FD"; do
    case $(printf '%s\n' "$line" | jq -r '.type? // empty' 2>/dev/null) in
        exit) exit 0 ;;
        task) break ;; # The first one only, whatever follows.
    esac
    line=
done
[ -n "$line" ] || exit 0
say '{"type":"accepted"}'
if output=$(printf '%s\n' "$line" | do_task); then status=success; else status=failure; fi
# Too much for a message goes into the result file.
if [ "$(printf '%s' "$output" | wc -c)" -gt 10000 ]; then
    printf '%s' "$output" > "$ORCH_RESULT_FILE" && output=
fi
say "$(printf '%s' "$output" | jq -Rsc --arg status "$status" '{type: "result", status: $status, output: .}')"
