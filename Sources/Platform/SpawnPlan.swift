import CLinux
import Glibc
import Text

/// Whom a process runs as.
public struct Identity: Equatable, Sendable {
    public let user: UInt32
    public let group: UInt32
    public let supplementary: [UInt32]

    public init(user: UInt32, group: UInt32, supplementary: [UInt32]) {
        self.user = user
        self.group = group
        self.supplementary = supplementary
    }
}

/// A process to start, all decisions taken.
public struct SpawnPlan {
    /// The paths to execute, tried in order.
    public var candidates: [ByteString]
    public var arguments: [ByteString]
    /// `NAME=value`.
    public var environment: [ByteString]
    /// Directories to be made for it.
    public var workspace: [String]
    public var directory: ByteString?
    /// Descriptors of ours and their numbers in the child.
    public var descriptors: [spawn_descriptor] = []
    private var held: [Descriptor] = []
    public var limits: [spawn_limit] = []
    /// Nil for our own.
    public var identity: Identity?
    public var umask: UInt32 = 0o077
    public var nice: Int32?
    public var oomScore: Int32?
    public var noNewPrivileges = true
    /// Where alone it may write; nil for wherever its user may.
    public var writable: [String]?
    public var hasNetwork = true
    public var diesWithParent = true
    /// Whether it stays in our session, with its terminal.
    public var keepsSession = false
    /// Whether it obeys also those signals that we ignore.
    public var defaultSignals = false
    public var cgroup: Descriptor?
    public var avoidsClone3 = false

    public init(
        candidates: [ByteString], arguments: [ByteString], environment: [ByteString], workspace: [String] = [],
        directory: ByteString? = nil
    ) {
        self.candidates = candidates
        self.arguments = arguments
        self.environment = environment
        self.workspace = workspace
        self.directory = directory
    }

    /// Gives it a descriptor of ours under a number, and holds it open until then.
    public mutating func give(_ descriptor: Descriptor, as number: Int32) {
        descriptors.append(spawn_descriptor(from: descriptor.number, to: number))
        held.append(descriptor)
    }

    /// Sets variables, of the form `NAME=value`, in place of those of the same names.
    public mutating func setVariables(_ variables: [ByteString]) {
        guard !variables.isEmpty else { return }
        let names = variables.compactMap { variable in variable.cut(at: "=").map { $0.before + "=" } }
        environment.removeAll { given in names.contains { given.hasPrefix($0) } }
        environment += variables
    }

    /// Starts it, and returns when its program has been executed.
    public func start() throws(SpawnError) -> SpawnedProcess {
        assert(Set(descriptors.map(\.to)).count == descriptors.count, "no number in the child is given twice")
        assert(!arguments.isEmpty, "a program finds its own name as the first argument")
        var strings = CStrings()
        let candidates = strings.add(candidates)
        let arguments = strings.add(arguments)
        let environment = strings.add(environment)
        let workspace = strings.add(workspace.map { ByteString($0) })
        let directory = directory.map { strings.add([$0]) }
        let writable = writable.map { strings.add($0.map { ByteString($0) }) }

        var result = spawn_result()
        let succeeded = strings.withPointers { pointers in
            func list(_ index: Int) -> UnsafePointer<UnsafePointer<CChar>?> {
                UnsafeRawPointer(pointers + index).assumingMemoryBound(to: UnsafePointer<CChar>?.self)
            }
            return descriptors.withUnsafeBufferPointer { descriptors in
                limits.withUnsafeBufferPointer { limits in
                    (identity?.supplementary ?? []).withUnsafeBufferPointer { groups in
                        var request = spawn_request()
                        request.candidates = list(candidates)
                        request.arguments = UnsafePointer(pointers + arguments)
                        request.environment = UnsafePointer(pointers + environment)
                        request.workspace = list(workspace)
                        request.directory = directory.flatMap { UnsafePointer(pointers[$0]) }
                        request.descriptors = descriptors.baseAddress
                        request.descriptor_count = descriptors.count
                        request.limits = limits.baseAddress
                        request.limit_count = limits.count
                        if let identity {
                            request.switch_user = true
                            request.user = identity.user
                            request.group = identity.group
                            request.groups = groups.baseAddress
                            request.group_count = groups.count
                        }
                        request.umask = umask
                        request.set_nice = nice != nil
                        request.nice = nice ?? 0
                        request.set_oom_score = oomScore != nil
                        request.oom_score = oomScore ?? 0
                        request.no_new_privileges = noNewPrivileges
                        request.writable = writable.map { list($0) }
                        request.no_network = !hasNetwork
                        request.die_with_parent = diesWithParent
                        request.keep_session = keepsSession
                        request.default_signals = defaultSignals
                        request.cgroup = cgroup?.number ?? -1
                        request.avoid_clone3 = avoidsClone3
                        return spawn_process(&request, &result)
                    }
                }
            }
        }
        guard succeeded else { throw SpawnError(step: UInt8(clamping: result.step.rawValue), code: result.error) }
        return SpawnedProcess(pid: result.pid, pidfd: Descriptor(result.pidfd))
    }
}

