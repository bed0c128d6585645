import FoundationEssentials
import Glibc
import OrchProtocol

/// One connection to the daemon, for one thread.
///
/// Calls block. Signals may interrupt them, deadlines end them, and watched descriptors are served while they wait.
public final class Connection: Caller {
    /// Where the socket is.
    public let path: String
    /// Descriptors that are served while a call waits.
    public var watches: [Watch] = []

    private let socket: UnixSocket
    /// The answer to a large submission is itself larger than an ordinary line.
    private var lines = LineBuffer(limit: Wire.maximumSubmissionLength)
    private var ended = false
    private var lastID: Int64 = 0

    /// Connects to the socket at a path of any length.
    ///
    /// - Parameter patience: the seconds to wait while the daemon's backlog is full; forever where nil.
    public init(path: String, patience: Int? = nil) throws(ClientError) {
        self.path = path
        socket = try UnixSocket(connectingTo: path, patience: patience)
    }

    /// The user and the process that listen: the daemon's, or those of the service manager that made the socket.
    public var peer: (user: UInt32, pid: Int32)? { socket.peer }

    /// Sends a request, waits for its answer and returns the JSON of its result.
    ///
    /// - Parameter onNotification: gets what is streamed before the answer, in order. What it throws ends the wait.
    public func answer(
        to call: Call, deadline: ContinuousClock.Instant? = nil,
        onNotification: (OrchProtocol.Notification) throws -> Void = { _ in }
    ) throws -> [UInt8] {
        try answer(to: send(call), deadline: deadline, onNotification: onNotification)
    }

    /// Sends a request and does not wait. An answer that nobody waits for is dropped.
    @discardableResult
    public func send(_ call: Call) throws -> RequestID {
        lastID += 1
        let line = try Wire.line(Request(id: .number(lastID), call: call))
        return try send([UInt8](line), limit: call.method.maximumLineLength)
    }

    /// Sends a request whose parameters are JSON already.
    public func send(_ method: some MethodDescriptor, parameters: [UInt8]) throws -> RequestID {
        lastID += 1
        let head = #"{"id":\#(lastID),"jsonrpc":"2.0","method":"\#(method.name)","params":"#
        return try send(Array(head.utf8) + parameters + [UInt8(ascii: "}")], limit: method.maximumLineLength)
    }

    /// Waits for the answer to a request and returns the JSON of its result.
    public func answer(
        to id: RequestID, deadline: ContinuousClock.Instant? = nil,
        onNotification: (OrchProtocol.Notification) throws -> Void = { _ in }
    ) throws -> [UInt8] {
        while true {
            let envelope = try next(deadline: deadline)
            if envelope.method != nil {
                if let notification = try envelope.notification(), notification.request == id {
                    try onNotification(notification)
                }
            } else if envelope.id == id {
                return try envelope.result()
            }
        }
    }

    /// Sends requests together and waits for all their answers, which may come in another order.
    ///
    /// - Returns: for each call in turn the JSON of its result, or why the daemon refused it.
    public func answers(to calls: [Call]) throws -> [Result<[UInt8], WireError>] {
        let ids = try calls.map(send)
        var missing = Set(ids)
        var answers: [RequestID: Result<[UInt8], WireError>] = [:]
        while !missing.isEmpty {
            let envelope = try next(deadline: nil)
            guard envelope.method == nil, let id = envelope.id, missing.remove(id) != nil else { continue }
            do {
                answers[id] = .success(try envelope.result())
            } catch let error as WireError {
                answers[id] = .failure(error)
            }
        }
        return ids.compactMap { answers[$0] }
    }

    /// Waits for the next message, an answer or a notification.
    private func next(deadline: ContinuousClock.Instant?) throws -> Envelope {
        while true {
            if let line = try lines.next() {
                let envelope = try Envelope(line)
                // The daemon could not even read an id: an error about the connection as a whole, before it closes it.
                if envelope.method == nil, envelope.id == nil { _ = try envelope.result() }
                return envelope
            }
            guard !ended else { throw ClientError.lost }
            guard try Poll.wait(socket.descriptor, for: POLLIN, watches, until: deadline) != nil else {
                throw ClientError.timedOut
            }
            receive()
        }
    }

    private func send(_ line: [UInt8], limit: Int) throws -> RequestID {
        guard line.count <= limit else { throw ClientError.tooLong(bytes: line.count, limit: limit) }
        let bytes = line + [0x0A]
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    socket.descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent,
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                let ready = try Poll.wait(socket.descriptor, for: POLLIN | POLLOUT, watches, until: nil) ?? 0
                // Takes what the daemon sends in the meantime, lest both wait for the other to read.
                if ready & POLLIN != 0, !ended { receive() }
            } else if errno != EINTR {
                // The daemon may have closed because it answered already, that the line is too long for instance. So the
                // loss is reported only when the answer is waited for and is not there.
                break
            }
        }
        return .number(lastID)
    }

    private func receive() {
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { room in
            let count = recv(socket.descriptor, room.baseAddress, room.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                lines.append(UnsafeRawBufferPointer(rebasing: room[..<count]))
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                ended = true
            }
        }
    }
}

extension MethodDescriptor {
    fileprivate var maximumLineLength: Int {
        name == OrchProtocol.Method.submit.name ? Wire.maximumSubmissionLength : Wire.maximumLineLength
    }
}

extension OrchProtocol.Method {
    /// Its answer, from the JSON of a result.
    public func decode(_ result: [UInt8]) throws(ClientError) -> Answer {
        do {
            return try Wire.decode(Answer.self, from: Data(result))
        } catch {
            throw .malformed("a result of \(name) that cannot be read")
        }
    }
}
