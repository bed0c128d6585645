import Foundation
import TestSupport
import Testing

/// What is bytes on Linux, through each door: a matrix of kinds of bytes and places where they enter and leave, with real processes.
@Suite(.onThreads) struct BytesTests {
    /// Names of every kind, by the shell's own quoting, so that no string of Swift comes between.
    private static let kinds = [
        #"caf\351"#, #"a\200b"#, #"\300\257"#, #"\355\240\200"#, #"\364\220\200\200"#, #"cut\342\202"#, #"\200\237"#,
        #"\302\233x"#,
        #"a\nb"#, #"it\'\314\201s; touch INJECTED; \'\314\201"#, #"=\357\270\217x"#, #"\303\251"#, #"e\314\201"#, #"\001\177"#,
        #"\364\217\237\251"#, #"\342\200\256x"#, #" \342\200\250 "#,
    ]

    @Test func everyKindPassesEveryDoor() throws {
        let daemon = try Daemon()
        try daemon.directory.write(Self.matrix, to: "matrix")
        let output = try Capture()
        var environment = Daemon.environment(daemon.directory)
        environment["ORCHD_SOCKET"] = daemon.socket
        environment["PATH"] = "\(Program.folder):/usr/bin:/bin"
        environment["KINDS"] = Self.kinds.map { "$'\($0)'" }.joined(separator: " ")
        let shell = try Program(
            ["/bin/bash", daemon.directory.file("matrix")], environment: environment, directory: daemon.directory.path,
            descriptors: [2, output.writer, output.writer])
        output.closeWriter()
        try output.read("the end of the matrix", within: 10 * patience) { _ in false }
        #expect(output.text == "done\n")
        #expect(try shell.wait() == 0)
        try daemon.finish()
    }

    private static let matrix = #"""
        eval "kinds=($KINDS)"
        work=$PWD/bytes; mkdir "$work"; cd "$work" || exit 1
        hex() { od -An -v -tx1 | tr -d ' \n'; }
        same() { [ "$2" = "$3" ] || echo "$1: $2 instead of $3"; }
        run() { orchctl run "$@"; }
        for k in "${kinds[@]}"; do
            want=$(printf %s "$k" | hex)
            same "argument" "$(run -- printf %s "$k" | hex)" "$want"
            same "variable" "$(run -e "A=$k" -- sh -c 'printf %s "$A"' | hex)" "$want"
            case $k in =*) ;; *)
                case $(run -e "X$k=1" -- env -0 | hex) in *"$(printf %s "X$k=1" | hex)00"*) ;; *) echo "name of a variable: $want" ;; esac
            esac
            mkdir "d$k"
            here=$(printf %s "$work/d$k" | hex)
            same "working directory" "$(cd "d$k" && printf %s "$(run -- /bin/pwd)" | hex)" "$here"
            same "--cwd" "$(printf %s "$(run --cwd "$work/d$k" -- /bin/pwd)" | hex)" "$here"
            same "relative --cwd" "$(printf %s "$(run --cwd "d$k" -- /bin/pwd)" | hex)" "$here"
            cp /bin/echo "p$k"
            same "program" "$(run -- "$work/p$k" yes)" yes
            mkdir "bin$k"; cp /bin/echo "bin$k/say"
            same "PATH" "$(run -e "PATH=$work/bin$k:/bin" -- say yes)" yes
            printf %s "$k" > "f$k"
            same "standard input" "$(run --stdin - -- cat < "f$k" | hex)" "$want"
            same "--stdin FILE" "$(run --stdin "f$k" -- cat | hex)" "$want"
            echo '{"command":["true"]}' > "b$k"
            orchctl submit --batch "b$k" > id || echo "--batch $want"
            echo 'x|y' > "i$k"
            case $(orchctl import "i$k" 2>&1) in *"cannot read"*) echo "import $want" ;; esac
            orchctl backup "q$k" > told && [ -s "q$k" ] || echo "backup $want"
            task=$(orchctl submit --wait -- sh -c 'echo in > "$ORCH_RESULT_DIR/result"')
            orchctl files "$task" result -o "o$k" && same "--output" "$(cat "o$k/result")" in

            task=$(orchctl submit --hold -- printf %s "$k")
            shown=$(orchctl show "$task" | sed -n 's/^  command *//p')
            same "show" "$(bash -c "$shown" | hex)" "$want"
            orchctl list 2> told | LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]' && echo "list steers the terminal: $want"
            orchctl show --json "$task" | iconv -f UTF-8 -t UTF-8 > record || echo "JSON $want"
            # What was answered can be given back.
            sed 's/.*\("command":\[[^]]*\]\),\("command_bytes":\[[^]]*\]\)*.*/{\1,\2}/; s/,}/}/' record > again
            same "JSON again" "$(orchctl submit --wait --batch again | xargs orchctl logs | hex)" "$want"
        done
        printf '{"command":["env","-0"],"env":{"\\u00e9":"one","e\\u0301":"two"}}\n' > names
        variables=$(orchctl submit --wait --batch names | xargs orchctl logs | hex)
        for v in $'\303\251=one' $'e\314\201=two'; do
            case $variables in *$(printf %s "$v" | hex)*) ;; *) echo "a variable in two spellings: $v" ;; esac
        done
        head -c 300000 /bin/bash > binary
        same "binary" "$(run --stdin - -- cat < binary | cksum)" "$(cksum < binary)"

        # What is text refuses what is none, in a sentence, and nothing is made.
        before=$(orchctl submit --hold -- true)
        for option in --name --pool --key --model --label=a --needs; do
            case $option in *=*) set -- "$option"$'\351' ;; *) set -- "$option" $'caf\351' ;; esac
            orchctl submit "$@" -- true > told 2> error && echo "$option was taken"
            grep -q "must be UTF-8 text" error || { echo "$option:"; cat error; }
        done
        orchctl submit $'caf\351' > told 2> error && echo "a prompt was taken"
        grep -q "must be UTF-8 text" error || { echo "prompt:"; cat error; }
        same "tasks" "$(orchctl submit --hold -- true)" $((before + 1))
        ORCHD_SOCKET=$'s\351' orchctl list 2> error && echo "a socket"
        grep -q "ORCHD_SOCKET is not UTF-8" error || cat error
        orchd run --state-dir $'state\351' --socket sock 2> error && echo "a state directory"
        grep -q "not UTF-8" error || cat error
        orchd-supervisor --link $'/l\351' 2> error && echo "a link"
        grep -q "not UTF-8" error || cat error
        # Nowhere has another name been made of one.
        find . -name $'*\357\277\275*' -o -name INJECTED -o -name 'state*'
        echo done
        """#
}