/// Why a process was not started: the step, by its number in `clinux_spawn.h`, and its errno.
public struct SpawnError: Error, Equatable {
    public let step: UInt8
    public let code: Int32
}

/// A child of ours, held by a descriptor.
public struct SpawnedProcess: Sendable {
    public let pid: pid_t
    public let pidfd: Descriptor

    public func signal(_ number: Int32) { _ = linux_pidfd_signal(pidfd.number, number) }

    /// Waits for its end, and kills it after `milliseconds`; without limit if that is negative.
    ///
    /// - Returns: its exit status, or 128 and the signal; 1 if somebody else has taken the status.
    public func end(within milliseconds: Int32 = -1) -> Int32 {
        var entry = pollfd(fd: pidfd.number, events: Int16(POLLIN), revents: 0)
        if milliseconds >= 0, poll(&entry, 1, milliseconds) == 0 { signal(SIGKILL) }
        var ended = linux_exit()
        guard linux_wait_pidfd(pidfd.number, true, &ended) == 1 else { return 1 }
        return ended.signalled ? 128 + ended.code : ended.code
    }
}

/// Where a program may be, as execvp(3) has it.
public enum ProgramSearch {
    /// The `PATH` for a program whose environment has none.
    public static let defaultPath: ByteString = "/usr/local/bin:/usr/bin:/bin"

    /// The paths to try in turn. Relative entries of `PATH` are left out: they would mean whatever directory the program is started in.
    public static func candidates(for program: ByteString, in path: ByteString) -> [ByteString] {
        if program.contains("/") { return [program] }
        return path.bytes.split(separator: UInt8(ascii: ":")).filter { $0.first == UInt8(ascii: "/") }.map {
            ByteString($0) + "/" + program
        }
    }

    /// The same with the `PATH` of an environment.
    public static func candidates(for program: ByteString, environment: [ByteString]) -> [ByteString] {
        let path = environment.last { $0.hasPrefix("PATH=") }.map { ByteString($0.bytes.dropFirst(5)) }
        return candidates(for: program, in: path ?? defaultPath)
    }

    /// Whether it can be executed, as far as this user can tell.
    public static func isProgram(_ file: ByteString) -> Bool {
        file.withCString { file in
            var status = stat()
            return stat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(file, X_OK) == 0
        }
    }
}

/// Strings as the kernel wants them: one block of bytes, and lists of pointers into it that each end with a null pointer.
private struct CStrings {
    private var bytes: [CChar] = []
    /// Where each string starts; nil ends a list.
    private var offsets: [Int?] = []

    /// Adds a list; returns the index of its first pointer.
    mutating func add(_ list: [ByteString]) -> Int {
        let start = offsets.count
        for string in list {
            offsets.append(bytes.count)
            bytes.append(contentsOf: string.bytes.lazy.map { CChar(bitPattern: $0) })
            bytes.append(0)
        }
        offsets.append(nil)
        return start
    }

    mutating func withPointers<R>(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R) -> R {
        bytes.withUnsafeMutableBufferPointer { bytes in
            let base = bytes.baseAddress
            var pointers = offsets.map { offset in offset.flatMap { base?.advanced(by: $0) } }
            return pointers.withUnsafeMutableBufferPointer { buffer in
                // There is always at least the end of one list.
                withUnsafeMutablePointer(to: &buffer[0]) { body($0) }
            }
        }
    }
}
