import Glibc
import SupervisorLink

/// Who may run what: compiled by `orchd` from the root-owned configuration, so that a subverted engine cannot run a program of
/// its choice as a user of its choice.
///
/// A file of lines, the first of which is `orchd-policy 1`. Then, in any order:
/// - `pool NAME UID GID[,GID…]`: the pool's attempts run as this user, with the first group as their own and the others as
///   supplementary ones. User 0 is refused.
/// - `pool NAME submitter`: each attempt runs as the user that its order says has submitted the task, if that is the one of a line
///   `submitter NAME UID GID[,GID…]`.
/// - `account UID NAME SHELL HOME`: what the processes of this user find in their environment; `-` stands for a missing shell or
///   home.
/// - `program NAME PATH`: attempts of this pool may execute this absolute path. A pool without such a line may execute anything.
/// - `worktree NAME REPOSITORY`: attempts of this pool may get worktrees of this git repository. A pool without such a line gets none.
/// - `credential NAME CREDENTIAL [VARIABLE]`: each attempt of this pool gets this credential of the supervisor's as a file, and in the
///   environment variable where one is named.
/// - `confine NAME writes` and `confine NAME network`: no attempt of this pool may write beside its workspace, or make sockets but local
///   ones. `writable NAME PATH`: where it may write nevertheless.
/// - `limit NAME CONTROL NUMBER`: no attempt of this pool may have more of what `CONTROL` names, see ``CgroupControl``; one whose
///   order says nothing of it gets this.
///
/// Words are separated by single spaces; a path goes to the end of its line. Nothing else is allowed, not even a comment.
public struct Policy: Equatable, Sendable {
    /// The user and groups of a process.
    struct Identity: Equatable, Sendable {
        let user: UInt32
        let group: UInt32
        let supplementary: [UInt32]
    }

    /// Whom the attempts of a pool run as.
    enum Runners: Equatable, Sendable {
        case one(Identity)
        /// The submitter of the task; the policy lists the uids.
        case submitters([UInt32: Identity])
    }

    struct Pool: Equatable, Sendable {
        var runners: Runners
        /// Paths, empty for anything. As bytes, since strings that Swift takes for equal may be different paths.
        var programs: Set<[UInt8]> = []
        /// Paths, empty for nothing.
        var repositories: Set<[UInt8]> = []
        var limits: [CgroupControl: UInt64] = [:]
        var credentials: [CredentialGrant] = []
        var sandbox = Sandbox()
    }

    var pools: [String: Pool] = [:]
    /// By uid.
    var accounts: [UInt32: Account] = [:]

    /// What is wrong with a policy file, in words.
    public struct Invalid: Error, Equatable {
        public let line: Int
        public let reason: String
    }

    static let maximumSize = 1 << 20
    static let maximumPools = 4096
    static let maximumCredentials = 64

    /// Reads the text of a policy file.
    public init(parsing text: String) throws(Invalid) {
        // By scalars: a line feed after a carriage return is not a character of its own.
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        guard lines.first == "orchd-policy 1" else { throw Invalid(line: 1, reason: "the first line must be `orchd-policy 1`") }
        // Programs may come before their pool, so pools are read first.
        for isPoolPass in [true, false] {
            for (index, line) in lines.enumerated().dropFirst() {
                let words = line.unicodeScalars.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(
                    String.init)
                switch words.first {
                case "pool": if isPoolPass { try addPool(words, at: index + 1) }
                case "program": if !isPoolPass { try addPath(line, to: \.programs, at: index + 1) }
                case "worktree": if !isPoolPass { try addPath(line, to: \.repositories, at: index + 1) }
                case "submitter": if !isPoolPass { try addSubmitter(words, at: index + 1) }
                case "account": if !isPoolPass { try addAccount(line, at: index + 1) }
                case "limit": if !isPoolPass { try addLimit(words, at: index + 1) }
                case "confine": if !isPoolPass { try addConfinement(words, at: index + 1) }
                case "writable": if !isPoolPass { try addWritable(line, at: index + 1) }
                case "credential": if !isPoolPass { try addCredential(words, at: index + 1) }
                default:
                    throw Invalid(
                        line: index + 1,
                        reason:
                            "not one of `pool`, `submitter`, `account`, `program`, `worktree`, `credential`, `confine`, `writable` "
                            + "and `limit`")
                }
            }
        }
    }

