import FoundationEssentials
import Glibc
import NIOCore
import OrchProtocol
import Platform
import Scheduling
import Storage
import Synchronization

extension Streams {
    /// `task.logs`. A task that follows another through its door waits for its end.
    func logs(_ parameters: LogsParameters, by requester: Requester? = nil, _ responder: Responder) throws {
        _ = try find(parameters.attempt, of: parameters.id)
        try SpecRules.check(parameters.tail, "tail", nil)
        try SpecRules.checkPart(of: parameters)
        let atDoor = parameters.follow == true ? requester.flatMap { DoorWait(by: $0, for: .tasks, waits) } : nil
        LogStream(parameters, from: self, atDoor, responder).start()
    }
}

/// One `task.logs`: the bytes of an attempt's output, from its files, piece by piece as the client takes them.
///
/// Where no attempt is asked for it begins with the last one that has written anything: a retry that waits or has just begun must not hide
/// what came before. While it follows, it waits for the watcher to report a change. When the attempt it shows has ended and another one follows, it
/// continues with that, unless one was asked for.
private final class LogStream: Sendable {
    private static let chunk = 65_536

    private struct State {
        /// The one that is shown; nil before there is one, and between two.
        var attempt: Int?
        /// The first that may come after the one that was shown before.
        var next: Int?
        /// The latest, where it had written nothing and an earlier one is shown.
        var silent: Int?
        var offsets: [OrchProtocol.OutputStream: Int64] = [:]
        /// How many bytes may still be sent.
        var rest: Int64
        var follower: (attempt: Int, number: Int)?
    }

    private let parameters: LogsParameters
    private let sources: Streams
    private let atDoor: DoorWait?
    private let responder: Responder
    private let streams: [OrchProtocol.OutputStream]
    private let state: Mutex<State>
    private var files: OutputFiles { sources.files }

    init(_ parameters: LogsParameters, from sources: Streams, _ atDoor: DoorWait?, _ responder: Responder) {
        self.parameters = parameters
        self.sources = sources
        self.atDoor = atDoor
        self.responder = responder
        streams = parameters.stream.map { [$0] } ?? [.stdout, .stderr]
        state = Mutex(State(attempt: parameters.attempt, rest: parameters.limit ?? .max))
    }

    func start() {
        let task = parameters.id
        responder.stream(
            sources.readers, hearing: sources.news, { events in events.contains { $0.task == task } },
            onEnd: { self.leave() }
        ) { try self.step($0) }
    }

    private func unfollow() {
        let follower = state.withLock { state in
            defer { state.follower = nil }
            return state.follower
        }
        if let follower { sources.watcher.unfollow(task: parameters.id, attempt: follower.attempt, follower.number) }
    }

    private func end(_ runner: CoalescingRunner) {
        runner.end()
        leave()
    }

    private func leave() {
        unfollow()
        atDoor?.end()
    }

    private func step(_ runner: CoalescingRunner) throws {
        let (current, next) = state.withLock { ($0.attempt, $0.next) }
        // What is known of the attempt must be older than what is read of its files: an attempt that had ended before its files were
        // read to their end has nothing more to say.
        guard var found = try sources.store.attempt(current ?? next, of: parameters.id) else {
            throw WireError(.notFound, "task \(parameters.id) has been removed", field: "id")
        }
        // A number is missing where an attempt was taken back.
        if current == nil, next != nil, found.attempt == nil {
            guard let latest = try sources.store.attempt(nil, of: parameters.id) else { return runner.finished(again: true) }
            found = latest
        }
        if current == nil, next == nil, let spoken = try lastThatSpoke(before: found) { found = spoken }
        guard let attempt = found.attempt else { return pause(runner, found.task, nil) }
        if current == nil { begin(attempt, runner) }
        var sent: EventLoopFuture<Void>?
        for stream in streams {
            let (offset, rest) = state.withLock { ($0.offsets[stream] ?? 0, $0.rest) }
            let count = Int(min(Int64(Self.chunk), rest))
            let data = try files.read(task: parameters.id, attempt: attempt.number, .init(stream), at: offset, count: count)
            // A character that is cut may have its rest in the next piece, or in what is still to be written.
            let isLast = data.count < Self.chunk && (parameters.follow != true || attempt.state == .ended)
            let isWhole = isLast || Int64(data.count) == rest
            let end = data.count - (isWhole ? 0 : UTF8Text.cutAtEnd(data[...]))
            guard end > 0 else { continue }
            state.withLock {
                $0.offsets[stream] = offset + Int64(end)
                $0.rest -= Int64(end)
            }
            for piece in UTF8Text.pieces(data[..<end]) {
                let place = offset + Int64(piece.bytes.startIndex)
                sent = responder.notify(
                    .output(request: responder.id, OutputChunk(stream, attempt.number, offset: place, piece)))
            }
        }
        guard let sent else { return pause(runner, found.task, attempt) }
        runner.finished(after: sent)
    }

