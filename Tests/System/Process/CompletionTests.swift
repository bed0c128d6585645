import Foundation
import OrchProtocol
import Testing

/// What a real shell makes of the completion, at a real daemon; in zsh and fish where there are any.
@Suite(.onThreads) struct ShellCompletionTests {
    /// What bash offers at the end of a line, with its own completion of files where the program has nothing.
    private func bash(_ line: String, _ daemon: Daemon) throws -> [String] {
        let script = """
            source <(orchctl --generate-completion-script bash)
            COMP_LINE=$1 COMP_POINT=${#1}
            # As readline divides it.
            read -r -a COMP_WORDS <<< "${1//=/ = }"
            [[ $1 != *' ' ]] || COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            compopt() { :; }
            _orchctl
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        return try run("/bin/bash", ["--norc", "-c", script, "bash", line], daemon).split(separator: "\n").map(String.init)
    }

    private func run(_ shell: String, _ arguments: [String], _ daemon: Daemon) throws -> String {
        let output = try Capture()
        var environment = Daemon.environment(daemon.directory)
        environment["PATH"] = "\(Program.folder):/usr/local/bin:/usr/bin:/bin"
        environment["ORCHD_SOCKET"] = daemon.socket
        let program = try Program(
            [shell] + arguments, environment: environment, directory: daemon.directory.path, descriptors: [0, output.writer, 2])
        output.closeWriter()
        try output.read("what \(shell) offers") { _ in false }
        #expect(try program.wait() == 0)
        return output.text
    }

    @Test func bashAsksTheDaemonAndKeepsItsFiles() throws {
        let daemon = try Daemon(workers: 1)
        let id = try daemon.submit("/bin/true") {
            $0.hold = true
            $0.name = "kept back"
        }
        #expect(try bash("orchctl submi", daemon) == ["submit"])
        // A busy machine may be too slow for the patience of a finger.
        for (line, words) in [
            ("orchctl submit --pool ", ["default"]), ("orchctl submit --pool=d", ["default"]), ("orchctl release ", ["\(id)"]),
        ] {
            try eventually("\(words) after `\(line)`") { try bash(line, daemon) == words }
        }
        #expect(try bash("orchctl retry ", daemon) == [])
        #expect(try bash("orchctl list --state queued,f", daemon) == ["queued,failed"])
        #expect(try bash("orchctl submit -- tru", daemon).contains("true"))
        mkdir(daemon.directory.file("some"), 0o755)
        #expect(try bash("orchctl submit --cwd so", daemon) == ["some"])
        // Nothing of its own: bash takes the names of files.
        try daemon.directory.write("", to: "script.sh")
        for line in ["orchctl submit -- ./scr", "orchctl submit --stdin scr", "orchctl import scr"] {
            #expect(try bash(line, daemon) == [], "\(line)")
        }
        let how = try run(
            "/bin/bash", ["--norc", "-c", "source <(orchctl --generate-completion-script bash); complete -p orchctl"], daemon)
        #expect(how.contains("-o bashdefault") && how.contains("-o default"), "\(how)")
        // Whoever presses Tab where no daemon runs, or where it hangs, waits no longer than for one that runs.
        kill(try daemon.engine, SIGSTOP)
        let before = milliseconds()
        #expect(try bash("orchctl release ", daemon) == [])
        #expect(milliseconds() - before < 5_000)
        kill(try daemon.engine, SIGCONT)
        try daemon.finish()
    }

    @Test(.enabled(if: access("/usr/bin/fish", X_OK) == 0)) func fishAsksTheDaemon() throws {
        let daemon = try Daemon(workers: 1)
        let script = "orchctl --generate-completion-script fish | source; complete --do-complete 'orchctl submit --pool '"
        try eventually("the pool in fish") {
            try run("/usr/bin/fish", ["--no-config", "-c", script], daemon).split(separator: "\n").first == "default"
        }
        try daemon.finish()
    }
}
