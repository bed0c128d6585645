import FoundationEssentials
import NIOCore
import OrchProtocol

/// The way back to one request. It may be used from any thread; what it is given is encoded on the connection's event loop,
/// unless it is large.
struct Responder: Sendable {
    let id: RequestID
    let kind: MethodKind
    let connection: any ReplyPath
    private var observer: (@Sendable (WireError) -> Void)?

    init(id: RequestID, kind: MethodKind, connection: some ReplyPath) {
        self.id = id
        self.kind = kind
        self.connection = connection
    }

    /// The same, with somebody who is told of a failure before the client is.
    func onFailure(_ observer: @escaping @Sendable (WireError) -> Void) -> Responder {
        var copy = self
        copy.observer = observer
        return copy
    }

    func succeed(_ result: some Codable & Sendable) {
        connection.finish(Response(id: id, result: result), kind)
    }

    func answer(_ result: Result<some Codable & Sendable, WireError>) {
        switch result {
        case .success(let it): succeed(it)
        case .failure(let error): fail(error)
        }
    }

    func fail(_ error: WireError) {
        observer?(error)
        connection.finish(Response<Acknowledged>(id: id, error: error), kind)
    }

    /// Sends a notification; the future is fulfilled once the client's side has taken it, so a caller that waits for it keeps a slow
    /// reader from costing memory.
    func notify(_ notification: OrchProtocol.Notification) -> EventLoopFuture<Void> {
        connection.send(notification)
    }

    /// Calls the body when the request is over: answered, cancelled, or its connection is closed. For a stream.
    func onEnd(_ body: @escaping @Sendable () -> Void) { connection.onEnd(body) }

    /// Calls the body after this many seconds, unless the request is over before. For a stream.
    func after(_ seconds: Double, _ body: @escaping @Sendable () -> Void) { connection.after(seconds, body) }
}

/// Where answers go.
protocol ReplyPath: Sendable {
    func finish(_ response: some Encodable & Sendable, _ kind: MethodKind)
    /// The future is fulfilled once the client's side has taken the value.
    func send(_ value: some Encodable & Sendable) -> EventLoopFuture<Void>
    func onEnd(_ body: @escaping @Sendable () -> Void)
    func after(_ seconds: Double, _ body: @escaping @Sendable () -> Void)
}

/// A connection, for those who are not on its event loop.
struct ConnectionHandle: ReplyPath {
    let channel: any Channel
    let handler: NIOLoopBound<ConnectionHandler>
    /// What the connection keeps of a request that is a stream.
    var stream: NIOLoopBound<OpenStream>?

    func finish(_ response: some Encodable & Sendable, _ kind: MethodKind) {
        if let stream {
            channel.eventLoop.execute {
                if handler.value.close(stream.value) { handler.value.finish(response, kind) }
            }
        } else if kind == .lookup {
            // It is large, and the caller is a thread that has time for it.
            let line = try? Wire.line(response)
            channel.eventLoop.execute { handler.value.finish(line: line, kind) }
        } else {
            channel.eventLoop.execute { handler.value.finish(response, kind) }
        }
    }

    func send(_ value: some Encodable & Sendable) -> EventLoopFuture<Void> {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        channel.eventLoop.execute {
            // The client has its answer, and expects no more.
            guard stream?.value.isOpen ?? true else { return promise.fail(ChannelError.ioOnClosedChannel) }
            handler.value.send(value, promise)
        }
        return promise.futureResult
    }

    func onEnd(_ body: @escaping @Sendable () -> Void) {
        assert(stream != nil, "only a stream has an end that somebody may wait for")
        channel.eventLoop.execute { stream?.value.onEnd(body) }
    }

    func after(_ seconds: Double, _ body: @escaping @Sendable () -> Void) {
        channel.eventLoop.execute {
            guard let stream = stream?.value, stream.isOpen else { return }
            let time = TimeAmount.milliseconds(Int64(seconds * 1000))
            let timer = channel.eventLoop.scheduleTask(in: time, body)
            stream.onEnd { timer.cancel() }
        }
    }
}

/// What a connection keeps of one stream, on its event loop.
final class OpenStream {
    let id: RequestID
    private(set) var isOpen = true
    private var bodies: [() -> Void] = []

    init(id: RequestID) { self.id = id }

    func onEnd(_ body: @escaping () -> Void) {
        if isOpen { bodies.append(body) } else { body() }
    }

    /// Whether it was open until now.
    func close() -> Bool {
        defer {
            isOpen = false
            for body in bodies { body() }
            bodies = []
        }
        return isOpen
    }
}
