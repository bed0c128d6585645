import CLinux
import Foundation
import Glibc
import OrchClient
import OrchProtocol
import TestSupport
import Testing

/// A real `orchd run` in a directory of its own.
final class Daemon {
    let directory: Directory
    private(set) var launcher: Program
    private let arguments: [String]
    private let environment: [String: String]
    private let prefix: [String]
    /// The folder of the programs.
    private let programs: String
    private let limits: [Program.Limit]
    private let stateDirectory: String
    private var hasFinished = false

    /// Starts it and waits until it is ready.
    ///
    /// - Parameter pool: a file `pools.d/default.toml`; with it the run has a configuration instead of `--workers`.
    /// - Parameter prefix: a program and arguments in front of its own, which is to execute what follows.
    init(
        workers: Int = 2, pool: String? = nil, configuration: String = "", arguments: [String] = [],
        environment: [String: String] = [:], limits: [Program.Limit] = [], directory: Directory? = nil,
        stateDirectory: String? = nil, prefix: [String] = [], programs: String = Program.folder
    ) throws {
        let directory = try directory ?? Directory()
        self.directory = directory
        self.stateDirectory = stateDirectory ?? directory.file("state")
        self.limits = limits
        var own = ["--socket", directory.file("sock"), "--state-dir", self.stateDirectory]
        if let pool {
            try directory.write(pool, to: "pools.d/default.toml")
            own += ["--config", try directory.write(configuration, to: "orchd.toml")]
        } else {
            own += ["--workers", String(workers)]
        }
        self.arguments = ["run"] + own + arguments
        self.environment = Self.environment(directory).merging(environment) { $1 }
        self.prefix = prefix
        self.programs = programs
        launcher = try Self.start(prefix + [programs + "/orchd"] + self.arguments, self.environment, directory, limits)
    }

    deinit {
        guard !hasFinished else { return }
        // The test has failed, and its temporary directory goes: this says why, perhaps.
        print("What the daemon in \(directory.path) has said:\n\(log.suffix(4000))")
        launcher.signal(SIGTERM)
        launcher.signal(SIGINT)
        _ = try? launcher.wait(within: 30)
    }

