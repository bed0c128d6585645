import Text

/// Everything the supervisor needs to start an attempt. Who the process runs as is not in it: the supervisor takes that from
/// its own policy, by the name of the pool.
public struct LaunchOrder: LinkWritable, Equatable, Sendable {
    public struct ResourceLimit: LinkValue, Equatable, Sendable {
        /// RLIMIT_… of `setrlimit(2)`.
        public var resource: UInt32
        public var soft: UInt64
        public var hard: UInt64

        public init(resource: UInt32, soft: UInt64, hard: UInt64) {
            self.resource = resource
            self.soft = soft
            self.hard = hard
        }

        package func write(to writer: inout ByteWriter) { writer.write(resource, soft, hard) }

        package init(from reader: inout ByteReader) throws(LinkError) {
            resource = try reader.read()
            soft = try reader.read()
            hard = try reader.read()
        }
    }

    /// Programs are given no descriptor above this one, except the channel of a warm worker.
    public static let lastUsualDescriptor: Int32 = 5

    /// An argument, and the number of bytes before the place.
    public struct SocketPlace: LinkValue, Equatable, Sendable {
        public var argument: UInt32
        public var offset: UInt32

        public init(argument: UInt32, offset: UInt32) {
            self.argument = argument
            self.offset = offset
        }

        package func write(to writer: inout ByteWriter) { writer.write(argument, offset) }

        package init(from reader: inout ByteReader) throws(LinkError) {
            argument = try reader.read()
            offset = try reader.read()
        }
    }

    public static let mostSocketPlaces = 64

    /// Grows from order to order, and is never used again: the supervisor refuses one that is not above all it has heard of.
    public var attempt: UInt64
    /// `task.number`, like `42.1`, or `w` and a number, like `w7`: names the workspace and the cgroup.
    public var name: String
    public var pool: String
    /// The program as the user wrote it, and its arguments. Looked up in the `PATH` of `environment` where it has no slash.
    public var arguments: [ByteString]
    /// `NAME=value`. The supervisor adds `ORCH_WORKER`, `ORCH_WORKSPACE`, `ORCH_RESULT_FILE` and
    /// `ORCH_RESULT_DIR`, which only it knows.
    public var environment: [ByteString] = []
    /// An absolute path; empty for the workspace that the supervisor makes.
    public var directory: ByteString = ""
    public var umask: UInt32 = 0o077
    /// −20 to 19.
    public var nice: Int32 = 0
    /// −1000 to 1000; the supervisor refuses one below its own.
    public var oomScoreAdjust: Int32 = 0
    public var noNewPrivileges = true
    public var limits: [ResourceLimit] = []
    /// The descriptors that come with the message, in order: the number that each has in the child. Without 0, its standard
    /// input is /dev/null; without 1 or 2, so is that output.
    public var descriptors: [Int32] = []
    /// The limits of the attempt's cgroup. The supervisor refuses what is above its policy.
    public var controls: [CgroupControl: UInt64] = [:]
    /// The absolute path of a git repository: the attempt works in a new worktree of it, `tree` in its workspace, on the branch that
    /// `ORCH_BRANCH` in its environment names, or else ``WorkspacePaths/branch(of:)``.
    public var repository: String?
    /// What the kernel keeps its processes from. The supervisor refuses one that lets through more than its policy.
    public var sandbox = Sandbox()
    /// Secrets that it gets, where no policy says which.
    public var credentials: [CredentialGrant] = []
    /// Who submitted its task, for a pool that runs tasks as that user. The supervisor refuses whom its policy does not list.
    public var submitter: UInt32?
    /// Which of its descriptors has the files that came with its task: they are put into its workspace before the program runs.
    public var files: Int32?
    /// Whether it gets a door: a listening socket of its own, whose path is in its `ORCHD_SOCKET`. The supervisor refuses one that its
    /// policy gives none.
    public var hasDoor = false
    /// Where in its arguments the path of its door is put, the first of them first.
    public var socketPlaces: [SocketPlace] = []
    /// The number in the child of its end of a new pair of stream sockets. The supervisor keeps the other end for
    /// the engine, and for every later one.
    public var channel: Int32?

    /// From which version of the link on it can be given: until version 4 every string had to be UTF-8, and there were neither files nor doors.
    public var since: UInt32 {
        let isText = [[directory], arguments, environment].allSatisfy { $0.allSatisfy(\.isText) }
        return isText && form != .equipped ? LinkProtocol.oldestVersion : 5
    }

