import DaemonConfiguration
import Glibc
import Logging
import NIOCore
import OrchProtocol
import Platform
import Scheduling
import Synchronization

/// The doors of attempts: the supervisor makes and holds their listeners, and here is who takes what connects to them.
///
/// Who comes through a door is the task of its attempt, by nothing but that. So only processes of this attempt are let in, and what the
/// task may do is what is asked of a `Requester` everywhere.
final class Doors: Sendable {
    /// How many may be connected through one door; what comes beyond waits in its listener until another one goes.
    static let maximumGuests = 64

    /// Serves a listener; who connects is of this attempt, or says that it is.
    typealias Binding = @Sendable (_ listener: Int32, _ attempt: Int64) -> EventLoopFuture<any Channel>

    private struct Door {
        var channel: (any Channel)?
        var guests: [ObjectIdentifier: any Channel] = [:]
        var isFull: Bool { guests.count >= Doors.maximumGuests }
    }

    private struct State {
        var doors: [Int64: Door] = [:]
        /// Those that came before there was anybody to serve them.
        var waiting: [Int64: Descriptor] = [:]
        var binding: Binding?
    }

    private let attempts: LiveAttempts
    private let configuration: CurrentConfiguration
    private let log: Logger
    private let state = Mutex(State())

    init(attempts: LiveAttempts, configuration: CurrentConfiguration, log: Logger) {
        self.attempts = attempts
        self.configuration = configuration
        self.log = log
    }

    /// Serves those that have come, and all that will.
    func serve(by binding: @escaping Binding) {
        let waiting = state.withLock { state in
            state.binding = binding
            defer { state.waiting = [:] }
            return state.waiting
        }
        for (attempt, listener) in waiting { open(attempt, listener) }
    }

    /// Serves the door of an attempt; one that is served already is the same, held by another descriptor.
    func open(_ attempt: Int64, _ listener: Descriptor) {
        let binding = state.withLock { state -> Binding? in
            guard let binding = state.binding else {
                state.waiting[attempt] = listener
                return nil
            }
            guard state.doors[attempt] == nil else { return nil }
            state.doors[attempt] = Door()
            return binding
        }
        guard let binding else { return }
        let copy = fcntl(listener.number, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { return fail(attempt, SystemError("take over its door")) }
        binding(copy, attempt).whenComplete { result in
            switch result {
            case .success(let channel): self.opened(attempt, channel)
            case .failure(let error): self.fail(attempt, error)
            }
        }
    }

    private func opened(_ attempt: Int64, _ channel: any Channel) {
        let isFull = state.withLock { state in
            state.doors[attempt]?.channel = channel
            return state.doors[attempt]?.isFull
        }
        // It has ended meanwhile.
        guard let isFull else { return channel.close(promise: nil) }
        if isFull { pause(channel, true) }
    }

    private func fail(_ attempt: Int64, _ error: any Error) {
        state.withLock { $0.doors[attempt] = nil }
        log.error("the door of attempt \(attempt) cannot be served: \(error)")
    }

    /// The attempt is over. Nobody speaks for it any more, on a connection of whatever origin.
    func close(_ attempt: Int64) {
        let door = state.withLock { state in
            state.waiting[attempt] = nil
            return state.doors.removeValue(forKey: attempt)
        }
        guard let door else { return }
        door.channel?.close(promise: nil)
        for guest in door.guests.values { guest.close(promise: nil) }
    }

    // MARK: Guests

    /// Who somebody is that has come through the door of an attempt.
    ///
    /// - Throws: ``WireError`` for one who has no business there.
    func requester(at attempt: Int64, _ owner: TaskProcesses.Owner) throws(WireError) -> Requester {
        guard owner == .attempt(attempt) else {
            throw WireError(
                .forbidden,
                owner == .unknown
                    ? "this door is for the processes of one task, and the one that has connected cannot be seen, or has ended"
                    : "this door is for the processes of one task, and yours does not belong to it; use the socket of the daemon"
            )
        }
        guard let entry = attempts[attempt], !entry.isRouting else {
            throw WireError(.invalidState, "this worker has no task; its door is for the time in which it has one")
        }
        return .task(entry.task, attempt: entry.number, uid: entry.submitter)
    }

    /// - Returns: whether the door is still open.
    func enter(_ attempt: Int64, _ guest: any Channel) -> Bool {
        let (isOpen, full) = state.withLock { state -> (Bool, (any Channel)?) in
            guard state.doors[attempt] != nil else { return (false, nil) }
            state.doors[attempt]?.guests[ObjectIdentifier(guest)] = guest
            return (true, state.doors[attempt].flatMap { $0.isFull ? $0.channel : nil })
        }
        guard isOpen else { return false }
        if let full { pause(full, true) }
        guest.closeFuture.whenComplete { _ in self.leave(attempt, ObjectIdentifier(guest)) }
        return true
    }

    private func leave(_ attempt: Int64, _ guest: ObjectIdentifier) {
        let channel = state.withLock { state -> (any Channel)? in
            let wasFull = state.doors[attempt]?.isFull ?? false
            state.doors[attempt]?.guests[guest] = nil
            return state.doors[attempt].flatMap { wasFull && !$0.isFull ? $0.channel : nil }
        }
        if let channel { pause(channel, false) }
    }

    private func pause(_ door: any Channel, _ isPaused: Bool) {
        door.setOption(.autoRead, value: !isPaused).whenComplete { _ in }
    }
}

extension Doors {
    /// Why a process of a task may not speak to the daemon as its user; nil if it may.
    func complaint(about owner: TaskProcesses.Owner, uid: UInt32) -> WireError? {
        switch owner {
        case .nobody: return nil
        case .unknown:
            return WireError(
                .forbidden,
                """
                the process that has connected cannot be seen, or has ended, so orchd cannot tell whether it is a task's; \
                let it live until it has its answer
                """)
        case .former: return WireError(.forbidden, "the process that has connected belongs to a task that has ended")
        case .attempt(let attempt):
            let pool = attempts.pool(of: attempt) ?? ""
            let settings = configuration.value.pool(pool)
            guard settings?.hasFullAccess != true else { return nil }
            let whose = attempts[attempt].map { "of task \($0.task)" } ?? "of a warm worker"
            let way =
                settings?.settings.spawn == nil
                ? """
                give the pool "\(pool)" a section [spawn], so that its tasks have a door of their own, or full_access = true, so that they \
                may do whatever their user may
                """ : "ORCHD_SOCKET of the task names its door"
            return WireError(
                .forbidden,
                "a process \(whose) may not speak to orchd as its user, only as the task and through its door: \(way)")
        }
    }
}