    /// Tasks have the directory in their HOME, by which everything that belongs to this daemon can be told. The zone is that of the tests,
    /// which `make test` sets to one that is far from UTC.
    static func environment(_ directory: Directory) -> [String: String] {
        var variables = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": directory.path, "TMPDIR": directory.path, "LANG": "C.UTF-8",
        ]
        variables["TZ"] = ownZone
        return variables
    }

    private static func start(
        _ arguments: [String], _ environment: [String: String], _ directory: Directory,
        _ limits: [Program.Limit]
    ) throws -> Program {
        let output = try Capture()
        let log = open(directory.file("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { [log, null].forEach { close($0) } }
        let program = try Program(
            arguments, environment: environment, directory: directory.path,
            descriptors: [null, output.writer, log],
            limits: limits)
        output.closeWriter()
        let isReady = try output.read("the line that says ready") { $0.text.hasSuffix("\n") }
        guard isReady, output.text.hasPrefix("ready: socket \(directory.file("sock")), ") else {
            let status = try program.wait()
            throw NotStarted(status: status, message: directory.text("log") ?? "")
        }
        return program
    }

    /// The daemon has ended without ever being ready.
    struct NotStarted: Error, CustomStringConvertible {
        let status: Int32
        let message: String
        var description: String { "the daemon ended with status \(status): \(message)" }
    }

    /// Starts it again, in the same directory, after its end.
    func restart() throws {
        try launcher.wait()
        try start()
    }

    func start() throws {
        hasFinished = false
        launcher = try Self.start(prefix + [programs + "/orchd"] + arguments, environment, directory, limits)
    }

    // MARK: Its processes

    var socket: String { directory.file("sock") }
    /// What the three programs have said.
    var log: String { directory.text("log") ?? "" }

    var engine: pid_t { get throws { try child("orchd") } }
    var supervisor: pid_t { get throws { try child("orchd-supervisor") } }

    private func child(_ name: String) throws -> pid_t {
        try eventually("a process \(name)") {
            children(of: launcher.pid).first { contents("/proc/\($0)/comm") == name.prefix(15) + "\n" && isAlive($0) }
        }
    }

    /// Kills the engine; the launcher starts another.
    func killEngine() throws {
        let pid = try engine
        kill(pid, SIGKILL)
        try eventually("the end of the engine") { !isAlive(pid) }
    }

    /// Everything alive that belongs to this daemon.
    var processes: [pid_t] { processesNaming(directory.path) }

    // MARK: Talking to it

    func connect() throws -> Connection { try Connection(path: socket, patience: Int(patience)) }

    func call<P, A>(
        _ method: OrchProtocol.Method<P, A>, _ parameters: P, within seconds: Double = patience
    ) throws -> A { try method.decode(answer(to: Call(method, parameters), within: seconds)) }

    func call<A>(_ method: OrchProtocol.Method<NoParameters, A>) throws -> A { try call(method, NoParameters()) }

    func answer(to call: Call, within seconds: Double = patience) throws -> [UInt8] {
        do {
            let connection = try connect()
            return try connection.answer(to: connection.send(call), deadline: .now + .seconds(seconds))
        } catch ClientError.timedOut {
            throw Failure("no answer in \(seconds) s to \("\(call)".prefix(500))")
        }
    }

    func status() throws -> DaemonStatus { try call(.status) }
    func task(_ id: Int64) throws -> TaskRecord { try call(.get, GetParameters(id: id)) }

    @discardableResult
    func submit(_ command: String..., configure: (inout TaskSpec) -> Void = { _ in }) throws -> Int64 {
        var spec = TaskSpec(command: command)
        configure(&spec)
        return try submit([spec])[0]
    }

    @discardableResult
    func shell(_ script: String, configure: (inout TaskSpec) -> Void = { _ in }) throws -> Int64 {
        var spec = TaskSpec(command: ["/bin/sh", "-c", script])
        spec.cwd = directory.path
        configure(&spec)
        return try submit([spec])[0]
    }

    func submit(_ specs: [TaskSpec]) throws -> [Int64] {
        try call(.submit, .many(specs)).all.map(\.id)
    }

    /// Waits for the ends of tasks.
    @discardableResult
    func wait(_ ids: [Int64], within seconds: Double = patience) throws -> [TaskRecord] {
        try call(.wait, WaitParameters(ids: ids), within: seconds).tasks
    }

    /// The same, with all attempts in the record.
    func end(of id: Int64, within seconds: Double = patience) throws -> TaskRecord {
        try wait([id], within: seconds)
        return try task(id)
    }

    func orchctl(_ arguments: String..., input: [UInt8] = []) throws -> Result {
        try orchctl(arguments, input: input)
    }

    func orchctl(_ arguments: [String], input: [UInt8] = []) throws -> Result {
        try start(arguments, input: input).result()
    }

    func start(_ arguments: [String], input: [UInt8] = []) throws -> Running {
        var environment = environment
        environment["ORCHD_SOCKET"] = socket
        return try Running(arguments, environment: environment, directory: directory, input: input)
    }

    /// The same as another user, which root can be; ``openToAll()`` comes before it.
    func orchctl(as user: Int, _ arguments: [String]) throws -> Result {
        let environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "ORCHD_SOCKET": socket]
        let own = ["--reuid", "\(user)", "--regid", "\(user)", "--clear-groups", Program.folder + "/orchctl"] + arguments
        return try Running(own, of: "/usr/bin/setpriv", environment: environment, directory: directory, input: []).result()
    }

    /// Lets other users connect.
    func openToAll() {
        chmod(directory.path, 0o755)
        chmod(socket, 0o666)
    }

    // MARK: Its end

    /// Stops it at once, and sees to it that nothing is left: no process, no socket, nothing outside its directory.
    func finish(signal: Int32 = SIGINT, status: Int32 = 0) throws {
        checkFiles()
        launcher.signal(signal)
        #expect(try launcher.wait() == status)
        try expectNothingLeft()
    }

    func expectNothingLeft() throws {
        try expectProcessesEnd()
        #expect(!directory.has("sock"))
    }

    /// The same after a SIGKILL, which leaves the socket.
    func expectProcessesEnd() throws {
        hasFinished = true
        try eventually("the end of all processes; left are \(processes.map(describe))") { processes.isEmpty }
    }

    /// What the programs write to is in their directory, or no file.
    private func checkFiles() {
        for pid in [launcher.pid, try? engine, try? supervisor].compactMap(\.self) {
            let folder = "/proc/\(pid)/fd"
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
                guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)"),
                    target.hasPrefix("/"), !target.hasPrefix("/memfd:"), !target.hasPrefix("/dev/"),
                    let flags = contents("/proc/\(pid)/fdinfo/\(name)")?.split(separator: "\n")
                        .first(where: { $0.hasPrefix("flags:") })?.split(separator: "\t").last.flatMap({ Int32($0, radix: 8) }),
                    flags & O_ACCMODE != O_RDONLY
                else { continue }
                #expect(
                    target.hasPrefix(directory.path) || target.hasPrefix(stateDirectory),
                    "\(describe(pid)) writes to \(target)")
            }
        }
    }
}

