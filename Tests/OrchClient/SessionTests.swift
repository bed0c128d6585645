import OrchClient
import OrchProtocol
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct SessionTests {
    private let version = VersionInfo(version: "9", protocol: 1)

    @Test func aReadIsRepeatedAfterALoss() throws {
        let daemon = try FakeDaemon(
            { _ in }, { peer in _ = peer.request() }, { [version] peer in peer.answer(peer.request(), version) })
        #expect(try Session(path: daemon.path).call(.version) == version)
    }

    @Test func whatWouldBeAnotherRequestIsNotRepeated() throws {
        let daemon = try FakeDaemon({ peer in _ = peer.request() })
        #expect(throws: ClientError.lost) { try Session(path: daemon.path).call(.drain) }
    }

    @Test func aChangeIsRepeatedWithItsKey() throws {
        let calls = Mutex<[Call]>([])
        let changed = TasksChanged(tasks: [.init(id: 1, state: .queued)])
        let daemon = try FakeDaemon(
            { peer in calls.withLock { $0 += [peer.request()?.call].compactMap(\.self) } },
            { peer in
                let request = peer.request()
                calls.withLock { $0 += [request?.call].compactMap(\.self) }
                peer.answer(request, changed)
            })
        #expect(try Session(path: daemon.path).call(.retry, RetryParameters(ids: [1])) == changed)
        let asked = calls.withLock { $0 }
        #expect(asked.count == 2 && asked[0] == asked[1] && asked[0].key != nil)
    }

    @Test func anOlderDaemonIsAskedWithoutAKey() throws {
        let changed = TasksChanged(tasks: [.init(id: 1, state: .queued)])
        let refusal = WireError(.invalidParameter, "unknown parameter \"key\"", field: "key")
        let daemon = try FakeDaemon { peer in
            guard let first = peer.request(), first.call.key != nil else { return }
            guard let line = try? Wire.line(Response<TasksChanged>(id: first.id, error: refusal)) else { return }
            peer.send([UInt8](line) + [0x0A])
            let second = peer.request()
            if second?.call.key == nil { peer.answer(second, changed) }
        }
        #expect(try Session(path: daemon.path).call(.retry, RetryParameters(ids: [1])) == changed)
    }

    @Test func aSubmissionIsRepeatedOnlyWithAKey() {
        #expect(!Call(.submit, .one(TaskSpec(prompt: "p"))).isRepeatable)
        var spec = TaskSpec(prompt: "p")
        spec.key = "k"
        #expect(Call(.submit, .one(spec)).isRepeatable)
        #expect(!Call(.submit, .many([spec, TaskSpec(prompt: "p")])).isRepeatable)
    }

    @Test func aDaemonThatWasNeverThereIsNotWaitedFor() {
        let path = "/tmp/orch-client-nobody.sock"
        let began = ContinuousClock.now
        #expect(throws: ClientError.self) { try Session(path: path).call(.version) }
        #expect(ContinuousClock.now - began < .seconds(5))
    }

    @Test func patienceHasAnEnd() throws {
        let daemon = try FakeDaemon({ peer in _ = peer.request() })
        let session = Session(path: daemon.path)
        session.patience = .milliseconds(300)
        #expect(throws: ClientError.self) { try session.call(.version) }
    }

    @Test func aStreamGoesOnWhereItBroke() throws {
        let time = Timestamp(milliseconds: 0)
        let daemon = try FakeDaemon(
            { peer in
                guard let request = peer.request() else { return }
                for seq in 1...3 {
                    peer.notify(.event(request: request.id, Event(seq: Int64(seq), at: time, kind: .taskQueued)))
                }
            },
            { peer in
                guard let request = peer.request(), let parameters = request.call[.subscribe] else { return }
                let next = (parameters.after ?? -10) + 1
                peer.notify(.event(request: request.id, Event(seq: next, at: time, kind: .taskQueued)))
                peer.answer(request, SubscribeEnd(last: next))
            })
        var seen: [Int64] = []
        var last: Int64 = 0
        _ = try Session(path: daemon.path).perform { connection in
            try connection.call(.subscribe, SubscribeParameters(after: last)) {
                guard case .event(_, let event) = $0 else { return }
                last = event.seq
                seen.append(event.seq)
            }
        }
        #expect(seen == [1, 2, 3, 4])
    }
}