    /// Where its workspace is, see ``WorkspacePaths``.
    public var folder: String { WorkspacePaths.folder(pool: pool, user: submitter) }

    /// Its arguments with the path of its door where it belongs.
    public func arguments(withDoorAt path: ByteString) -> [ByteString] {
        var filled = arguments
        // From the last to the first, so that what is put in moves no other place.
        for place in socketPlaces.reversed() {
            var bytes = filled[Int(place.argument)].bytes
            bytes.insert(contentsOf: path.bytes, at: Int(place.offset))
            filled[Int(place.argument)] = ByteString(bytes)
        }
        return filled
    }

    /// What comes after the fields that every order has.
    enum Form { case plain, worker, full, equipped }

    var form: Form {
        guard files == nil, !hasDoor else { return .equipped }
        guard controls.isEmpty, repository == nil, sandbox.isNone, credentials.isEmpty, submitter == nil else {
            return .full
        }
        return channel == nil ? .plain : .worker
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(attempt, name, pool, arguments, environment, directory, umask, nice, oomScoreAdjust, noNewPrivileges)
        writer.write(limits, descriptors)
        switch form {
        case .plain: break
        case .worker: if let channel { writer.write(channel) }
        case .full, .equipped:
            let settings = controls.sorted { $0.key.rawValue < $1.key.rawValue }.map { Setting(control: $0, value: $1) }
            writer.write(channel, repository, settings, sandbox, credentials, submitter)
            if form == .equipped { writer.write(files, hasDoor, socketPlaces) }
        }
    }

    /// Throws what the supervisor would find wrong with it. An order that is sent all the same ends the connection, and would again on the
    /// next one; so the sender checks it first.
    public func check() throws(LinkError) {
        guard encodedSize <= LinkProtocol.maximumMessage else { throw .tooLong }
        let strings = [[name, pool], sandbox.writable ?? [], repository.map { [$0] } ?? []]
        let bytes = [[directory], arguments, environment]
        guard strings.allSatisfy({ $0.allSatisfy { !$0.utf8.contains(0) } }),
            bytes.allSatisfy({ $0.allSatisfy { !$0.bytes.contains(0) } })
        else { throw .invalid("string with NUL") }
        try sandbox.validate()
        for credential in credentials { try credential.validate() }
        guard credentials.count <= CredentialGrant.maximum else { throw .invalid("credentials") }
        guard controls.allSatisfy({ $0.key.range.contains($0.value) }) else { throw .invalid("controls") }
        try validate()
    }

    /// How long its message is, without making it.
    var encodedSize: Int {
        let header = 6
        let fixed = 8 + 4 + 4 + 4 + 1
        func size(_ string: String) -> Int { 4 + string.utf8.count }
        func size(_ strings: [String]) -> Int { strings.reduce(4) { $0 + size($1) } }
        func size(_ bytes: ByteString) -> Int { 4 + bytes.count }
        func size(_ list: [ByteString]) -> Int { list.reduce(4) { $0 + size($1) } }
        var sum = header + fixed + size(name) + size(pool) + size(arguments) + size(environment) + size(directory)
        sum += 4 + limits.count * 20 + 4 + descriptors.count * 4
        switch form {
        case .plain: break
        case .worker: sum += 4
        case .full, .equipped:
            sum += 4 + (channel == nil ? 0 : 4) + size(repository.map { [$0] } ?? []) + 4 + controls.count * 9
            sum += 1 + size(sandbox.writable ?? []) + 4 + (submitter == nil ? 0 : 4)
            if form == .equipped { sum += 4 + (files == nil ? 0 : 4) + 1 + 4 + socketPlaces.count * 8 }
            sum += credentials.reduce(4) { $0 + size($1.name) + size($1.variable ?? "") }
        }
        return sum
    }

