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

    /// Calls the body when the connection has closed, on its event loop.
    func onClose(_ body: @escaping @Sendable () -> Void) {
        connection.onClose(body)
    }
}

/// Where answers go.
protocol ReplyPath: Sendable {
    func finish(_ response: some Encodable & Sendable, _ kind: MethodKind)
    /// The future is fulfilled once the client's side has taken the value.
    func send(_ value: some Encodable & Sendable) -> EventLoopFuture<Void>
    func onClose(_ body: @escaping @Sendable () -> Void)
}

/// A connection, for those who are not on its event loop.
struct ConnectionHandle: ReplyPath {
    let channel: any Channel
    let handler: NIOLoopBound<ConnectionHandler>

    func finish(_ response: some Encodable & Sendable, _ kind: MethodKind) {
        if kind == .lookup {
            // It is large, and the caller is a thread that has time for it.
            let line = try? Wire.line(response)
            channel.eventLoop.execute { handler.value.finish(line: line, kind) }
        } else {
            channel.eventLoop.execute { handler.value.finish(response, kind) }
        }
    }

    func send(_ value: some Encodable & Sendable) -> EventLoopFuture<Void> {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        channel.eventLoop.execute { handler.value.send(value, promise) }
        return promise.futureResult
    }

    func onClose(_ body: @escaping @Sendable () -> Void) {
        channel.closeFuture.whenComplete { _ in body() }
    }
}
