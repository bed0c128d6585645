#!/bin/sh
# A warm worker for orchd in POSIX shell. Copy it, and put your own work into do_task. It needs jq for the JSON.
# The protocol: worker-protocol.md, installed beside this file, or in docs of the sources.
set -u

# Put slow start-up here: before "ready", and so before there is a task.

# Reads the task as JSON from standard input, and writes the result to standard output. Its exit status says if it
# failed.
do_task() {
    jq -r '.prompt // (.command | join(" "))'
}

say() { printf '%s\n' "$1" >&"$ORCH_WORKER_FD"; }

say '{"type":"ready","version":"worker.sh 1"}'
while IFS= read -r line <&"$ORCH_WORKER_FD"; do
    case $(printf '%s\n' "$line" | jq -r '.type? // empty' 2>/dev/null) in
        exit) exit 0 ;;
        task) break ;; # Only the first one, whatever follows.
    esac
    line=
done
[ -n "$line" ] || exit 0
say '{"type":"accepted"}'
if output=$(printf '%s\n' "$line" | do_task); then status=success; else status=failure; fi
# A result that is too long for a message goes into the result file.
if [ "$(printf '%s' "$output" | wc -c)" -gt 10000 ]; then
    printf '%s' "$output" > "$ORCH_RESULT_FILE" && output=
fi
say "$(printf '%s' "$output" | jq -Rsc --arg status "$status" '{type: "result", status: $status, output: .}')"
