import CLinux
import Glibc
import Platform
import TestSupport

@testable import Supervision
@testable import SupervisorLink

/// A real supervisor in a directory of its own, ended with the test.
final class Fixture {
    let directory: String
    private let options: [String]
    private let environment: [ByteString]
    private let descriptorLimit: UInt64?
    private(set) var pid: pid_t = 0
    private var process: SpawnedProcess?
    private var lastAttempt: UInt64 = 0

    static let hasCgroups = access("/sys/fs/cgroup/unified/cgroup.procs", W_OK) == 0 && geteuid() == 0

    /// What it is started as, and executes again.
    private let program: String

    /// - Parameter program: another path of the supervisor's program.
    init(
        cgroups: Bool = false, options: [String] = [], environment: [ByteString] = [], descriptorLimit: UInt64? = nil,
        program: String = Fixture.program
    ) throws {
        var template = Array("/tmp/orchd-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw TestFailure("mkdtemp") }
        directory = String(cString: made)
        chmod(directory, 0o755)
        let name = directory.split(separator: "/").last ?? ""
        self.options = options + ["--cgroup", cgroups ? "/sys/fs/cgroup/unified/\(name)" : "none"]
        self.environment = environment
        self.program = program
        self.descriptorLimit = descriptorLimit
        try start()
    }

    var link: String { directory + "/link" }

    /// The supervisor's program, beside that of the tests.
    static let program: String = {
        var executable = [CChar](repeating: 0, count: 4096)
        readlink("/proc/self/exe", &executable, executable.count - 1)
        let path = String(decoding: executable.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = path.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        return (getenv("ORCHD_SUPERVISOR").map { String(cString: $0) }) ?? folder + "/orchd-supervisor"
    }()

    func start() throws {
        var ready: [Int32] = [0, 0]
        guard pipe(&ready) == 0 else { throw TestFailure("pipe") }
        defer { close(ready[0]) }
        var plan = SpawnPlan(
            candidates: [ByteString(program)],
            arguments: ([
                program, "--link", link, "--state-dir", directory + "/state", "--work-dir", directory + "/work",
                "--ready-fd", "3",
            ] + options).map { ByteString($0) },
            environment: ["PATH=/usr/bin:/bin", "HOME=/home/own"] + environment
                + sanitizerOptions.map { "\($0.key)=\($0.value)" })
        plan.descriptors = [spawn_descriptor(from: ready[1], to: 3), spawn_descriptor(from: 2, to: 2)]
        if let descriptorLimit {
            plan.limits = [spawn_limit(resource: 7, soft: descriptorLimit, hard: descriptorLimit)]
        }
        plan.diesWithParent = false
        plan.noNewPrivileges = false
        let process = try spawn(plan)
        close(ready[1])
        self.process = process
        pid = process.pid
        var byte: UInt8 = 0
        guard read(ready[0], &byte, 1) == 1 else { throw TestFailure("the supervisor did not start") }
    }

    /// Sends a signal and waits for the end.
    @discardableResult
    func end(_ signal: Int32) throws -> linux_exit {
        guard let process else { throw TestFailure("not running") }
        _ = linux_pidfd_signal(process.pidfd.number, signal)
        var ended = linux_exit()
        _ = linux_wait_pidfd(process.pidfd.number, true, &ended)
        self.process = nil
        return ended
    }

    func send(_ signal: Int32) { if let process { _ = linux_pidfd_signal(process.pidfd.number, signal) } }

    func engine(slots: UInt32 = 1) throws -> TestEngine {
        let engine = try TestEngine(connecting: link)
        try engine.greet()
        try engine.send(.slots(pool: "p", count: slots))
        return engine
    }

    func order(_ arguments: String..., configure: (inout LaunchOrder) -> Void = { _ in }) -> LaunchOrder {
        lastAttempt += 1
        var order = LaunchOrder(
            attempt: lastAttempt, name: "\(lastAttempt).1", pool: "p", arguments: arguments.map { ByteString($0) },
            environment: ["PATH=/usr/bin:/bin"])
        configure(&order)
        return order
    }

    func shell(_ script: String, configure: (inout LaunchOrder) -> Void = { _ in }) -> LaunchOrder {
        order("/bin/sh", "-c", script, configure: configure)
    }

    /// A new empty file, open for writing and reading.
    func file(_ name: String) throws -> Descriptor {
        try Descriptor(opening: directory + "/" + name, O_RDWR | O_CREAT, mode: 0o666)
    }

    var openDescriptors: Int {
        var count = 0
        guard let stream = opendir("/proc/\(pid)/fd") else { return -1 }
        defer { closedir(stream) }
        while readdir(stream) != nil { count += 1 }
        return count
    }

    deinit {
        if process != nil { _ = try? end(SIGTERM) }
        var plan = SpawnPlan(candidates: ["/bin/rm"], arguments: ["rm", "-rf", ByteString(directory)], environment: [])
        plan.diesWithParent = false
        if let process = try? spawn(plan) {
            var ended = linux_exit()
            _ = linux_wait_pidfd(process.pidfd.number, true, &ended)
        }
        let name = directory.split(separator: "/").last ?? ""
        for path in ["tasks", ""] { rmdir("/sys/fs/cgroup/unified/\(name)/\(path)") }
    }
}

/// Whether a process is there and is not a zombie.
func isAlive(_ pid: pid_t) -> Bool {
    guard let text = SmallFile.text("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return false }
    return !text[end...].hasPrefix(") Z") && !text[end...].hasPrefix(") X")
}

/// A file without a name.
func temporaryFile() throws -> Descriptor {
    var template = Array("/tmp/orchd-test-XXXXXX".utf8CString)
    let number = mkstemp(&template)
    unlink(template)
    return try Descriptor(number >= 0 ? fcntl(number, F_SETFD, FD_CLOEXEC) + number : -errno, "mkstemp")
}