func children(of pid: pid_t) -> [pid_t] {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
    return threads.flatMap { thread in
        (contents("/proc/\(pid)/task/\(thread)/children") ?? "").split(separator: " ").compactMap { pid_t($0) }
    }
}

/// The processes in whose environment, arguments or working directory a path occurs.
func processesNaming(_ path: String) -> [pid_t] {
    let pids = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
    return pids.filter { pid in
        guard pid != getpid(), isAlive(pid) else { return false }
        return ["environ", "cmdline"].contains { contents("/proc/\(pid)/\($0)")?.contains(path) ?? false }
            || (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd"))?.hasPrefix(path) ?? false
    }
}

func describe(_ pid: pid_t) -> String {
    "\(pid) (\((contents("/proc/\(pid)/cmdline") ?? "").replacing("\0", with: " ").prefix(120)))"
}

// MARK: orchctl

extension Daemon {
    struct Result {
        let status: Int32
        let bytes: [UInt8]
        let errorBytes: [UInt8]
        var output: String { String(decoding: bytes, as: UTF8.self) }
        var error: String { String(decoding: errorBytes, as: UTF8.self) }
        /// What `submit` prints off a terminal.
        var id: Int64 {
            get throws {
                guard status == 0, let id = Int64(output.dropLast()) else { throw Failure("no id: \(self)") }
                return id
            }
        }
    }

    /// An `orchctl` that runs.
    final class Running {
        let program: Program
        let output: Capture
        let error: Capture
        private let name: String

        init(
            _ arguments: [String], of name: String = "orchctl", environment: [String: String], directory: Directory,
            input: [UInt8]
        ) throws {
            self.name = ([name] + arguments).joined(separator: " ")
            output = try Capture()
            error = try Capture()
            let file = directory.file("input.\(UInt32.random(in: 0 ... .max))")
            try Data(input).write(to: URL(filePath: file))
            let stdin = open(file, O_RDONLY | O_CLOEXEC)
            unlink(file)
            defer { close(stdin) }
            program = try Program(
                [name.hasPrefix("/") ? name : Program.folder + "/" + name] + arguments, environment: environment,
                directory: directory.path,
                descriptors: [stdin, output.writer, error.writer])
            output.closeWriter()
            error.closeWriter()
        }

        func result() throws -> Result {
            // What it says on the other stream meanwhile must fit into the pipe, or be read as well.
            try output.readAll(and: error, of: name)
            return Result(status: try program.wait(), bytes: output.bytes, errorBytes: error.bytes)
        }
    }
}
