# shellcheck shell=bash
# Sourced by the suites that need packages of PyPI. The one that sources it says where its are (cache) and what is left out without them
# (left_out), and calls `venv REQUIREMENTS NAME` for each environment.
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/orchd-${cache:?}
mkdir -p "$cache"

skip() {
    echo "##########################################################################################"
    echo "## ${left_out:?}: $1"
    echo "##########################################################################################"
    exit 77
}

command -v python3 > /dev/null || skip "there is no python3 here."
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || skip "it needs Python 3.11 or later."

# One installs at a time. The mark is the list itself, written when all of it is there.
venv() {
    local list=$1 place=$cache/$2
    exec 9> "$cache/lock"
    flock 9
    if ! cmp --quiet "$list" "$place/installed"; then
        rm -rf "$place"
        python3 -m venv "$place" || skip "python3 -m venv does not work: install python3-venv."
        "$place/bin/python3" -m pip install --quiet --disable-pip-version-check --retries 1 --requirement "$list" \
            || skip "its packages could not be installed from PyPI."
        cp "$list" "$place/installed"
    fi
    exec 9>&-
}
