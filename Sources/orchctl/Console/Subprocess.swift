import Glibc
import Platform
import Text

/// A program that runs beside us, found in PATH, and all that it prints.
final class Subprocess {
    private let process: SpawnedProcess
    private let pipe: Descriptor
    private var bytes: [UInt8] = []
    private var isOpen = true

    /// Linux tells a process its umask only in exchange for a new one.
    private static let ownUmask: UInt32 = {
        let mask = umask(0o077)
        umask(mask)
        return UInt32(mask)
    }()

    convenience init(_ arguments: [String]) throws { try self.init(arguments.map { ByteString($0) }) }

    /// - Parameter path: the `PATH` that it sees, where that is not ours.
    init(_ arguments: [ByteString], path: ByteString? = nil) throws {
        let program = arguments.first ?? ""
        var plan = SpawnPlan(
            candidates: ProgramSearch.candidates(for: program, in: Environment.own.searchPath), arguments: arguments,
            environment: ProcessText.environment)
        if let path { plan.setVariables(["PATH=\(path)"]) }
        // It may ask its user for something, and do all that its user may.
        plan.keepsSession = true
        plan.noNewPrivileges = false
        plan.diesWithParent = false
        plan.umask = Self.ownUmask
        do {
            let null = try Descriptor(opening: "/dev/null", O_RDONLY)
            let (reader, writer) = try Descriptor.pipe(waits: true)
            plan.give(null, as: 0)
            plan.give(writer, as: 1)
            plan.give(writer, as: 2)
            pipe = reader
            process = try plan.start()
        } catch {
            throw Self.failure(program, (error as? SpawnError)?.code ?? (error as? SystemError)?.code ?? ENOENT)
        }
    }

    /// Ends it at once, for one whose output nobody wants any more.
    func kill() {
        process.signal(SIGKILL)
        _ = result()
    }

    private static func failure(_ program: ByteString, _ error: Int32) -> Failure {
        Failure(.failed, "cannot run \(program.shellQuoted()): \(SystemError.text(error))")
    }

    /// Takes what it has printed since, for at most this number of milliseconds. It has ended when its output has.
    func hasEnded(within milliseconds: Int32 = 0) -> Bool {
        var room = [UInt8](repeating: 0, count: 4096)
        while isOpen {
            var entry = pollfd(fd: pipe.number, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, milliseconds) > 0 else { return false }
            let count = read(pipe.number, &room, room.count)
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
        return (process.end(), String(decoding: bytes, as: UTF8.self))
    }

    /// Executes another program in place of this one. Returns only by throwing.
    static func become(_ arguments: [String]) throws {
        var strings: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        execvp(arguments[0], &strings)
        throw failure(ByteString(arguments[0]), errno)
    }

    /// What a program prints; nil where it cannot be run, or fails.
    static func output(of arguments: [String]) -> String? {
        guard let (status, output) = try? Subprocess(arguments).result(), status == 0 else { return nil }
        return output
    }
}
