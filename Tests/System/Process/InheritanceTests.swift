import Foundation
import Glibc
import OrchClient
import OrchProtocol
import Testing

/// What programs inherit from whoever starts them: every program in odd surroundings.
@Suite(.onThreads) struct InheritanceTests {
    // MARK: Descriptors

    /// The redirections that close some of the descriptors 0 to 2.
    private static let closings: [[Int]] = (0..<8).map { bits in (0..<3).filter { bits & 1 << $0 != 0 } }

    private static func redirections(_ closed: [Int]) -> String {
        closed.map { $0 == 0 ? "<&-" : "\($0)>&-" }.joined(separator: " ")
    }

    /// Programs that only answer. Whoever cannot read the answer is not told that all is well.
    @Test(arguments: closings) func anAnswerThatNobodyCanReadIsAnError(_ closed: [Int]) throws {
        let home = try Home()
        try FileManager.default.createDirectory(atPath: home.path + "/.config/orchd/pools.d", withIntermediateDirectories: true)
        try Data("slots = 1\nuser = \"nobody\"\n".utf8).write(
            to: URL(filePath: home.path + "/.config/orchd/pools.d/default.toml"))
        let answers = [
            "orchd check", "orchd --version", "orchd --help", "orchd run --help",
            "orchd policy --config ~/.config/orchd/orchd.toml",
            "orchd-supervisor --version", "orchd-supervisor --help", "orchctl --version", "orchctl --help",
            "orchctl submit --help",
            "orchctl secret", "orchctl --generate-completion-script bash",
        ]
        for answer in answers {
            let result = try home.run("\(answer) \(Self.redirections(closed))")
            #expect((result.status == 0) == !closed.contains(1), "\(answer) \(Self.redirections(closed)): \(result)")
            guard closed.contains(1) else {
                #expect(!result.bytes.isEmpty, "\(answer)")
                continue
            }
            #expect(result.bytes.isEmpty)
            if !closed.contains(2) { #expect(result.error.contains("cannot write to standard output"), "\(answer): \(result)") }
        }
        for place in ["> /dev/full", "1< /", "1< /etc/passwd"] {
            for answer in answers {
                let result = try home.run("\(answer) \(place)")
                #expect(
                    result.status != 0 && result.error.contains("cannot write to standard output"),
                    "\(answer) \(place): \(result)")
            }
        }
    }

    /// What a task prints goes to whoever follows it, or nowhere: never to the daemon.
    @Test func theOutputOfATaskIsNoRequest() throws {
        let home = try Home()
        let daemon = try home.daemon()
        let request = #"{"jsonrpc":"2.0","id":1,"method":"daemon.drain"}"#
        for closed in Self.closings {
            for stream in [1, 2] {
                let result = try home.run(
                    "orchctl run -- sh -c 'echo '\\''\(request)'\\'' >&\(stream)' \(Self.redirections(closed))")
                #expect(result.status == (closed.contains(stream) ? 125 : 0), "\(closed) \(stream): \(result)")
                if !closed.contains(stream) {
                    let printed = stream == 1 ? result.output : result.error
                    #expect(printed.contains(request + "\n"), "\(closed) \(stream): \(result)")
                }
            }
            let submitted = try home.run("orchctl submit -- true \(Self.redirections(closed))")
            #expect((submitted.status == 0) == !closed.contains(1), "\(closed): \(submitted)")
        }
        #expect(try home.run("orchctl status --json").output.contains(#""state":"running""#))
        try home.end(daemon)
    }

