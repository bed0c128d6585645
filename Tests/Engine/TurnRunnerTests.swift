import DaemonConfiguration
import Foundation
import Logging
import OrchProtocol
import Platform
import Scheduling
import Storage
import SupervisorLink
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// One turn after the other, on a store that refuses some of them.
@Suite struct TurnRunnerTests {
    /// The real store, which refuses so many commits.
    private final class RefusingStore: TurnStore {
        let store: SQLiteStore
        let denials = Mutex(0)

        init(_ store: SQLiteStore) { self.store = store }

        func transaction(_ body: (SQLiteTransaction) throws -> TurnResult) throws -> TurnResult {
            let refuses = denials.withLock { denials in
                defer { denials = max(0, denials - 1) }
                return denials > 0
            }
            return try store.transaction { transaction in
                let turn = try body(transaction)
                if refuses { throw StorageError(.full, "the disk is full") }
                return turn
            }
        }
    }

    private final class Link: SupervisorPort {
        func send(_ message: EngineMessage, descriptors: [Descriptor]) { sent.withLock { $0.append(message) } }
        func open(_ connection: UInt64) {}
        let sent = Mutex<[EngineMessage]>([])
    }

    private let directory: ScratchDirectory
    private let store: RefusingStore
    private let link = Link()
    private let core: EngineCore
    private let replies = Replies()

    private final class Replies: Sendable {
        private let all = Mutex<[Reply]>([])
        func add(_ reply: Reply) { all.withLock { $0.append(reply) } }
        func take() -> [Reply] {
            all.withLock { all in
                defer { all = [] }; return all
            }
        }
    }

    init() throws {
        directory = try ScratchDirectory()
        store = RefusingStore(try SQLiteStore(path: directory.path("queue.db")))
        try FileManager.default.createDirectory(atPath: directory.path("output"), withIntermediateDirectories: true)
        var configuration = Configuration()
        configuration.pools = [PoolConfiguration(settings: PoolSettings(name: "default", slots: 1))]
        var log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        log.logLevel = .critical
        core = try EngineCore(
            store: store.store, stateDirectory: directory.url.path, configuration: configuration, link: link,
            clock: { Now(wall: 1_800_000_000_000, monotonic: 50_000_000) }, zoneOffset: { _ in 0 }, log: log)
    }

    private func ask(_ command: Command) {
        core.request(command, by: Requester(uid: 0, isAdministrator: true)) { [replies] in replies.add($0) }
    }

    private func isRefused(_ reply: Reply?) -> Bool {
        if case .failed(let error) = reply { error.kind == .storageFull } else { false }
    }

    /// What was refused has not happened, neither in the store nor in the memory of whoever takes the turns.
    @Test(arguments: [Command.drain, .shutdown])
    func aTurnThatIsRefusedHasNotHappened(_ command: Command) throws {
        var runner = TurnRunner(core, on: store)
        _ = runner.turn()
        store.denials.withLock { $0 = 1 }
        ask(command)
        _ = runner.turn()
        #expect(isRefused(replies.take().first) && !core.isDraining && core.hasStorageProblem)
        // The next one is taken, and what comes is started.
        core.push([.connected(Inventory(connection: 1, store: 7, heardUpTo: 0))])
        ask(.submit(.one(TaskSpec(command: ["true"]))))
        _ = runner.turn()
        #expect(replies.take() == [.submitted(.one(Submitted(id: 1, created: true)))])
        #expect(!core.isDraining && !core.hasStorageProblem)
        let launches = link.sent.withLock { $0.count { if case .launch = $0 { true } else { false } } }
        #expect(launches == 1)
        core.endCleaning()
    }

    /// Whoever waited has been told; what happened is not forgotten, and is taken once, in the turn after.
    @Test func whatHappenedInARefusedTurnIsKept() throws {
        var runner = TurnRunner(core, on: store)
        core.push([.connected(Inventory(connection: 1, store: 7, heardUpTo: 0))])
        ask(.submit(.one(TaskSpec(command: ["true"]))))
        _ = runner.turn()
        _ = replies.take()
        store.denials.withLock { $0 = 2 }
        let start = StartReport(attempt: 1, pid: 9, slot: 1, startedAt: 1_800_000_000_000, startedMonotonic: 50_000_000)
        core.push([
            .ended(
                AttemptEnd(
                    attempt: 1, start: start, ending: .exited(0), endedAt: 1_800_000_000_000, endedMonotonic: 50_000_000))
        ])
        ask(.hold([1]))
        // First with the request, then alone, and only after a while again.
        #expect(runner.turn() == 0)
        #expect(isRefused(replies.take().first) && replies.take().isEmpty)
        #expect(runner.turn() == 1_000)
        #expect(try store.store.record(of: 1)?.state == .queued)
        _ = runner.turn()
        #expect(try store.store.record(of: 1)?.state == .succeeded)
        let acknowledged = link.sent.withLock { $0.contains(.acknowledge(attempts: [1])) }
        #expect(acknowledged)
        core.endCleaning()
    }

    /// The files of a task are kept as long as the task, and those of a submission that made no task are not.
    @Test func whatCameWithATaskGoesWithIt() throws {
        var runner = TurnRunner(core, on: store)
        let files = core.files.submitted
        func keep(_ name: String) throws -> Submission {
            var spec = TaskSpec(command: ["true"])
            spec.files = [SubmittedFile(name: name, base64: Data("x".utf8))]
            let kept = Mutex<Result<Submission, WireError>?>(nil)
            let done = DispatchSemaphore(value: 0)
            files.keep(.one(spec), of: 7, limit: 2, core.store) { result in
                kept.withLock { $0 = result }
                done.signal()
            }
            done.wait()
            return try #require(kept.withLock { $0 }).get()
        }
        func archives() -> Int {
            (try? FileManager.default.contentsOfDirectory(atPath: directory.path("submitted")))?.count ?? 0
        }
        let first = try keep("a")
        ask(.submit(first))
        ask(.cancel(CancelParameters(ids: [1])))
        _ = runner.turn()
        #expect(try store.store.record(of: 1)?.files == [ResultFile(name: "a", size: 1)])
        let second = try keep("b")
        #expect(throws: WireError.self, "there are two bytes of this user already") { try keep("c") }
        #expect(archives() == 2)
        // An engine that comes after it knows whose they are.
        try core.files.submitted.takeStock(store.store)
        #expect(archives() == 1)
        files.removeUnused(of: second, .failed(WireError(.tooBusy, "")), of: 7)
        core.push([.retire(before: .max, keep: 0)])
        _ = runner.turn()
        core.endCleaning()
        #expect(archives() == 0)
        _ = try keep("d")
    }

    /// A request that waits for the supervisor waits on where the turn that would have answered it is refused.
    @Test func aRequestThatWaitsIsAnsweredOnceItCanBe() throws {
        var runner = TurnRunner(core, on: store)
        core.push([.connected(Inventory(connection: 1, store: 7, heardUpTo: 0))])
        ask(.submit(.one(TaskSpec(command: ["true"]))))
        _ = runner.turn()
        _ = replies.take()
        ask(.hold([1]))
        _ = runner.turn()
        #expect(replies.take().isEmpty)
        store.denials.withLock { $0 = 1 }
        core.push([.revoked(attempt: 1, accepted: true)])
        _ = runner.turn()
        #expect(replies.take().isEmpty)
        _ = runner.turn()
        #expect(replies.take() == [.changed(TasksChanged(tasks: [.init(id: 1, state: .queued)]))])
        #expect(try store.store.record(of: 1)?.waiting == .held)
        core.endCleaning()
    }
}
