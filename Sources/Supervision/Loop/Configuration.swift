/// What a supervisor is started with.
public struct SupervisorConfiguration: Sendable {
    /// The path of the socket for the engine.
    public var link: String
    /// A directory on a file system in memory: exits that are not acknowledged, and what was heard of.
    public var stateDirectory: String
    /// Workspaces are made in `POOL/NAME` below it.
    public var workDirectory: String
    /// The policy file; nil in a foreground run.
    public var policy: String?
    /// Who may connect besides root and the supervisor's own user.
    public var engineUser: UInt32?
    var cgroups = CgroupTree.Place.auto
    /// A descriptor to write a line feed to, and to close, when the socket is served.
    public var readyDescriptor: Int32?
    /// The reading end of a pipe that nobody writes to: when it ends, whoever started the supervisor is dead.
    public var lifeline: Int32?
    /// Milliseconds from SIGTERM to SIGKILL when the supervisor itself is to end.
    public var stopGrace: Int64 = 10_000

    init(link: String, stateDirectory: String, workDirectory: String) {
        self.link = link
        self.stateDirectory = stateDirectory
        self.workDirectory = workDirectory
    }
}

/// A start that is not possible, in a sentence for the administrator.
struct StartFailure: Error {
    let message: String
}
