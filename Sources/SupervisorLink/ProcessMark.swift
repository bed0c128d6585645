/// How the processes of attempts can be told from all others, whatever they do.
public enum ProcessMark: LinkValue, Equatable, Sendable {
    /// Each attempt has a cgroup of its name below this one, whose path is as in /proc/PID/cgroup.
    case cgroup(String)
    /// Without cgroups: the hard limit ``markedResource`` of each of its processes is this and the number of the attempt. It is inherited, and
    /// survives exec, a new session and a cleared environment; but a process may lower it.
    case limit(UInt64)

    /// RLIMIT_RTTIME counts for realtime processes only; a limit of 2^62 microseconds and more means nothing to those either.
    public static let markedResource: UInt32 = 15

    private enum Kind: UInt8, LinkValue { case cgroup = 1, limit }

    package func write(to writer: inout ByteWriter) {
        switch self {
        case .cgroup(let path): writer.write(Kind.cgroup, path)
        case .limit(let base): writer.write(Kind.limit, base)
        }
    }

    package init(from reader: inout ByteReader) throws(LinkError) {
        switch try reader.read(Kind.self) {
        case .cgroup: self = .cgroup(try reader.read())
        case .limit: self = .limit(try reader.read())
        }
    }
}