    /// What the supervisor relies on without looking again.
    fileprivate func validate() throws(LinkError) {
        guard attempt > 0, attempt <= LinkProtocol.maximumAttempt else { throw .invalid("attempt") }
        guard isAttemptName(name) else { throw .invalid("name") }
        guard isPoolName(pool) else { throw .invalid("pool") }
        guard let program = arguments.first, !program.isEmpty else { throw .invalid("arguments") }
        guard environment.allSatisfy({ $0.first != UInt8(ascii: "=") && $0.contains("=") }) else {
            throw .invalid("environment")
        }
        guard directory.isEmpty || directory.first == UInt8(ascii: "/") else { throw .invalid("directory") }
        guard umask <= 0o777 else { throw .invalid("umask") }
        guard (-20...19).contains(nice) else { throw .invalid("nice") }
        guard (-1000...1000).contains(oomScoreAdjust) else { throw .invalid("oomScoreAdjust") }
        guard limits.count <= 16, limits.allSatisfy({ $0.resource < 16 && $0.soft <= $0.hard }) else {
            throw .invalid("limits")
        }
        guard descriptors.count <= LinkProtocol.maximumDescriptors - 1, Set(descriptors).count == descriptors.count,
            descriptors.allSatisfy({ (0...63).contains($0) })
        else { throw .invalid("descriptors") }
        if let repository {
            guard repository.utf8.first == UInt8(ascii: "/"), !isWorkerName(name), directory.isEmpty else {
                throw .invalid("repository")
            }
        }
        guard files.map({ descriptors.contains($0) && $0 > 2 && !isWorkerName(name) }) ?? true else { throw .invalid("files") }
        let last = socketPlaces.dropFirst()
        guard socketPlaces.isEmpty || hasDoor, socketPlaces.count <= Self.mostSocketPlaces,
            zip(socketPlaces, last).allSatisfy({ ($0.argument, $0.offset) <= ($1.argument, $1.offset) }),
            socketPlaces.allSatisfy({ $0.argument < arguments.count && $0.offset <= arguments[Int($0.argument)].count })
        else { throw .invalid("socketPlaces") }
        guard channel.map({ (0...63).contains($0) && !descriptors.contains($0) }) ?? true else { throw .invalid("channel") }
    }
}

extension LaunchOrder {
    public init(attempt: UInt64, name: String, pool: String, arguments: [ByteString]) {
        self.init(attempt: attempt, name: name, pool: pool, arguments: arguments, environment: [])
    }

    init(from reader: inout ByteReader, as form: Form) throws(LinkError) {
        self.init(attempt: try reader.read(), name: try reader.read(), pool: try reader.read(), arguments: try reader.read())
        environment = try reader.read()
        directory = try reader.read()
        umask = try reader.read()
        nice = try reader.read()
        oomScoreAdjust = try reader.read()
        noNewPrivileges = try reader.read()
        limits = try reader.read()
        descriptors = try reader.read()
        switch form {
        case .plain: break
        case .worker: channel = try reader.read(Int32.self)
        case .full, .equipped:
            channel = try reader.read()
            repository = try reader.read()
            for setting in try reader.read([Setting].self) {
                let known = controls.updateValue(setting.value, forKey: setting.control)
                guard known == nil, setting.control.range.contains(setting.value) else { throw .invalid("controls") }
            }
            sandbox = try reader.read()
            credentials = try reader.read()
            guard credentials.count <= CredentialGrant.maximum else { throw .invalid("credentials") }
            submitter = try reader.read()
            if form == .equipped {
                files = try reader.read()
                hasDoor = try reader.read()
                socketPlaces = try reader.read()
            }
            guard self.form == form else { throw .invalid("form") }
        }
        try validate()
    }
}

/// A limit of the cgroup, in the bytes of an order.
private struct Setting: LinkValue {
    let control: CgroupControl
    let value: UInt64
}

extension Setting {
    func write(to writer: inout ByteWriter) { writer.write(control, value) }

    init(from reader: inout ByteReader) throws(LinkError) {
        self.init(control: try reader.read(), value: try reader.read())
    }
}

/// Whether a string is the name of an attempt, `task.number`: only digits and dots, a digit first. Or that of a worker.
public func isAttemptName(_ name: String) -> Bool {
    let utf8 = name.utf8
    if isWorkerName(name) { return true }
    return (1...48).contains(utf8.count) && utf8.first != UInt8(ascii: ".")
        && utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") }
}

/// Whether a string is the name of a warm worker: `w` and digits.
public func isWorkerName(_ name: String) -> Bool {
    let utf8 = name.utf8
    return (2...48).contains(utf8.count) && utf8.first == UInt8(ascii: "w") && utf8.dropFirst().allSatisfy(isDigit)
}

/// Whether a string is a name for a pool: a letter, then letters, digits, `-` and `_`, 64 in all at most. It becomes part of
/// paths, which is why nothing else is allowed in it.
public func isPoolName(_ name: String) -> Bool {
    let utf8 = name.utf8
    guard (1...64).contains(utf8.count), let first = utf8.first, isLetter(first) else { return false }
    return utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
}

private func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

private func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
}