    /// The last attempt that has written something, where the latest has not.
    private func lastThatSpoke(before latest: (task: TaskItem, attempt: Attempt?)) throws -> (
        task: TaskItem, attempt: Attempt?
    )? {
        let task = parameters.id
        func hasSpoken(_ number: Int) -> Bool { streams.contains { files.size(task: task, attempt: number, .init($0)) > 0 } }
        guard let attempt = latest.attempt, attempt.number > 1, !hasSpoken(attempt.number),
            let number = (1..<attempt.number).last(where: hasSpoken),
            let found = try sources.store.attempt(number, of: task), found.attempt != nil
        else { return nil }
        if !attempt.isOrdered { state.withLock { $0.silent = attempt.number } }
        return found
    }

    /// Chooses the attempt to show, and where to begin.
    private func begin(_ attempt: Attempt, _ runner: CoalescingRunner) {
        var offsets: [OrchProtocol.OutputStream: Int64] = [:]
        let isFirst = state.withLock { $0.next } == nil
        for stream in streams {
            let path = files.path(task: parameters.id, attempt: attempt.number, .init(stream))
            var offset = isFirst ? parameters.offset ?? 0 : 0
            if let since = parameters.since {
                offset = OutputIndex.offset(in: path, writtenSince: since.milliseconds)
            }
            if let tail = parameters.tail { offset = max(offset, LineTail.offset(in: path, lines: tail)) }
            offsets[stream] = offset
        }
        state.withLock {
            $0.attempt = attempt.number
            $0.offsets = offsets
        }
        guard parameters.follow == true else { return }
        unfollow()
        let number = sources.watcher.follow(task: parameters.id, attempt: attempt.number) { runner.signal() }
        state.withLock { $0.follower = (attempt.number, number) }
        // What was written between the choice and this moment has woken nobody.
        runner.signal()
    }

    /// All there is has been sent: waits for more, continues with the next attempt, or ends.
    private func pause(_ runner: CoalescingRunner, _ task: TaskItem, _ attempt: Attempt?) {
        // A slow reader may come to the end of an attempt when the next ones are over as well.
        let isEnough = state.withLock { $0.rest } == 0
        if parameters.follow == true, !isEnough, parameters.attempt == nil, let attempt, attempt.state == .ended,
            task.attempts > attempt.number
        {
            state.withLock {
                $0.attempt = nil
                $0.next = attempt.number + 1
                $0.offsets = [:]
            }
            return runner.finished(again: true)
        }
        let isOver = isEnough || task.phase.isFinal || (parameters.attempt != nil && attempt?.state == .ended)
        guard parameters.follow == true, !isOver else {
            end(runner)
            // An order that has not started is not an attempt yet.
            let shown = attempt.flatMap { $0.isOrdered ? nil : $0 }
            return responder.succeed(
                LogsEnd(
                    stdout: shown.map { files.size(task: task.id, attempt: $0.number, .out) } ?? 0,
                    stderr: shown.map { files.size(task: task.id, attempt: $0.number, .err) } ?? 0,
                    attempt: shown?.number ?? 0, state: task.phase.state(isOrdered: attempt?.isOrdered ?? false),
                    silent: state.withLock { $0.silent }.flatMap { $0 > shown?.number ?? 0 ? $0 : nil }))
        }
        atDoor?.begin()
        runner.finished()
    }
}

extension OutputChunk {
    /// Text where the bytes are UTF-8, base64 where they are not.
    init(_ stream: OrchProtocol.OutputStream, _ attempt: Int, offset: Int64, _ piece: UTF8Text.Piece) {
        if piece.isText, let text = String(validating: piece.bytes, as: UTF8.self) {
            self.init(stream: stream, offset: offset, text: text, attempt: attempt)
        } else {
            self.init(stream: stream, offset: offset, base64: Data(piece.bytes).base64EncodedString(), attempt: attempt)
        }
    }
}
