import Foundation
import Glibc

/// The programs as somebody starts them from a shell: in a home of their own, with nothing in the environment but that and PATH.
final class Home {
    let directory = try? Directory()
    let path: String
    private var daemons: [Program] = []

    init() throws {
        guard let directory else { throw Failure("no directory") }
        path = directory.path
    }

    deinit { daemons.forEach { $0.signal(SIGTERM) } }

    private func environment(_ more: [String: String]) -> [String: String] {
        ["HOME": path, "PATH": "\(path)/bin:\(Program.folder):/usr/local/bin:/usr/bin:/bin"].merging(more) { $1 }
    }

    /// Lets another user in: into this home, and to programs that are in it. Those that were built may be in a directory that
    /// only this user may enter.
    func letOthersIn() throws {
        chmod(path, 0o777)
        let programs = ["orchd", "orchd-supervisor", "orchctl"].map { "'\(Program.folder)/\($0)'" }.joined(separator: " ")
        // A link takes no room, where both are on one file system.
        let result = try run("mkdir -p bin && { cp -l \(programs) bin 2> /dev/null || cp \(programs) bin; }")
        guard result.status == 0 else { throw Failure("no copies of the programs: \(result)") }
    }

    /// Runs a script, and takes what it prints.
    @discardableResult
    func run(_ script: String, _ more: [String: String] = [:], input: Int32? = nil) throws -> Daemon.Result {
        let (output, error) = (try Capture(), try Capture())
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(null) }
        let program = try Program(
            ["/bin/bash", "-c", script], environment: environment(more), directory: path,
            descriptors: [null, output.writer, error.writer])
        output.closeWriter()
        error.closeWriter()
        try output.readAll(and: error)
        return Daemon.Result(status: try program.wait(), bytes: output.bytes, errorBytes: error.bytes)
    }

    /// Starts a script that becomes an `orchd run`, and waits until a client finds it.
    ///
    /// - Parameter client: what is to be in the environment of that client.
    func daemon(
        _ script: String = "exec orchd run --drain-timeout 0 --workers 2", _ more: [String: String] = [:],
        client: [String: String] = [:]
    ) throws -> Program {
        let log = open("\(path)/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { [log, null].forEach { close($0) } }
        let program = try Program(
            ["/bin/bash", "-c", script], environment: environment(more), directory: path, descriptors: [null, log, log])
        daemons.append(program)
        try eventually("a daemon that answers; it said: \(self.log)") {
            if program.hasEnded { throw Failure("the daemon ended with \(try program.wait()): \(self.log)") }
            return try run("orchctl status", client).status == 0
        }
        return program
    }

    /// What the daemons have said.
    var log: String { directory?.text("log") ?? "" }

    /// Ends a daemon, with the tasks that it has, and sees to it that nothing is left of it.
    func end(_ daemon: Program, signal: Int32 = SIGTERM) throws {
        daemon.signal(signal)
        try daemon.wait()
        try eventually("the end of all processes; left are \(processesNaming(path).map(describe))") {
            processesNaming(path).isEmpty
        }
    }
}