    private mutating func addPool(_ words: [String], at line: Int) throws(Invalid) {
        guard 3...4 ~= words.count, isPoolName(words[1]), words.count == 4 || words[2] == "submitter" else {
            throw Invalid(line: line, reason: "not `pool NAME UID GID[,GID…]` or `pool NAME submitter`")
        }
        guard pools[words[1]] == nil else { throw Invalid(line: line, reason: "a second line for pool \(words[1])") }
        guard pools.count < Policy.maximumPools else { throw Invalid(line: line, reason: "too many pools") }
        let runners: Runners = words.count == 4 ? .one(try identity(words[2...], at: line)) : .submitters([:])
        pools[words[1]] = Pool(runners: runners)
    }

    private mutating func addSubmitter(_ words: [String], at line: Int) throws(Invalid) {
        guard words.count == 4, case .submitters(var identities) = pools[words[1]]?.runners else {
            throw Invalid(line: line, reason: "not `submitter NAME UID GID[,GID…]` of a `pool NAME submitter`")
        }
        let identity = try identity(words[2...], at: line)
        // Let go of first, or each line would copy all those before it.
        pools[words[1]]?.runners = .submitters([:])
        guard identities.updateValue(identity, forKey: identity.user) == nil else {
            throw Invalid(line: line, reason: "a second line for user \(identity.user)")
        }
        pools[words[1]]?.runners = .submitters(identities)
    }

