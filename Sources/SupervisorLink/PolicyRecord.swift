import Text

/// A line of the policy: a file that `orchd policy` writes as root, and the supervisor checks every order against.
///
/// The first line is ``header``; the others come in any order, each as ``line`` says. Words are separated by single spaces; a path
/// goes to the end of its line. Nothing else is allowed, not even a comment.
public enum PolicyRecord: Equatable, Sendable {
    /// The pool's attempts run as this user; without one each runs as the user that its order says has submitted the task.
    case pool(String, User?)
    /// A user as whom attempts of the pool may run, if their tasks say so.
    case submitter(pool: String, User)
    /// What the processes of a user find in their environment.
    case account(user: UInt32, name: String, shell: String?, home: String?)
    /// Attempts of the pool may execute this absolute path. A pool without such a line may execute anything.
    case program(pool: String, path: String)
    /// In a pool with programs: a variable, `NAME=value`, that each attempt has, whatever its order says.
    case variable(pool: String, ByteString)
    /// In a pool with programs: variables that the order of an attempt may set. All others it gets from the policy, or not at all.
    case openVariable(pool: String, NamePattern)
    /// In a pool with programs: where attempts may start, and below it. Without such a line that is their workspace.
    case directory(pool: String, path: String)
    /// Attempts of the pool may get worktrees of this git repository. A pool without such a line gets none.
    case worktree(pool: String, repository: String)
    /// Each attempt of the pool gets this credential of the supervisor's as a file, and in the environment variable where one is named.
    case credential(pool: String, CredentialGrant)
    /// No attempt of the pool may do this.
    case confine(pool: String, Confinement)
    /// Where attempts of the pool may write nevertheless.
    case writable(pool: String, path: String)
    /// Attempts of the pool may have doors. A pool without such a line gets none.
    case door(pool: String)
    /// No attempt of the pool may have more than this; one whose order says nothing of it gets it.
    case limit(pool: String, CgroupControl, UInt64)

    public static let header = "orchd-policy 1"

    public struct User: Equatable, Sendable {
        public var uid: UInt32
        /// Its own first, then the supplementary ones.
        public var groups: [UInt32]

        public init(uid: UInt32, groups: [UInt32]) {
            self.uid = uid
            self.groups = groups
        }

        fileprivate var words: String { "\(uid) \(groups.map(String.init).joined(separator: ","))" }
    }

    public enum Confinement: String, Sendable {
        /// Write beside its workspace.
        case writes
        /// Make sockets but local ones.
        case network
    }

    /// What is wrong with a line, in words.
    public struct Malformed: Error, Equatable {
        public let reason: String
    }

    // MARK: Writing

    public var line: String {
        switch self {
        case .pool(let pool, let user): "pool \(pool) \(user?.words ?? "submitter")"
        case .submitter(let pool, let user): "submitter \(pool) \(user.words)"
        case .account(let user, let name, let shell, let home): "account \(user) \(name) \(shell ?? "-") \(home ?? "-")"
        case .program(let pool, let path): "program \(pool) \(path)"
        case .variable(let pool, let variable): "variable \(pool) \(variable.lossy)"
        case .openVariable(let pool, let pattern): "open-variable \(pool) \(pattern.text)"
        case .directory(let pool, let path): "directory \(pool) \(path)"
        case .worktree(let pool, let path): "worktree \(pool) \(path)"
        case .credential(let pool, let grant): "credential \(pool) \(grant.name)" + (grant.variable.map { " " + $0 } ?? "")
        case .confine(let pool, let what): "confine \(pool) \(what.rawValue)"
        case .writable(let pool, let path): "writable \(pool) \(path)"
        case .door(let pool): "door \(pool)"
        case .limit(let pool, let control, let amount): "limit \(pool) \(control.name) \(amount)"
        }
    }

    // MARK: Reading

