import CLinux
import Engine
import Glibc
import Text

/// One of the two processes of a foreground run.
struct ChildProcess {
    let pid: pid_t
    private let pidfd: Int32

    /// How it ended.
    struct Ending {
        var pid: pid_t
        /// The exit status, or 128 and the signal.
        var status: Int32
    }

    /// Starts a program in a session of its own, so that the terminal's Ctrl-C reaches only the launcher.
    ///
    /// - Throws: `StartError`.
    ///
    /// - Parameter descriptors: what the program is to find as its descriptors from 3 on.
    init(_ program: ByteString, _ arguments: [String], environment: [ByteString], descriptors own: [Int32]) throws {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        var descriptors = [
            spawn_descriptor(from: null, to: 0), spawn_descriptor(from: null, to: 1), spawn_descriptor(from: 2, to: 2),
        ]
        descriptors += own.enumerated().map { spawn_descriptor(from: $1, to: Int32($0 + 3)) }
        var result = spawn_result()
        let isStarted = withStrings([program]) { candidates in
            withStrings([program] + arguments.map { ByteString($0) }) { arguments in
                withStrings(environment) { environment in
                    descriptors.withUnsafeBufferPointer { descriptors in
                        candidates.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: 2) { candidates in
                            var request = spawn_request()
                            request.candidates = UnsafePointer(candidates)
                            request.arguments = UnsafePointer(arguments)
                            request.environment = UnsafePointer(environment)
                            request.descriptors = descriptors.baseAddress
                            request.descriptor_count = descriptors.count
                            request.umask = 0o077
                            request.cgroup = -1
                            // Our starter had us ignore signals that we need to end and upgrade our children.
                            request.default_signals = true
                            return spawn_process(&request, &result)
                        }
                    }
                }
            }
        }
        guard isStarted else {
            throw StartError("cannot start \(program.shellQuoted()): \(String(cString: strerror(result.error)))")
        }
        pid = result.pid
        pidfd = result.pidfd
    }

    func signal(_ number: Int32) { _ = linux_pidfd_signal(pidfd, number) }

    func release() { close(pidfd) }

    /// Waits for its end, and returns its exit status, or 128 and the signal; ends it where it takes too long.
    func end(within milliseconds: Int32 = 30_000) -> Int32 {
        defer { release() }
        var entry = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
        if poll(&entry, 1, milliseconds) == 0 { signal(SIGKILL) }
        var ended = linux_exit()
        guard linux_wait_pidfd(pidfd, true, &ended) == 1 else { return 1 }
        return ended.signalled ? 128 + ended.code : ended.code
    }

    /// Takes the exit status of any child that has one: these two, and the tasks' processes where the supervisor is gone.
    static func reap() -> Ending? {
        var status: Int32 = 0
        let pid = waitpid(-1, &status, WNOHANG)
        guard pid > 0 else { return nil }
        let signal = status & 0x7F
        return Ending(pid: pid, status: signal == 0 ? status >> 8 & 0xFF : 128 + signal)
    }
}

/// A NULL-terminated array of C strings that lives as long as the body runs.
private func withStrings<R>(
    _ strings: [ByteString], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
    let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() { pointers[index] = string.withCString { strdup($0) } }
    pointers[strings.count] = nil
    defer {
        for index in strings.indices { free(pointers[index]) }
        pointers.deallocate()
    }
    return body(pointers)
}
