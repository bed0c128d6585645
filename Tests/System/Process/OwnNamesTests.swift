import Foundation
import Glibc
import Testing

/// The names of the daemon's own files are text. What is none is refused by every program, in a sentence, or is used as the bytes that
/// it is; and nothing is ever made or looked for under another name.
@Suite(.onThreads) struct OwnNamesTests {
    @Test func whatIsNoTextIsRefusedOrKept() throws {
        let home = try Home()
        try home.directory?.write(Self.table, to: "table")
        let result = try home.run("bash ~/table", ["PROGRAMS": Program.folder])
        #expect(result.output == "done\n" && result.error.isEmpty, "\(result)")
    }

    private static let table = #"""
        bad=$HOME/$'n\351'; mkdir "$bad"
        # What was said must be one sentence on standard error, with the name as it can be typed.
        refused() {
            what=$1; shift
            timeout 10 "$@" > told 2> error < /dev/null; status=$?
            case $status in [1-9] | 64 | 78 | 125) ;; *) echo "$what: status $status" ;; esac
            grep -q "UTF-8" error && grep -Eq 'n\\+xe9' error && [ "$(grep -c . error)" -le 2 ] || { echo "$what:"; cat error; }
        }
        works() { what=$1; shift; "$@" > told 2> error < /dev/null || { echo "$what: $?"; cat error; }; }

        for variable in HOME XDG_STATE_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR ORCHD_SOCKET; do
            for command in "orchd run" "orchd serve --link l --state-dir s" "orchd check" "orchd restore f" "orchctl list" "orchctl doctor" \
                "orchctl run -- true" "orchctl status --json"; do
                case $variable:$command in
                    # A service is told where it is, and these are not asked where a daemon listens.
                    ORCHD_SOCKET:*serve* | ORCHD_SOCKET:*check* | ORCHD_SOCKET:*restore* | *:*restore*) continue ;;
                esac
                refused "$variable $command" env "$variable=$bad" $command
            done
            works "$variable --help" env "$variable=$bad" orchctl --help
            works "$variable --version" env "$variable=$bad" orchd --version
            env "$variable=$bad" orchctl list --socket "$HOME/none" 2> error
            grep -q "no socket at $HOME/none" error || { echo "$variable --socket:"; cat error; }
        done
        refused "OPENCLAW_BIN" env "OPENCLAW_BIN=$bad/x" orchd run

        for option in --state-dir --socket --config; do refused "run $option" orchd run $option "$bad/x"; done
        for option in --state-dir --socket --config --link --work-dir; do refused "serve $option" orchd serve --link l $option "$bad/x"; done
        for option in --state-dir --config; do refused "check $option" orchd check $option "$bad/x"; done
        for option in --config --output; do refused "policy $option" orchd policy $option "$bad/x"; done
        refused "restore" orchd restore "$bad/x"
        refused "restore --state-dir" orchd restore x --state-dir "$bad/x"
        for option in --link --state-dir --work-dir --policy --cgroup; do
            refused "supervisor $option" orchd-supervisor --link l --state-dir s --work-dir w $option "$bad/x"
        done
        for verb in list doctor "submit -- true" "agent test a"; do
            case $verb in *--*) refused "$verb --socket" orchctl ${verb%% *} --socket "$bad/x" -- true ;; *) refused "$verb --socket" orchctl $verb --socket "$bad/x" ;; esac
        done

        # Relative to a directory that is none, there is no name; a client needs none.
        cd "$bad" || exit 1
        timeout 10 orchd run --state-dir queue 2> ../error && echo "a relative state directory was taken"
        grep -qF 'queue is relative to' ../error && grep -qF 'n\xe9' ../error || cat ../error
        [ -z "$(ls)" ] || ls
        orchctl list 2> ../error
        grep -q "orchd is not running" ../error || cat ../error

        # The programs themselves may be anywhere.
        mkdir programs; cp "$PROGRAMS"/orchd "$PROGRAMS"/orchd-supervisor "$PROGRAMS"/orchd-worktree "$PROGRAMS"/orchd-files programs/
        PATH=/usr/bin:/bin programs/orchd run --drain-timeout 0 > ../told 2> ../error & daemon=$!
        until grep -q ready ../told; do kill -0 $daemon 2> /dev/null || { cat ../error; break; }; sleep 0.05; done
        [ "$(PATH=$PWD/nothing:$PATH orchctl run -- pwd)" = "$PWD" ] || echo "a command in $PWD"
        # An upgrade executes them again, from where they are.
        kill -HUP "$(pgrep -P $daemon orchd-super)"
        [ "$(orchctl run -- echo on)" = on ] || echo "no command after an upgrade"
        kill $daemon; wait $daemon
        cd ..; rm -r "$bad/programs"

        # Nothing has another name, and the directory that could not be used was not.
        find . -name $'*\357\277\275*'
        find "$bad" -mindepth 1
        echo done
        """#
}
