import CLinux
import Glibc
import Platform

/// epoll, with a name for each registration that is never used again.
///
/// An event can be stale: taken from the kernel before an earlier event of the same batch removed its registration, or kept
/// alive by a copy of the descriptor in a child that has not executed its program yet. Its token then finds nothing, whereas a
/// descriptor number or a slot could by now be somebody else's.
final class EventLoop<Source> {
    typealias Token = UInt64

    struct Event {
        let token: Token
        let isReadable: Bool
        let isWritable: Bool
    }

    private struct Registration {
        let descriptor: Int32
        let source: Source
    }

    private let epoll: Descriptor
    private var registrations: [Token: Registration] = [:]
    private var lastToken: Token = 0
    private var buffer = [epoll_event](repeating: epoll_event(), count: 64)

    init() throws(SystemError) {
        epoll = try Descriptor(epoll_create1(Int32(EPOLL_CLOEXEC)), "make an epoll instance")
    }

    enum Interest {
        case read, readAndWrite, priority

        fileprivate var bits: UInt32 {
            switch self {
            case .read: EPOLLIN.rawValue
            case .readAndWrite: EPOLLIN.rawValue | EPOLLOUT.rawValue
            case .priority: EPOLLPRI.rawValue
            }
        }
    }

    func add(_ descriptor: Descriptor, _ interest: Interest = .read, _ source: Source) throws(SystemError) -> Token {
        assert(descriptor.number >= 0, "only what is open can be watched")
        lastToken += 1
        try control(EPOLL_CTL_ADD, descriptor.number, interest, lastToken)
        registrations[lastToken] = Registration(descriptor: descriptor.number, source: source)
        return lastToken
    }

    func change(_ token: Token, to interest: Interest) throws(SystemError) {
        guard let registration = registrations[token] else { return }
        try control(EPOLL_CTL_MOD, registration.descriptor, interest, token)
    }

    /// Must come before the descriptor is closed.
    func remove(_ token: Token?) {
        guard let token, let registration = registrations.removeValue(forKey: token) else { return }
        epoll_ctl(epoll.number, EPOLL_CTL_DEL, registration.descriptor, nil)
    }

    func source(of token: Token) -> Source? { registrations[token]?.source }

    /// The next events; none if `timeout` milliseconds pass, forever if nil.
    func wait(timeout: Int64?) -> [Event] {
        let milliseconds = timeout.map { Int32(clamping: max(0, $0)) } ?? -1
        let count = epoll_wait(epoll.number, &buffer, Int32(buffer.count), milliseconds)
        guard count > 0 else { return [] }
        return buffer[..<Int(count)].map {
            let failed = $0.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue | EPOLLPRI.rawValue) != 0
            return Event(
                token: $0.data.u64, isReadable: failed || $0.events & EPOLLIN.rawValue != 0,
                isWritable: $0.events & EPOLLOUT.rawValue != 0)
        }
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ interest: Interest, _ token: Token) throws(SystemError) {
        var event = epoll_event()
        event.events = interest.bits
        event.data.u64 = token
        guard epoll_ctl(epoll.number, operation, descriptor, &event) == 0 else {
            throw SystemError("watch a descriptor (epoll)")
        }
    }
}
