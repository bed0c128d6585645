import Foundation
import Glibc
import OrchProtocol
import Testing

/// Directories, limits and files that are not as a program would like them.
@Suite(.onThreads) struct SurroundingsTests {
    // MARK: The working directory

    /// A command runs where it was submitted, or nowhere.
    @Test func aDirectoryThatIsGoneIsAnError() throws {
        let home = try Home()
        let daemon = try home.daemon()
        // Removed; removed and made again under a shell; below one that was removed.
        for gone in [
            "mkdir a; cd a; rmdir ../a", "mkdir b; cd b; rmdir ../b; mkdir ../b", "mkdir -p c/d; cd c/d; rm -r ../../c",
        ] {
            for verb in ["run", "submit"] {
                for place in ["", "--cwd .", "--cwd sub/dir", "--cwd .."] {
                    let result = try home.run("\(gone); orchctl \(verb) \(place) -- pwd")
                    let isThere = place == "--cwd .." && result.status == 0
                    #expect(
                        isThere || result.status != 0 && result.output.isEmpty && !result.error.isEmpty,
                        "\(gone); \(verb) \(place): \(result)")
                }
            }
            // What needs no directory goes on.
            #expect(try home.run("\(gone); orchctl run --cwd / -- pwd").output == "/\n")
            #expect(try home.run("\(gone); orchctl status").status == 0)
        }
        // Parents that nobody may read, a path longer than any other, and bytes of every kind but those that are no text.
        let deep = String(repeating: "d", count: 200)
        #expect(try home.run("mkdir -p p/q; cd p/q; chmod 100 ..; orchctl run -- pwd").output == "\(home.path)/p/q\n")
        let long = try home.run("for i in $(seq 30); do mkdir \(deep) && cd \(deep); done; orchctl run -- pwd")
        #expect(long.status != 0 && long.output.isEmpty && !long.error.isEmpty, "\(long)")
        try home.end(daemon)
    }

    @Test func aDaemonStartsInADirectoryThatIsGone() throws {
        let home = try Home()
        let relative = try home.run("mkdir g; cd g; rmdir ../g; orchd run --state-dir queue")
        #expect(relative.status == 1 && relative.error.contains("queue is relative to the current directory"), "\(relative)")
        let daemon = try home.daemon("mkdir g; cd g; rmdir ../g; exec orchd run --drain-timeout 0")
        #expect(try home.run("orchctl run -- echo hi").output == "hi\n")
        try home.end(daemon)
    }

    // MARK: Limits

    /// Too few descriptors are an error that says so, and enough are enough: nothing in between.
    @Test(arguments: [20, 30, 40, 47, 48, 49, 55, 56, 64, 100, 1024, 1_000_000]) func descriptorsSufficeOrAreMissed(
        _ count: Int
    ) throws {
        let home = try Home()
        guard try home.run("ulimit -n \(count)").status == 0 else { return }
        let start = "ulimit -n \(count); exec orchd run --drain-timeout 0 --workers 30"
        do {
            let daemon = try home.daemon(start)
            for _ in 0..<3 { #expect(try home.run("orchctl run -- echo hi").output == "hi\n") }
            #expect(try home.run("orchctl run -- sh -c 'ulimit -n'").output == "\(count)\n")
            try home.end(daemon)
        } catch is Failure {
            #expect(count < 64, "\(home.log)")
            let log = home.log
            #expect(log.contains("the limit of open files is \(count)"), "\(count): \(log)")
        }
    }

    @Test(arguments: ["-f 0", "-f 1", "-f 64", "-c 0", "-c unlimited", "-s 512", "-v 8000000", "-t 600"])
    func aLimitIsAnErrorAndNoCrash(_ limit: String) throws {
        let home = try Home()
        let daemon = try home.daemon("exec orchd run --drain-timeout 0")
        #expect(try home.run("ulimit \(limit); orchctl run -- echo hi").output == "hi\n")
        let backup = try home.run("ulimit \(limit); orchctl backup b")
        #expect(backup.status == 0 || backup.status == 1 && backup.error.contains("cannot write to b: "), "\(backup)")
        try home.end(daemon)
        // A daemon itself that cannot write does not start, and says why; no signal ends it.
        let small = try home.run("ulimit \(limit); timeout 5 orchd run --state-dir ~/other --drain-timeout 0")
        #expect(small.status < 128 && (small.status == 124 || !small.error.isEmpty), "\(limit): \(small)")
    }

    @Test func aNicedStarterWithAnUmaskIsObeyed() throws {
        let home = try Home()
        let daemon = try home.daemon("umask 027; exec nice -n 3 orchd run --drain-timeout 0")
        #expect(try home.run("orchctl run -- sh -c umask").output == "0027\n")
        #expect(try home.run("orchctl run -- nice").output == "3\n")
        #expect(try home.run("stat -c %a ~/.local/state/orchd ~/.local/state/orchd/orchd.sock").output == "700\n600\n")
        try home.end(daemon)
    }

    // MARK: The socket

    /// Whoever removes the socket does not make the daemon unreachable, nor end what runs.
    @Test(arguments: ["rm $S", "mv $S $S.old", "rm -r $(dirname $S)"]) func aRemovedSocketIsMadeAgain(_ removal: String) throws
    {
        let home = try Home()
        let session = ["XDG_RUNTIME_DIR": home.path + "/runtime"]
        mkdir(home.path + "/runtime", 0o700)
        let daemon = try home.daemon("exec orchd run --drain-timeout 0", session, client: session)
        let task = try home.run("orchctl submit -- sh -c 'echo > ~/on; until [ -e ~/go ]; do sleep 0.02; done; echo done'").id
        try #require(home.directory).wait(for: "on")
        for _ in 0..<2 {
            try home.run(
                "S=\(home.path)/runtime/orchd.sock; \(removal) || S=$HOME/.local/state/orchd/orchd.sock; [ -e $S ] && rm $S; true"
            )
            try eventually("a daemon that is found again; it said: \(home.log)") { try home.run("orchctl version").status == 0 }
        }
        #expect(home.log.contains("was removed, and is made again"))
        try Data().write(to: URL(filePath: home.path + "/go"))
        #expect(try home.run("orchctl wait \(task) && orchctl logs \(task)").output.hasSuffix("done\n"))
        try home.end(daemon)
    }

    /// Nor does whoever removes only the link by which clients outside of the session find it.
    @Test func aRemovedLinkIsMadeAgain() throws {
        let home = try Home()
        let session = ["XDG_RUNTIME_DIR": home.path + "/runtime"]
        mkdir(home.path + "/runtime", 0o700)
        let daemon = try home.daemon("exec orchd run --drain-timeout 0", session, client: session)
        for _ in 0..<3 {
            try home.run("rm ~/.local/state/orchd/orchd.sock")
            try eventually("a link") { try home.run("orchctl version").status == 0 }
        }
        #expect(!home.log.contains("was removed"))
        try home.end(daemon)
    }

    @Test func aSecondDaemonSaysOneThing() throws {
        let home = try Home()
        let daemon = try home.daemon()
        for place in ["", "--socket ~/other"] {
            let second = try home.run("orchd run \(place)")
            #expect(second.status == 1 && second.error.hasPrefix("orchd: another "), "\(second)")
            #expect(second.error.utf8.count { $0 == UInt8(ascii: "\n") } == 1, "\(second.error)")
        }
        try home.end(daemon)
    }

    /// Of two daemons that a user could mean, they say which one it is.
    @Test func anotherDaemonIsNamed() throws {
        let home = try Home()
        let session = ["XDG_RUNTIME_DIR": home.path + "/runtime"]
        let first = try home.daemon()
        #expect(try home.run("orchctl status").error.isEmpty)
        mkdir(home.path + "/runtime", 0o700)
        let second = try home.daemon("exec orchd run --drain-timeout 0 --state-dir ~/second", session, client: session)
        // Until then, it is the first that answers.
        try eventually("the second") { try home.run("orchctl version --socket ~/runtime/orchd.sock").status == 0 }
        for (verb, more) in [("status", session), ("version", session), ("doctor", session)] {
            let result = try home.run("orchctl \(verb)", more)
            #expect(
                (result.output + result.error).contains("another daemon answers at")
                    || result.error.contains("another answers at"), "\(result)")
        }
        #expect(try home.run("orchctl status --json", session).error.isEmpty)
        second.signal(SIGTERM)
        try second.wait()
        // The first was not disturbed.
        #expect(try home.run("orchctl run -- echo hi", session).output == "hi\n")
        try home.end(first)
    }

    /// The doctor looks where the state of the daemon that answers is.
    @Test func theDoctorLooksAtTheDaemonsState() throws {
        let home = try Home()
        let daemon = try home.daemon("exec orchd run --drain-timeout 0 --state-dir ~/elsewhere")
        let doctor = try home.run("orchctl doctor").output
        #expect(
            doctor.contains("\(home.path)/elsewhere: ") && !doctor.contains("a guess") && !doctor.contains("group orch"),
            "\(doctor)")
        #expect(doctor.split(separator: "\n").count { $0.contains("  supervisor  ") } == 1, "\(doctor)")
        try home.end(daemon)
        #expect(try home.run("orchctl doctor").output.contains("(a guess, because no daemon answers)"))
    }

    // MARK: The configuration

    /// A run of one's own reads what the service of one's own would.
    @Test func theOwnConfigurationIsRead() throws {
        let home = try Home()
        let directory = try #require(home.directory)
        try directory.write("slots = 3\n", to: ".config/orchd/pools.d/research.toml")
        #expect(try home.run("orchd check").output.contains("pools research (3)"))
        func pools(_ arguments: String, _ more: [String: String] = [:]) throws -> String {
            let daemon = try home.daemon("exec orchd run --drain-timeout 0 \(arguments)", more)
            defer { try? home.end(daemon) }
            return try home.run(
                "orchctl pool list --json | grep -o '\"name\":\"[a-z]*\"[^}]*\"slots\":[0-9]*' | sed 's/\"//g; s/name://; s/,.*slots:/ /' | sort"
            )
            .output.replacing("\n", with: ";")
        }
        #expect(try pools("") == "default 3;research 3;")
        #expect(home.log.contains("6 workers, configuration \(home.path)/.config/orchd/orchd.toml"), "\(home.log)")
        #expect(try pools("--workers 5") == "default 5;research 3;")
        #expect(try pools("", ["WORKERS": " 4 "]) == "default 4;research 3;")
        try directory.write("slots = 1\n", to: ".config/orchd/pools.d/default.toml")
        #expect(try pools("") == "default 1;research 3;")
        #expect(try pools("--workers 5") == "default 5;research 3;")
        #expect(try pools("", ["WORKERS": "4"]) == "default 1;research 3;")
        #expect(home.log.contains("WORKERS is not used"))
        try home.run(
            "rm .config/orchd/pools.d/default.toml; printf '[daemon]\\ndefault_pool = false\\n' > .config/orchd/orchd.toml")
        #expect(try pools("") == "research 3;")
        let refused = try home.run("orchd run --workers 2")
        #expect(refused.status != 0 && refused.error.contains("--workers is for the pool \"default\""), "\(refused)")
    }

    // MARK: The workspace

    /// ORCH_WORKSPACE is a fresh directory that can be written, whatever the task's directory is and may.
    @Test func theWorkspaceCanBeWritten() throws {
        let home = try Home()
        let directory = try #require(home.directory)
        try home.run("git init -q r && cd r && git -c user.name=n -c user.email=e@e commit -q --allow-empty -m m")
        try directory.write("[confine]\nread_only = true\n", to: ".config/orchd/pools.d/walls.toml")
        try directory.write(
            "workspace = \"git-worktree\"\nrepository = \"\(home.path)/r\"\n", to: ".config/orchd/pools.d/trees.toml")
        try directory.write(
            "workspace = \"git-worktree\"\nrepository = \"\(home.path)/r\"\n[confine]\nread_only = true\n",
            to: ".config/orchd/pools.d/both.toml")
        let daemon = try home.daemon()
        let script =
            "set -e; case $ORCH_WORKSPACE in */work/*/*) ;; *) exit 9;; esac; echo x > $ORCH_WORKSPACE/x; rm $ORCH_WORKSPACE/x; "
            + "[ $(ls -A $ORCH_WORKSPACE | grep -v -e ^.orch-results -e ^tree$ | wc -l) = 0 ]; "
            + "case ${TMPDIR-$ORCH_WORKSPACE} in $ORCH_WORKSPACE) ;; *) exit 8;; esac; pwd"
        mkdir(home.path + "/place", 0o755)
        for pool in ["default", "walls"] {
            for place in [home.path + "/place", "/"] {
                let result = try home.run("orchctl run -p \(pool) --cwd \(place) -- sh -c '\(script)'")
                #expect(result.status == 0 && result.output == place + "\n", "\(pool) \(place): \(result)")
            }
        }
        for pool in ["trees", "both"] {
            let result = try home.run("orchctl run -p \(pool) -- sh -c '\(script)'")
            #expect(result.status == 0 && result.output.hasSuffix("/tree\n"), "\(pool): \(result)")
        }
        try home.end(daemon)
    }

    // MARK: Time

    /// What a task that was ended with the daemon has to tell is when that was, not when somebody looked again.
    @Test func theEndIsWhenItEnded() throws {
        let home = try Home()
        let first = try home.daemon()
        let task = try home.run("orchctl submit -- sh -c 'echo > ~/on; sleep 100'").id
        try #require(home.directory).wait(for: "on")
        try home.end(first)
        let stopped = Date()
        let second = try home.daemon()
        // It is ready before it has heard from its supervisor what became of the task.
        _ = try home.run("orchctl wait \(task)")
        let line = try home.run("orchctl show \(task) --json").output
        let record = try Wire.decode(TaskRecord.self, from: Data(line.utf8))
        let finished = Double(try #require(record.finishedAt).milliseconds) / 1000
        #expect(finished <= stopped.timeIntervalSince1970 && record.state == .failed, "\(line)")
        #expect(record.finishedAt == record.attempts.last?.endedAt)
        try home.end(second)
    }
}