    /// A daemoniser closes all three, and what runs survives the crash of an engine all the same.
    @Test(arguments: closings) func aDaemonWithClosedDescriptorsIsAWholeOne(_ closed: [Int]) throws {
        let home = try Home()
        let others = (3..<12).map { "\($0)</etc/passwd" }.joined(separator: " ")
        let daemon = try home.daemon("exec orchd run --drain-timeout 0 --workers 2 \(Self.redirections(closed)) \(others)")
        let inherited = try home.run("orchctl run -- sh -c 'ls -l /proc/$$/fd'").output
        #expect(!inherited.contains("passwd") && !inherited.contains("socket"), "\(inherited)")
        for number in [daemon.pid] + children(of: daemon.pid) {
            for name in 0...2 {
                let target = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(number)/fd/\(name)")
                #expect(target == "/dev/null" || target == home.path + "/log", "\(describe(number)): \(name) is \(target)")
            }
        }
        let task = try home.run(
            "orchctl submit -- sh -c 'echo $$ > ~/pid; while [ ! -e ~/go ]; do sleep 0.02; done; echo done'"
        ).id
        let pid = try #require(home.directory).number("pid")
        let engine = try #require(
            children(of: daemon.pid).first { contents("/proc/\($0)/cmdline")?.contains("\0serve\0") ?? false })
        kill(engine, SIGKILL)
        try eventually("the end of the engine") { !isAlive(engine) }
        #expect(isAlive(pid) && !daemon.hasEnded)
        try Data().write(to: URL(filePath: home.path + "/go"))
        #expect(try home.run("orchctl wait \(task) && orchctl logs \(task)").output.hasSuffix("done\n"))
        try home.end(daemon)
    }

    // MARK: Signals

    private static func signals(_ pid: pid_t, _ line: String) -> UInt64? {
        contents("/proc/\(pid)/status")?.split(separator: "\n").first { $0.hasPrefix(line + ":") }
            .flatMap { UInt64($0.split(separator: "\t").last ?? "", radix: 16) }
    }

    /// Whoever had a signal ignored, as nohup(1) and shells have, meant that; tasks begin with a clean slate.
    @Test(arguments: [("HUP", SIGHUP), ("INT", SIGINT), ("QUIT", SIGQUIT), ("TERM", SIGTERM)])
    func anIgnoredSignalStaysIgnored(_ name: String, _ signal: Int32) throws {
        let home = try Home()
        let daemon = try home.daemon(
            "exec env --ignore-signal=\(name) --ignore-signal=PIPE --block-signal=USR1 --block-signal=CHLD "
                + "orchd run --drain-timeout 0 --workers 2")
        #expect((Self.signals(daemon.pid, "SigIgn") ?? 0) & 1 << (signal - 1) != 0)
        daemon.signal(signal)
        daemon.signal(signal)
        let state = try home.run("orchctl run -- grep ^Sig /proc/self/status")
        #expect(
            state.output.contains("SigIgn:\t0000000000000000") && state.output.contains("SigBlk:\t0000000000000000"), "\(state)"
        )

        // The client likewise: it follows to the end.
        let client = try Program(
            [
                "/bin/bash", "-c",
                "exec env --ignore-signal=\(name) orchctl run -- sh -c 'echo > ~/on; until [ -e ~/go ]; do sleep 0.02; done'",
            ],
            environment: ["HOME": home.path, "PATH": "\(Program.folder):/usr/bin:/bin"], directory: home.path, descriptors: [])
        try #require(home.directory).wait(for: "on")
        client.signal(signal)
        try Data().write(to: URL(filePath: home.path + "/go"))
        #expect(try client.wait() == 0)
        try home.end(daemon, signal: signal == SIGTERM ? SIGINT : SIGTERM)
    }

    /// Without that, what orchd(8) says: SIGHUP is SIGTERM.
    @Test func aHangupDrains() throws {
        let home = try Home()
        try home.end(home.daemon(), signal: SIGHUP)
        #expect(home.log.contains("draining"))
    }

    // MARK: The environment

    /// What the starter of a daemon and that of a client may find in XDG_RUNTIME_DIR.
    private static func runtimes(_ home: Home) throws -> [String?] {
        let own = home.path + "/runtime"
        let foreign = home.path + "/foreign"
        let open = home.path + "/open"
        for directory in [own, foreign, open] { mkdir(directory, 0o700) }
        chown(foreign, 65_534, 65_534)
        chmod(open, 0o777)
        return [own, nil, "", "runtime", foreign, open, home.path + "/not-there"]
    }

    private static func variables(_ runtime: String?) -> [String: String] { runtime.map { ["XDG_RUNTIME_DIR": $0] } ?? [:] }

    /// In whatever session, or none, either was started.
    @Test func theDaemonIsFoundFromEverywhere() throws {
        let home = try Home()
        let runtimes = try Self.runtimes(home)
        for runtime in runtimes {
            let daemon = try home.daemon("exec orchd run --drain-timeout 0 --workers 1", Self.variables(runtime))
            for other in runtimes {
                let found = try home.run("orchctl run -- echo hi", Self.variables(other))
                #expect(found.status == 0 && found.output == "hi\n", "\(runtime ?? "-") and \(other ?? "-"): \(found)")
                let doctor = try home.run("orchctl doctor --json", Self.variables(other))
                #expect(doctor.output.contains(#""detail":"orchd "#), "\(doctor)")
            }
            let socket = home.path + "/runtime/orchd.sock"
            #expect((access(socket, F_OK) == 0) == (runtime == home.path + "/runtime"))
            try home.end(daemon)
            #expect(access(socket, F_OK) != 0 && access(home.path + "/.local/state/orchd/orchd.sock", F_OK) != 0)
        }
        // Nothing was put where it must not be trusted.
        for name in ["foreign", "open"] {
            #expect(try FileManager.default.contentsOfDirectory(atPath: home.path + "/" + name).isEmpty)
        }
    }

    /// A socket that a dead daemon has left does not hide one that lives; nor does a link to one.
    @Test func aDeadSocketHidesNobody() throws {
        let home = try Home()
        let session = Self.variables(try Self.runtimes(home)[0])
        let dead = try home.daemon("exec orchd run --workers 1", session, client: session)
        dead.signal(SIGKILL)
        try dead.wait()
        try eventually("the end of its children") { processesNaming(home.path).isEmpty }
        let daemon = try home.daemon()
        #expect(try home.run("orchctl run -- echo hi", session).output == "hi\n")
        try home.end(daemon)
    }

    /// A variable that is empty is one that is not set.
    @Test(arguments: [
        "HOME", "USER", "LOGNAME", "SHELL", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "ORCHD_SOCKET", "WORKERS",
        "POLL_INTERVAL", "MAX_IDLE_TIME", "OPENCLAW_BIN", "DISCORD_CHANNEL", "DISCORD_TOKEN_FILE", "PATH", "NO_COLOR",
        "COLUMNS", "TERM", "TZ",
    ]) func anEmptyVariableIsNotSet(_ name: String) throws {
        let home = try Home()
        let own = name == "HOME" ? "--state-dir ~/s --socket ~/s/sock" : ""
        let socket = name == "HOME" ? " --socket \(home.path)/s/sock" : ""
        let (orchd, orchctl) = (Program.folder + "/orchd", Program.folder + "/orchctl")
        func tried(_ change: String) throws -> String {
            let script =
                "home=$HOME; cd $home; mkdir -p s; \(change); exec \(orchd) run --drain-timeout 0 \(own.replacing("~", with: "$home")) > $home/ready"
            let log = open(home.path + "/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
            defer { close(log) }
            let program = try Program(
                ["/bin/bash", "-c", script], environment: ["HOME": home.path, "PATH": "/usr/bin:/bin"], directory: home.path,
                descriptors: [log, log, log])
            try eventually("ready; it said \(home.log)") { home.directory?.text("ready")?.hasSuffix("\n") ?? program.hasEnded }
            let ready = home.directory?.text("ready") ?? ""
            let task = try home.run(
                "\(change); \(orchctl) run\(socket) -- /usr/bin/env | /bin/grep -v -e ORCH_ -e ^PWD= -e ^SHLVL= -e ^_= | /usr/bin/sort"
            )
            try home.end(program)
            unlink(home.path + "/ready")
            return ready + task.output + task.error
        }
        #expect(try tried("export \(name)=") == tried("unset \(name)"))
    }

    /// It would stand for the directory in which a program is started.
    @Test(
        arguments: [
            "orchd run --state-dir ''", "orchd run --state-dir=", "orchd run --socket ''", "orchd run --config ''",
            "orchd check --config ''",
            "orchd check --state-dir ''", "orchd policy --config=", "orchd restore ''", "orchd ''",
            "orchctl --socket '' status",
        ])
    func anEmptyOptionIsAnError(_ words: String) throws {
        let home = try Home()
        let result = try home.run("\(Program.folder)/\(words)")
        #expect(result.status == 64 || result.status == 2, "\(result)")
        #expect(result.output.isEmpty && result.error.contains("is empty"), "\(result)")
        #expect(try home.run("ls -A").output.isEmpty)
    }

    /// Neither time nor memory grows with what nobody needs.
    @Test func tooManyArgumentsAreRefusedAtOnce() throws {
        let result = try Home().run("\(Program.folder)/orchd check $(yes -- --state-dir=x | head -20000)")
        #expect(result.status == 64 && result.error.contains("20001 arguments, and it takes at most 100"), "\(result)")
    }

    /// As a login would have it, whatever the starter has.
    @Test func aTaskHasTheAccountsHome() throws {
        let home = try Home()
        let state = "--state-dir \(home.path)/s --socket \(home.path)/s/sock"
        let entry = try #require(getpwuid(geteuid()))
        let (name, place) = (String(cString: entry.pointee.pw_name), String(cString: entry.pointee.pw_dir))
        for (given, expected) in [("", place), ("HOME=relative", place), ("HOME=/tmp", "/tmp")] {
            let daemon = try Program(
                ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin"] + (given.isEmpty ? [] : [given]) + ["USER=somebody-else"]
                    + [Program.folder + "/orchd", "run", "--drain-timeout", "0"] + state.split(separator: " ").map(String.init),
                environment: [:], descriptors: [])
            try eventually("a daemon that answers") { try home.run("orchctl status --socket ~/s/sock").status == 0 }
            let script = "orchctl run --socket ~/s/sock -- sh -c 'echo $HOME $USER $LOGNAME; echo $SHELL'"
            let lines = try home.run(script).output.split(separator: "\n")
            #expect(lines.first.map(String.init) == "\(expected) \(name) \(name)" && lines.count == 2, "\(given): \(lines)")
            try home.end(daemon)
        }
    }
}
