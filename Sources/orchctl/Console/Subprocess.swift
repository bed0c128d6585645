import Foundation
import Glibc
import Text

/// A program that runs beside us, found in PATH, and all that it prints.
final class Subprocess {
    private let pid: pid_t
    private let pipe: Int32
    private var bytes: [UInt8] = []
    private var isOpen = true

    convenience init(_ arguments: [String]) throws { try self.init(arguments.map { ByteString($0) }) }

    /// - Parameter path: the `PATH` that it sees, where that is not ours.
    init(_ arguments: [ByteString], path: ByteString? = nil) throws {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw Self.failure(arguments.first, errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[1]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO)
        var strings: [UnsafeMutablePointer<CChar>?] = arguments.map { $0.withCString { strdup($0) } } + [nil]
        defer { strings.forEach { free($0) } }
        var environment = Self.environment(path)
        defer { environment.forEach { free($0) } }
        var pid: pid_t = 0
        guard let program = strings[0] else { throw Self.failure(arguments.first, ENOENT) }
        let error = posix_spawnp(&pid, program, &actions, nil, &strings, &environment)
        guard error == 0 else {
            close(ends[0])
            throw Self.failure(arguments.first, error)
        }
        self.pid = pid
        pipe = ends[0]
    }

    deinit { close(pipe) }

    /// Our environment, for C.
    private static func environment(_ path: ByteString?) -> [UnsafeMutablePointer<CChar>?] {
        var variables = ProcessText.environment
        if let path { variables = variables.filter { !$0.hasPrefix("PATH=") } + ["PATH=\(path)"] }
        return variables.map { $0.withCString { strdup($0) } } + [nil]
    }

    /// Ends it at once, for one whose output nobody wants any more.
    func kill() {
        Glibc.kill(pid, SIGKILL)
        _ = result()
    }

    private static func failure(_ program: ByteString?, _ error: Int32) -> Failure {
        Failure(.failed, "cannot run \((program ?? "").shellQuoted()): \(String(cString: strerror(error)))")
    }

    /// Takes what it has printed since, for at most this number of milliseconds. It has ended when its output has.
    func hasEnded(within milliseconds: Int32 = 0) -> Bool {
        var room = [UInt8](repeating: 0, count: 4096)
        while isOpen {
            var entry = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, milliseconds) > 0 else { return false }
            let count = read(pipe, &room, room.count)
            if count > 0 {
                bytes += room[..<count]
            } else if count == 0 || errno != EINTR {
                isOpen = false
            }
        }
        return true
    }

    /// Waits for its end; its exit status and what it printed.
    func result() -> (status: Int32, output: String) {
        while !hasEnded(within: -1) {}
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return (status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F, String(decoding: bytes, as: UTF8.self))
    }

    /// Executes another program in place of this one. Returns only by throwing.
    static func become(_ arguments: [String]) throws {
        var strings: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        execvp(arguments[0], &strings)
        throw failure(arguments.first.map { ByteString($0) }, errno)
    }

    /// What a program prints; nil where it cannot be run, or fails.
    static func output(of arguments: [String]) -> String? {
        guard let (status, output) = try? Subprocess(arguments).result(), status == 0 else { return nil }
        return output
    }
}