    private mutating func addAccount(_ line: String, at number: Int) throws(Invalid) {
        let words = line.unicodeScalars.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false).map(String.init)
        guard words.count == 5, let user = Supervision.number(words[1]), !words[2].isEmpty, !words[3].isEmpty,
            words[4] == "-" || words[4].utf8.first == UInt8(ascii: "/"), !line.utf8.contains(0)
        else { throw Invalid(line: number, reason: "not `account UID NAME SHELL HOME`") }
        let (shell, home) = (words[3], words[4])
        let account = Account(name: words[2], home: home == "-" ? nil : home, shell: shell == "-" ? nil : shell)
        guard accounts.updateValue(account, forKey: user) == nil else {
            throw Invalid(line: number, reason: "a second account of user \(user)")
        }
    }

    /// A user and its groups.
    private func identity(_ words: ArraySlice<String>, at line: Int) throws(Invalid) -> Identity {
        guard let name = words.first, let list = words.last, let user = number(name) else {
            throw Invalid(line: line, reason: "not a user")
        }
        guard user != 0 else { throw Invalid(line: line, reason: "user 0 is not allowed") }
        let groups = list.split(separator: ",", omittingEmptySubsequences: false).map { number(String($0)) }
        guard groups.count <= 64, let first = groups.first, let group = first, groups.allSatisfy({ $0 != nil }) else {
            throw Invalid(line: line, reason: "not a list of groups")
        }
        return Identity(user: user, group: group, supplementary: groups.dropFirst().compactMap { $0 })
    }

    /// Takes a line `WORD NAME PATH`. The path may hold spaces.
    private mutating func addPath(
        _ line: String, to paths: WritableKeyPath<Pool, Set<[UInt8]>>, at number: Int
    ) throws(Invalid) {
        let (pool, path) = try poolAndPath(line, at: number)
        pools[pool]?[keyPath: paths].insert(Array(path.utf8))
    }

    private func poolAndPath(_ line: String, at number: Int) throws(Invalid) -> (pool: String, path: String) {
        let words = line.unicodeScalars.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard words.count == 3, words[2].utf8.first == UInt8(ascii: "/"), !words[2].utf8.contains(0) else {
            throw Invalid(line: number, reason: "not `\(words[0]) NAME PATH` with an absolute path")
        }
        guard pools[words[1]] != nil else { throw Invalid(line: number, reason: "no pool \(words[1])") }
        return (words[1], words[2])
    }

    private mutating func addConfinement(_ words: [String], at line: Int) throws(Invalid) {
        guard words.count == 3, ["writes", "network"].contains(words[2]) else {
            throw Invalid(line: line, reason: "not `confine NAME writes` or `confine NAME network`")
        }
        guard pools[words[1]] != nil else { throw Invalid(line: line, reason: "no pool \(words[1])") }
        if words[2] == "network" {
            pools[words[1]]?.sandbox.noNetwork = true
        } else if pools[words[1]]?.sandbox.writable == nil {
            pools[words[1]]?.sandbox.writable = []
        }
    }

    /// Also confines.
    private mutating func addWritable(_ line: String, at number: Int) throws(Invalid) {
        let (pool, path) = try poolAndPath(line, at: number)
        let known = pools[pool]?.sandbox.writable ?? []
        pools[pool]?.sandbox.writable = known + [path]
    }

    private mutating func addCredential(_ words: [String], at line: Int) throws(Invalid) {
        guard 3...4 ~= words.count, CredentialName.isValid(words[2]), words.count == 3 || CredentialName.isVariable(words[3])
        else { throw Invalid(line: line, reason: "not `credential NAME CREDENTIAL [VARIABLE]`") }
        guard let known = pools[words[1]]?.credentials else { throw Invalid(line: line, reason: "no pool \(words[1])") }
        guard !known.contains(where: { $0.name == words[2] }), known.count < Policy.maximumCredentials else {
            throw Invalid(line: line, reason: "a second line for credential \(words[2]), or too many")
        }
        pools[words[1]]?.credentials.append(.init(name: words[2], variable: words.count == 4 ? words[3] : nil))
    }

    private mutating func addLimit(_ words: [String], at line: Int) throws(Invalid) {
        guard words.count == 4, let control = CgroupControl(name: words[2]), let value = decimal(words[3]),
            control.range.contains(value)
        else { throw Invalid(line: line, reason: "not `limit NAME CONTROL NUMBER`") }
        guard let limits = pools[words[1]]?.limits else { throw Invalid(line: line, reason: "no pool \(words[1])") }
        guard limits[control] == nil else { throw Invalid(line: line, reason: "a second limit of \(words[2])") }
        pools[words[1]]?.limits[control] = value
    }
}

/// A user or group: decimal digits only, and not the value that means "unchanged" to the kernel.
private func number(_ text: String) -> UInt32? {
    decimal(text).flatMap { UInt32(exactly: $0) }.flatMap { $0 == .max ? nil : $0 }
}

private func decimal(_ text: String) -> UInt64? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt64(text) : nil
}

extension Policy {
    /// Reads a policy file. Where root relies on it, nobody else may be able to write it.
    static func load(_ path: String) throws(StartFailure) -> Policy {
        guard let file = try? OwnedDescriptor(opening: path, O_RDONLY | O_NONBLOCK) else {
            throw StartFailure(message: "the policy \(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw StartFailure(message: "the policy \(path) is not a file")
        }
        if geteuid() == 0, status.st_uid != 0 || status.st_mode & 0o022 != 0 {
            throw StartFailure(message: "the policy \(path) must belong to root, and nobody else may write it")
        }
        guard let bytes = SmallFile.read(file, limit: maximumSize), let text = String(validating: bytes, as: UTF8.self) else {
            throw StartFailure(message: "the policy \(path) is too large, or is not UTF-8")
        }
        do throws(Policy.Invalid) {
            return try Policy(parsing: text)
        } catch {
            throw StartFailure(message: "the policy \(path), line \(error.line): \(error.reason)")
        }
    }
}
