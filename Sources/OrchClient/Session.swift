import Glibc
import OrchProtocol

/// Who asks the daemon.
public protocol Caller {
    /// - Returns: the JSON of the result.
    func answer(
        to call: Call, deadline: ContinuousClock.Instant?, onNotification: (OrchProtocol.Notification) throws -> Void
    ) throws -> [UInt8]
}

extension Caller {
    /// Asks, and waits for the answer.
    ///
    /// - Parameter onNotification: gets what is streamed before the answer, in order. What it throws ends the wait.
    /// - Throws: `WireError` where the daemon refuses, ``ClientError`` where there is no answer.
    public func call<P, A>(
        _ method: OrchProtocol.Method<P, A>, _ parameters: P, deadline: ContinuousClock.Instant? = nil,
        onNotification: (OrchProtocol.Notification) throws -> Void = { _ in }
    ) throws -> A {
        try method.decode(answer(to: Call(method, parameters), deadline: deadline, onNotification: onNotification))
    }

    public func call<A>(_ method: OrchProtocol.Method<NoParameters, A>, deadline: ContinuousClock.Instant? = nil) throws -> A {
        try call(method, NoParameters(), deadline: deadline)
    }
}

/// A connection that is made again when it breaks, for what may be asked twice.
///
/// A daemon that restarts is gone for a moment. Under systemd its socket stays and a connection waits in the backlog; in a
/// foreground run the socket is gone, too, and so a session tries for a while.
public final class Session: Caller {
    /// Where the socket is.
    public let path: String
    /// How long to look for a daemon that was there before.
    public var patience: Duration = .seconds(10)
    /// Descriptors that are served while waiting, on each connection and between two.
    public var watches: [Watch] = [] {
        didSet { connection?.watches = watches }
    }
    /// The connection, while there is one.
    public private(set) var connection: Connection?

    public init(path: String) { self.path = path }

    /// The connection, made at the first use.
    public func connect() throws(ClientError) -> Connection {
        if let connection { return connection }
        let made = try Connection(path: path)
        made.watches = watches
        connection = made
        return made
    }

    /// Gives the connection up, with what it still owes; the next use makes a new one.
    public func disconnect() { connection = nil }

    /// Runs a conversation, and runs it again on a new connection when the connection is lost.
    ///
    /// - Parameter repeatable: whether the conversation may be had twice. What changes something twice may not, and its loss
    ///   is thrown.
    public func perform<R>(repeatable: Bool = true, _ conversation: (Connection) throws -> R) throws -> R {
        var giveUp: ContinuousClock.Instant?
        while true {
            do {
                let connection = try connect()
                let began = ContinuousClock.now
                do {
                    return try conversation(connection)
                } catch  where repeatable && Self.isOfARestart(error) {
                    self.connection = nil
                    // One that lasted was a success, so the next search has its whole time again.
                    if giveUp == nil || ContinuousClock.now - began > .seconds(1) { giveUp = .now + patience }
                    guard ContinuousClock.now < giveUp ?? .now else { throw error }
                }
            } catch ClientError.noDaemon(let path, let errno) {
                guard let limit = giveUp, ContinuousClock.now < limit else {
                    throw ClientError.noDaemon(path: path, errno: errno)
                }
            }
            _ = try Poll.wait(-1, for: 0, watches, until: .now + .milliseconds(100))
        }
    }

    /// Whether the next daemon may know the answer: this one was gone before it gave one, or was about to go.
    private static func isOfARestart(_ error: any Error) -> Bool {
        error as? ClientError == .lost || (error as? WireError)?.code == WireError.Code.stopping.number
    }

    /// Sends a request and waits for its answer, again on a new connection where the first is lost.
    ///
    /// What takes a key gets one, so that it can be asked for again: the daemon does it once.
    public func answer(
        to call: Call, deadline: ContinuousClock.Instant? = nil, onNotification: (Notification) throws -> Void = { _ in }
    ) throws -> [UInt8] {
        func answer(to call: Call) throws -> [UInt8] {
            try perform(repeatable: call.isRepeatable) {
                try $0.answer(to: $0.send(call), deadline: deadline, onNotification: onNotification)
            }
        }
        let keyed = call.keyed(by: GeneratedKey.make("client-"))
        do {
            return try answer(to: keyed)
        } catch let error as WireError where error.data?.field == "key" && keyed != call {
            // An older daemon: it knows no such keys, and has done nothing.
            return try answer(to: call)
        }
    }
}
