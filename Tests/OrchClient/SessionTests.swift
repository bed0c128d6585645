import OrchClient
import OrchProtocol
import Testing

@Suite(.timeLimit(.minutes(1))) struct SessionTests {
    private let version = VersionInfo(version: "9", protocol: 1)

    @Test func aReadIsRepeatedAfterALoss() throws {
        let daemon = try FakeDaemon(
            { _ in }, { peer in _ = peer.request() }, { [version] peer in peer.answer(peer.request(), version) })
        #expect(try Session(path: daemon.path).call(.version) == version)
    }

    @Test func aChangeIsNotRepeated() throws {
        let daemon = try FakeDaemon({ peer in _ = peer.request() })
        #expect(throws: ClientError.lost) {
            try Session(path: daemon.path).call(.retry, TaskSelection(ids: [1]))
        }
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
