import JSON
import OrchClient
import OrchProtocol
import Platform
import Synchronization
import Text

/// Tells clients of tasks that change: those whose resources or handles they have asked to hear of.
final class Subscriptions: Sendable {
    /// A request `subscriptions/listen`, which lasts until it is cancelled.
    private struct Listener {
        var uris: [String: Int64]
        var handles: [String: Int64]
    }

    private struct State {
        /// Of clients that begin with `initialize`: their subscriptions have no request.
        var uris: [String: Int64] = [:]
        var listeners: [RequestID: Listener] = [:]
        var isFollowing = false
    }

    private let state = Mutex(State())
    private let options: MCPOptions
    private let send: @Sendable (JSONValue) -> Void

    init(_ options: MCPOptions, send: @escaping @Sendable (JSONValue) -> Void) {
        self.options = options
        self.send = send
    }

    // MARK: What clients ask for

    func subscribe(_ uri: String, to task: Int64) throws(SystemError) {
        state.withLock { $0.uris[uri] = task }
        try follow()
    }

    func unsubscribe(_ uri: String) { state.withLock { $0.uris[uri] = nil } }

    /// - Returns: what is listened to, as the client wants to have it confirmed.
    func listen(_ id: RequestID, _ wanted: JSONValue) throws(SystemError) -> JSONValue {
        func tasks(_ name: String, _ task: (String) -> Int64?) -> [String: Int64] {
            let words = wanted[name]?.elements?.compactMap(\.text) ?? []
            return Dictionary(words.prefix(1_000).compactMap { word in task(word).map { (word, $0) } }) { first, _ in first }
        }
        let listener = Listener(
            uris: tasks("resourceSubscriptions") { Resources.task(of: $0)?.id },
            handles: tasks("taskIds", TaskHandles.task))
        state.withLock { $0.listeners[id] = listener }
        try follow()
        return [
            "resourceSubscriptions": .array(listener.uris.keys.sorted().map(JSONValue.string)),
            "taskIds": .array(listener.handles.keys.sorted().map(JSONValue.string)),
        ]
    }

    /// Whether there was one.
    func end(_ id: RequestID) -> Bool { state.withLock { $0.listeners.removeValue(forKey: id) != nil } }

    // MARK: What happens

    /// Begins to hear of events, at the first subscription.
    private func follow() throws(SystemError) {
        let isFirst = state.withLock { state in
            defer { state.isFollowing = true }
            return !state.isFollowing
        }
        guard isFirst else { return }
        do throws(SystemError) {
            try startThread("subscriptions") { self.run() }
        } catch {
            // The next subscription tries again.
            state.withLock { $0.isFollowing = false }
            throw error
        }
    }

    private func run() {
        guard let path = try? SocketPath.choose(options.socket) else { return }
        let session = Session(path: path)
        session.patience = .seconds(1_000_000_000)
        var last: Int64?
        // A daemon that is away is looked for again, for as long as the client lives.
        while true {
            do {
                _ = try session.perform { connection in
                    try connection.answer(
                        to: Call(.subscribe, SubscribeParameters(after: last)),
                        onNotification: { notification in
                            guard case .event(_, let event) = notification else { return }
                            last = event.seq
                            if let task = event.task { self.changed(task) }
                        })
                }
            } catch is WireError {
                // What has happened meanwhile is no longer known.
                last = nil
            } catch {}
            _ = waitFor([], milliseconds: 1000)
        }
    }

    private func changed(_ task: Int64) {
        let (uris, listeners) = state.withLock { ($0.uris, $0.listeners) }
        for (uri, its) in uris where its == task { updated(uri, nil) }
        for (id, listener) in listeners {
            for (uri, its) in listener.uris where its == task { updated(uri, id) }
            for (handle, its) in listener.handles where its == task { tell(of: handle, id) }
        }
    }

    private func updated(_ uri: String, _ id: RequestID?) {
        send([
            "jsonrpc": "2.0", "method": "notifications/resources/updated",
            "params": ["uri": .string(uri), "_meta": id.map(Self.meta)],
        ])
    }

    private func tell(of handle: String, _ id: RequestID) {
        guard let call = try? ToolCall([:], options, takesTasks: true, cancelled: nil, progress: nil),
            let record = try? TaskHandles.record(of: ["taskId": .string(handle)], call),
            var told = try? TaskHandles.answer(record, call)
        else { return }
        told["_meta"] = Self.meta(id)
        send(["jsonrpc": "2.0", "method": "notifications/tasks", "params": told])
    }

    static func meta(_ id: RequestID) -> JSONValue { [MCPRevision.meta("subscriptionId"): id.json] }
}

extension RequestID {
    /// Nil for what is neither a whole number nor a string.
    init?(json: JSONValue?) {
        switch json {
        case .integer(let number)?: self = .number(number)
        case .string(let text)?: self = .string(text)
        default: return nil
        }
    }

    var json: JSONValue {
        switch self {
        case .number(let number): .integer(number)
        case .string(let text): .string(text)
        }
    }
}
