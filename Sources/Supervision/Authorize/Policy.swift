import Glibc
import Platform
import SupervisorLink
import Text

/// Who may run what: compiled by `orchd` from the root-owned configuration, so that a subverted engine cannot run a program of
/// its choice as a user of its choice. A file of ``PolicyRecord``s.
public struct Policy: Equatable, Sendable {
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
        /// What attempts have in their environment, of the form `NAME=value`, and what their orders may add, where there are programs.
        var variables: [ByteString] = []
        var openVariables: [NamePattern] = []
        /// Where attempts may start beside their workspace, and below these, where there are programs.
        var directories: [ByteString] = []
        /// Paths, empty for nothing.
        var repositories: Set<[UInt8]> = []
        var limits: [CgroupControl: UInt64] = [:]
        var credentials: [CredentialGrant] = []
        var sandbox = Sandbox()
        var hasDoors = false
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
        guard lines.first == PolicyRecord.header else {
            throw Invalid(line: 1, reason: "the first line must be `\(PolicyRecord.header)`")
        }
        var records: [(line: Int, record: PolicyRecord)] = []
        for (index, line) in lines.enumerated().dropFirst() {
            do throws(PolicyRecord.Malformed) {
                records.append((index + 1, try PolicyRecord(line: line)))
            } catch {
                throw Invalid(line: index + 1, reason: error.reason)
            }
        }
        // What is said of a pool may come before it, so pools are taken first.
        for isPoolPass in [true, false] {
            for (line, record) in records {
                if let reason = isPoolPass ? takePool(record) : take(record) { throw Invalid(line: line, reason: reason) }
            }
        }
    }

    private mutating func takePool(_ record: PolicyRecord) -> String? {
        guard case .pool(let name, let user) = record else { return nil }
        guard pools[name] == nil else { return "a second line for pool \(name)" }
        guard pools.count < Policy.maximumPools else { return "too many pools" }
        pools[name] = Pool(runners: user.map { .one(Identity($0)) } ?? .submitters([:]))
        return nil
    }

    /// Takes what is not a pool. Answers why it cannot.
    private mutating func take(_ record: PolicyRecord) -> String? {
        switch record {
        case .pool: return nil
        case .submitter(let pool, let user):
            guard case .submitters(var identities) = pools[pool]?.runners else { return "no `pool \(pool) submitter`" }
            // Let go of first, or each line would copy all those before it.
            pools[pool]?.runners = .submitters([:])
            guard identities.updateValue(Identity(user), forKey: user.uid) == nil else {
                return "a second line for user \(user.uid)"
            }
            pools[pool]?.runners = .submitters(identities)
            return nil
        case .account(let user, let name, let shell, let home):
            let account = Account(name: name, home: home, shell: shell)
            return accounts.updateValue(account, forKey: user) == nil ? nil : "a second account of user \(user)"
        case .program(let pool, let path): return change(pool) { $0.programs.insert(Array(path.utf8)) }
        case .variable(let pool, let variable): return change(pool) { $0.variables.append(variable) }
        case .openVariable(let pool, let pattern): return change(pool) { $0.openVariables.append(pattern) }
        case .directory(let pool, let path): return change(pool) { $0.directories.append(ByteString(path)) }
        case .worktree(let pool, let path): return change(pool) { $0.repositories.insert(Array(path.utf8)) }
        // To say where it may write confines, too.
        case .writable(let pool, let path): return change(pool) { $0.sandbox.writable = ($0.sandbox.writable ?? []) + [path] }
        case .confine(let pool, .writes): return change(pool) { $0.sandbox.writable = $0.sandbox.writable ?? [] }
        case .confine(let pool, .network): return change(pool) { $0.sandbox.noNetwork = true }
        case .credential(let pool, let grant):
            let known = pools[pool]?.credentials ?? []
            guard !known.contains(where: { $0.name == grant.name }), known.count < Policy.maximumCredentials else {
                return "a second line for credential \(grant.name), or too many"
            }
            return change(pool) { $0.credentials.append(grant) }
        case .door(let pool): return change(pool) { $0.hasDoors = true }
        case .limit(let pool, let control, let amount):
            guard pools[pool]?.limits[control] == nil else { return "a second limit of \(control.name)" }
            return change(pool) { $0.limits[control] = amount }
        }
    }

    private mutating func change(_ name: String, _ change: (inout Pool) -> Void) -> String? {
        // Taken out meanwhile, so that nothing in it is copied.
        guard var pool = pools.removeValue(forKey: name) else { return "no pool \(name)" }
        change(&pool)
        pools[name] = pool
        return nil
    }
}

extension Identity {
    fileprivate init(_ user: PolicyRecord.User) {
        self.init(user: user.uid, group: user.groups.first ?? user.uid, supplementary: Array(user.groups.dropFirst()))
    }
}

extension Policy {
    /// Reads a policy file. Where root relies on it, nobody else may be able to write it.
    static func load(_ path: String) throws(StartFailure) -> Policy {
        guard let file = try? Descriptor(opening: path, O_RDONLY | O_NONBLOCK) else {
            throw StartFailure(message: "the policy \(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard let status = try? file.status(), status.st_mode & S_IFMT == S_IFREG else {
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