    public init(line: String) throws(Malformed) {
        let words = Self.words(line, 4)
        let pool = words.count > 1 ? words[1] : ""
        switch (words[0], words.count) {
        case ("pool", 3) where isPoolName(pool) && words[2] == "submitter": self = .pool(pool, nil)
        case ("pool", 4) where isPoolName(pool): self = .pool(pool, try Self.user(words))
        case ("submitter", 4): self = .submitter(pool: pool, try Self.user(words))
        case ("account", _): self = try Self.account(line)
        case ("program", _): self = .program(pool: pool, path: try Self.path(line))
        case ("variable", _): self = .variable(pool: pool, try Self.variable(line))
        case ("open-variable", 3):
            guard let pattern = NamePattern(words[2]) else { throw Self.malformed("open-variable") }
            self = .openVariable(pool: pool, pattern)
        case ("directory", _): self = .directory(pool: pool, path: try Self.path(line))
        case ("worktree", _): self = .worktree(pool: pool, repository: try Self.path(line))
        case ("writable", _): self = .writable(pool: pool, path: try Self.path(line))
        case ("credential", 3...4)
        where CredentialName.isValid(words[2]) && (words.count == 3 || CredentialName.isVariable(words[3])):
            self = .credential(pool: pool, CredentialGrant(name: words[2], variable: words.count == 4 ? words[3] : nil))
        case ("confine", 3):
            guard let what = Confinement(rawValue: words[2]) else { throw Self.malformed("confine") }
            self = .confine(pool: pool, what)
        case ("door", 2): self = .door(pool: pool)
        case ("limit", 4):
            guard let control = CgroupControl(name: words[2]), let amount = Self.decimal(words[3]),
                control.range.contains(amount)
            else { throw Self.malformed("limit") }
            self = .limit(pool: pool, control, amount)
        case (let kind, _): throw Self.malformed(kind)
        }
    }

    private static let forms = [
        "pool": "`pool NAME UID GID[,GID…]` or `pool NAME submitter`", "submitter": "`submitter NAME UID GID[,GID…]`",
        "account": "`account UID NAME SHELL HOME`", "credential": "`credential NAME CREDENTIAL [VARIABLE]`",
        "door": "`door NAME`", "confine": "`confine NAME writes` or `confine NAME network`",
        "limit": "`limit NAME CONTROL NUMBER`", "open-variable": "`open-variable NAME VARIABLE`",
    ]

    private static func malformed(_ kind: String) -> Malformed {
        Malformed(
            reason: forms[kind].map { "not " + $0 }
                ?? "not one of `pool`, `submitter`, `account`, `program`, `variable`, `open-variable`, `directory`, `worktree`, "
                + "`credential`, `confine`, `writable`, `door`, `limit`")
    }

    private static func words(_ line: String, _ count: Int) -> [String] {
        line.unicodeScalars.split(separator: " ", maxSplits: count - 1, omittingEmptySubsequences: false).map(String.init)
    }

    /// How many groups a user of the policy may have, the primary one among them.
    package static let maximumGroups = 1024

    private static func user(_ words: [String]) throws(Malformed) -> User {
        guard let uid = number(words[2]) else { throw Malformed(reason: "not a user") }
        guard uid != 0 else { throw Malformed(reason: "user 0 is not allowed") }
        let groups = words[3].split(separator: ",", omittingEmptySubsequences: false).map { number(String($0)) }
        guard groups.count <= maximumGroups, groups.allSatisfy({ $0 != nil }) else {
            throw Malformed(reason: "not a list of groups")
        }
        return User(uid: uid, groups: groups.compactMap(\.self))
    }

    private static func account(_ line: String) throws(Malformed) -> PolicyRecord {
        let words = words(line, 5)
        guard words.count == 5, let user = number(words[1]), !words[2].isEmpty, !words[3].isEmpty,
            words[4] == "-" || words[4].utf8.first == UInt8(ascii: "/"), !line.utf8.contains(0)
        else { throw malformed("account") }
        let (shell, home) = (words[3], words[4])
        return .account(user: user, name: words[2], shell: shell == "-" ? nil : shell, home: home == "-" ? nil : home)
    }

    private static func variable(_ line: String) throws(Malformed) -> ByteString {
        let words = words(line, 3)
        guard words.count == 3, let (name, _) = ByteString(words[2]).cut(at: "="), !name.isEmpty, !words[2].utf8.contains(0)
        else {
            throw Malformed(reason: "not `variable POOL NAME=VALUE`")
        }
        return ByteString(words[2])
    }

    private static func path(_ line: String) throws(Malformed) -> String {
        let words = words(line, 3)
        guard words.count == 3, words[2].utf8.first == UInt8(ascii: "/"), !words[2].utf8.contains(0) else {
            throw Malformed(reason: "not `\(words[0]) NAME PATH` with an absolute path")
        }
        return words[2]
    }

    /// A user or group: decimal digits only, and not the value that means "unchanged" to the kernel.
    private static func number(_ text: String) -> UInt32? {
        decimal(text).flatMap { UInt32(exactly: $0) }.flatMap { $0 == .max ? nil : $0 }
    }

    private static func decimal(_ text: String) -> UInt64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt64(text) : nil
    }
}
