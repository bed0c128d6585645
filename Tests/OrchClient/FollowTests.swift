import FoundationEssentials
import OrchClient
import OrchProtocol
import Testing

@Suite(.timeLimit(.minutes(1))) struct FollowTests {
    private static func status(last: Int64) -> DaemonStatus {
        let now = Timestamp(milliseconds: 0)
        return DaemonStatus(
            state: .running, version: "1", pid: 1, startedAt: now, now: now, supervisor: SupervisorStatus(connected: true),
            counts: TaskCounts(), pools: [], problems: [], lastEvent: last)
    }

    /// A daemon that has had so many events, of which it keeps these.
    private static func daemon(last: Int64, keeps: [Int64], onAfter: @escaping @Sendable (Int64?) -> Void = { _ in })
        -> FakeDaemon.Conversation
    {
        { peer in
            peer.answer(peer.request(), status(last: last))
            guard let request = peer.request(), let parameters = request.call[.subscribe] else { return }
            onAfter(parameters.after)
            for seq in keeps where seq > parameters.after ?? last {
                peer.notify(.event(request: request.id, Event(seq: seq, at: Timestamp(milliseconds: 0), kind: .taskQueued)))
            }
        }
    }

    private static func updates(_ follow: Follow, until isEnd: ([Follow.Update]) -> Bool) async -> [Follow.Update] {
        var all: [Follow.Update] = []
        for await batch in follow {
            all += batch
            if isEnd(all) { break }
        }
        return all
    }

    private static func numbers(_ updates: [Follow.Update]) -> [Int64] {
        updates.compactMap { if case .event(let event) = $0 { event.seq } else { nil } }
    }

    @Test func itGoesOnWhereTheLastConnectionEnded() async throws {
        let daemon = try FakeDaemon(
            Self.daemon(last: 4, keeps: [3, 4]), Self.daemon(last: 6, keeps: [3, 4, 5, 6]),
            Self.daemon(last: 7, keeps: [7]))
        let follow = try Follow(path: daemon.path, after: 2, pauses: .milliseconds(1)...(.milliseconds(2)))
        let updates = await Self.updates(follow) { Self.numbers($0).last == 7 }
        follow.stop()
        #expect(Self.numbers(updates) == [3, 4, 5, 6, 7])
        #expect(updates.first == .connected(last: 4))
        #expect(!updates.contains { if case .gap = $0 { true } else { false } })
        let losses = updates.count { if case .disconnected = $0 { true } else { false } }
        // The last conversation ends as well, before or after it is looked at.
        #expect((2...3).contains(losses))
    }

    @Test func whatIsGoneIsNamed() async throws {
        let daemon = try FakeDaemon(Self.daemon(last: 9, keeps: [8, 9]))
        let follow = try Follow(path: daemon.path, after: 2)
        let updates = await Self.updates(follow) { Self.numbers($0).last == 9 }
        #expect(updates.dropFirst().first == .gap(after: 2, before: 8))
        #expect(Self.numbers(updates) == [8, 9])
    }

    @Test func anotherQueueIsAGap() async throws {
        let daemon = try FakeDaemon(Self.daemon(last: 3, keeps: [1, 2, 3, 4]))
        let follow = try Follow(path: daemon.path, after: 70)
        let updates = await Self.updates(follow) { Self.numbers($0).last == 4 }
        #expect(updates.prefix(2) == [.gap(after: 70, before: 4), .connected(last: 3)])
    }

    @Test func withoutACursorItBeginsNow() async throws {
        let daemon = try FakeDaemon(Self.daemon(last: 3, keeps: [1, 2, 3, 4]))
        let follow = try Follow(path: daemon.path, after: nil)
        let updates = await Self.updates(follow) { Self.numbers($0).last == 4 }
        #expect(Self.numbers(updates) == [4])
    }

    @Test func moreThanFitsWaitsAndComesInOrder() async throws {
        let all = Array(1...Int64(Follow.capacity * 4))
        let daemon = try FakeDaemon(Self.daemon(last: Int64(all.count), keeps: all))
        let follow = try Follow(path: daemon.path, after: 0)
        var numbers: [Int64] = []
        for await batch in follow {
            #expect(batch.count <= Follow.capacity)
            numbers += Self.numbers(batch)
            if numbers.count == all.count { break }
        }
        #expect(numbers == all)
    }

    @Test(arguments: [true, false]) func stoppingEndsIt(_ whileWaiting: Bool) async throws {
        let follow = try Follow(path: "/nonexistent/orchd.sock", after: nil)
        let iterator = follow.makeAsyncIterator()
        guard case .disconnected(let reason)? = await iterator.next()?.first else {
            Issue.record("no word of it")
            return
        }
        #expect(reason.contains("orchd is not running"))
        if whileWaiting {
            let waiting = Task { await follow.makeAsyncIterator().next() }
            waiting.cancel()
            #expect(await waiting.value == nil)
        } else {
            follow.stop()
        }
        #expect(await iterator.next() == nil)
    }
}
