# shellcheck shell=bash
# checks.sh - sourced by the tests that run inside a guest: named checks, and waiting for things with a deadline.
#
# A guest is emulated, and what takes a second elsewhere may take twenty in it: $slow, which the caller sets, scales the
# deadlines.
# shellcheck disable=SC2154

passed=0 failed=0

ok() { passed=$((passed + 1)); echo "ok - $1"; }
not_ok() { failed=$((failed + 1)); echo "not ok - $1"; }

indented() { printf '    | %s\n' "${1//$'\n'/$'\n'    | }"; }

# check NAME COMMAND... - the command has to succeed. What it writes is shown where it does not.
check() {
    local name=$1 log status=0
    shift
    # A function has to bound itself what it calls.
    local bound=(timeout -k 5 $((30 * slow)))
    [[ $(type -t "$1") != function ]] || bound=()
    log=$("${bound[@]}" "$@" 2>&1) || status=$?
    if [[ $status = 0 ]]; then ok "$name"; else
        not_ok "$name"
        printf '    %s\n' "command: $*" "exit status: $status"
        indented "$log"
    fi
}

# same NAME WANTED IS - two texts have to be equal.
same() {
    if [[ $2 = "$3" ]]; then ok "$1"; else
        not_ok "$1"
        printf '    %s\n' "wanted: $2" "    is: $3"
    fi
}

# like NAME PATTERN TEXT - a line of the text has to match the extended regular expression.
like() {
    if grep -qE -- "$2" <<< "$3"; then ok "$1"; else
        not_ok "$1"
        printf '    %s\n' "wanted: $2"
        indented "$3"
    fi
}

# eventually NAME COMMAND... - the command has to succeed before long. For what no event tells of.
eventually() {
    local name=$1 deadline=$((SECONDS + 2 * slow))
    shift
    until "$@" > /dev/null 2>&1; do
        if ((SECONDS >= deadline)); then
            not_ok "$name"
            printf '    %s\n' "never succeeded: $*"
            return
        fi
        sleep 0.2
    done
    ok "$name"
}

# Ends the test: the tally, as the last line, and whether all was well.
finish() {
    echo "$passed passed, $failed failed"
    [[ $failed = 0 && $passed -gt 0 ]]
}
