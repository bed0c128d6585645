import CLinux
import Foundation
import Glibc
import TestSupport

/// A program that a test has started. It is killed with the object, and with the test.
final class Program {
    let pid: pid_t
    private let pidfd: Int32
    private let name: String
    private var ended: linux_exit?

    struct Limit {
        var resource: UInt32
        var value: UInt64
        static func descriptors(_ count: UInt64) -> Limit { Limit(resource: 7, value: count) }
    }

    /// - Parameter descriptors: what the program has as its descriptors 0, 1, 2 and on.
    init(
        _ arguments: [String], environment: [String: String], directory: String = "/", descriptors: [Int32],
        limits: [Limit] = []
    ) throws {
        name = "\(arguments.joined(separator: " ").prefix(500))"
        let environment = environment.merging(sanitizerOptions) { own, _ in own }
        var strings = (arguments + environment.map { "\($0.key)=\($0.value)" } + [directory]).map { strdup($0) }
        defer { strings.forEach { free($0) } }
        let place = strings.removeLast()
        defer { free(place) }
        let argv = Array(strings.prefix(arguments.count)) + [nil]
        let envp = Array(strings.dropFirst(arguments.count)) + [nil]
        let candidates = [UnsafePointer(strings[0]), nil]
        let files = descriptors.enumerated().map { spawn_descriptor(from: $1, to: Int32($0)) }
        let bounds = limits.map { spawn_limit(resource: $0.resource, soft: $0.value, hard: $0.value) }
        var result = spawn_result()
        let isStarted = candidates.withUnsafeBufferPointer { candidates in
            argv.withUnsafeBufferPointer { argv in
                envp.withUnsafeBufferPointer { envp in
                    files.withUnsafeBufferPointer { files in
                        bounds.withUnsafeBufferPointer { bounds in
                            var request = spawn_request()
                            request.candidates = candidates.baseAddress
                            request.arguments = argv.baseAddress
                            request.environment = envp.baseAddress
                            request.directory = UnsafePointer(place)
                            request.descriptors = files.baseAddress
                            request.descriptor_count = files.count
                            request.limits = bounds.baseAddress
                            request.limit_count = bounds.count
                            request.umask = 0o022
                            request.cgroup = -1
                            request.die_with_parent = true
                            return spawn_process(&request, &result)
                        }
                    }
                }
            }
        }
        guard isStarted else { throw Failure("cannot start \(arguments[0]): \(String(cString: strerror(result.error)))") }
        pid = result.pid
        pidfd = result.pidfd
    }

    deinit {
        if ended == nil {
            _ = linux_pidfd_signal(pidfd, SIGKILL)
            _ = try? wait()
        }
        close(pidfd)
    }

    func signal(_ number: Int32) { _ = linux_pidfd_signal(pidfd, number) }

    var hasEnded: Bool {
        var event = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
        return ended != nil || poll(&event, 1, 0) > 0
    }

    /// Waits for the end; the exit status, or 128 and the signal.
    @discardableResult
    func wait(within seconds: Double = patience) throws -> Int32 {
        if ended == nil {
            var event = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
            guard poll(&event, 1, Int32(seconds * 1000)) > 0 else {
                throw Failure("`\(name)`, process \(pid), has not ended in \(seconds) s")
            }
            var it = linux_exit()
            guard linux_wait_pidfd(pidfd, true, &it) >= 0 else { throw Failure("cannot wait for `\(name)`, process \(pid)") }
            ended = it
        }
        return ended.map { Int32($0.signalled ? 128 + $0.code : $0.code) } ?? -1
    }

    /// Where the programs of this package are: beside the tests.
    static let folder: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = (own as NSString).deletingLastPathComponent
        if access(beside + "/orchd", X_OK) == 0 { return beside }
        // On other systems than ours the tests are a bundle that a runner loads.
        return CommandLine.arguments.first.map { ($0 as NSString).deletingLastPathComponent } ?? beside
    }()
}

/// A pipe whose reading end gathers what comes.
final class Capture {
    let writer: Int32
    private let reader: Int32
    private(set) var bytes: [UInt8] = []
    private var isOpen = true

    init() throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Failure("pipe: \(errno)") }
        (reader, writer) = (ends[0], ends[1])
    }

    /// Of something else than a pipe.
    init(reading descriptor: Int32) {
        (reader, writer) = (descriptor, -1)
        isOpen = false
    }

    deinit {
        close(reader)
        closeWriter()
    }

    /// To be called when whoever writes has the other end.
    func closeWriter() {
        if isOpen { close(writer) }
        isOpen = false
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Reads until the condition holds; false when the pipe has ended first.
    @discardableResult
    func read(_ what: String, within seconds: Double = patience, until condition: (Capture) -> Bool) throws -> Bool {
        let deadline = milliseconds() + seconds * 1000
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !condition(self) {
            var event = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
            guard poll(&event, 1, Int32(max(0, deadline - milliseconds()))) > 0 else {
                throw Failure("waited \(seconds) s in vain for \(what), and read: \(text.suffix(2000))")
            }
            let count = Glibc.read(reader, &buffer, buffer.count)
            guard count > 0 else { return false }
            bytes += buffer[..<count]
        }
        return true
    }

    /// Reads two to their ends.
    ///
    /// - Parameter program: whose they are, for a message.
    func readAll(and other: Capture, of program: String = "a program", within seconds: Double = patience) throws {
        let deadline = milliseconds() + seconds * 1000
        var open = [self, other]
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while !open.isEmpty {
            var events = open.map { pollfd(fd: $0.reader, events: Int16(POLLIN), revents: 0) }
            guard poll(&events, nfds_t(events.count), Int32(max(0, deadline - milliseconds()))) > 0 else {
                throw Failure(
                    """
                    waited \(seconds) s in vain for the end of `\(program.prefix(500))`, and read: \(text.suffix(2000))
                    and on the other stream: \(other.text.suffix(2000))
                    """)
            }
            for (capture, event) in zip(open, events) where event.revents != 0 {
                let count = Glibc.read(capture.reader, &buffer, buffer.count)
                if count > 0 { capture.bytes += buffer[..<count] } else { open.removeAll { $0 === capture } }
            }
        }
    }
}

/// Whether a process is there and has not ended.
func isAlive(_ pid: pid_t) -> Bool {
    guard let stat = contents("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return false }
    return !stat[end...].hasPrefix(") Z") && !stat[end...].hasPrefix(") X")
}

/// The seconds of processor time that a process has used, by /proc/PID/stat; nil for one that is gone.
func processorTime(of pid: pid_t) -> Double? {
    guard let stat = contents("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[end...].split(separator: " ").dropFirst().compactMap { Double($0) }
    // The state is no number, so that utime and stime, fields 14 and 15, are these.
    return fields.count > 11 ? (fields[10] + fields[11]) / Double(sysconf(Int32(_SC_CLK_TCK))) : nil
}

/// What the descriptors of a process are.
func links(of pid: pid_t) -> [String] {
    let folder = "/proc/\(pid)/fd"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") }
}

/// A file of /proc, as text.
func contents(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
}
