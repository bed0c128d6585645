import Engine
import Foundation
import OrchProtocol
import Scheduling
import Storage
import SupervisorLink
import TestSupport

extension World {
    func makeOutputDirectory() throws {
        try FileManager.default.createDirectory(atPath: directory.path("output"), withIntermediateDirectories: true)
    }

    func startEngine() throws {
        guard engine == nil else { return }
        lives += 1
        note("engine \(lives) starts")
        ledger.apply(limits, budgets, routes, pools)
        let fresh = try SimulatedEngine(
            mutation: mutation, life: lives, disk: disk, directory: directory.url.path, configuration: configuration,
            clock: clock)
        engine = fresh
        wakeEngine()
        later(.connect(life: lives), in: .random(in: 0...30, using: &random))
        for number in backlog { later(.send(number), in: .random(in: 0...5, using: &random)) }
        backlog = []
        readEvents()
    }

    /// Something has come for it.
    func wakeEngine() {
        guard let engine else { return }
        engine.idleTurns = 0
        wakeEngine(in: Int64.random(in: 0...1, using: &random), engine)
    }

    private func wakeEngine(in milliseconds: Int64, _ engine: SimulatedEngine) {
        let time = clock.elapsed + milliseconds
        engine.isResting = false
        guard time < engine.wakeAt ?? .max else { return }
        engine.wakeAt = time
        agenda.enter(.engineWakes(life: engine.life), at: time)
    }

    /// A turn up to its commit. While that takes its time, other things happen, and only then what follows from it.
    func turnEngine() throws {
        guard let engine, engine.pending == nil else { return }
        engine.wakeAt = nil
        engine.isResting = false
        disk.commitTime = .random(in: 0...plan.commitTime, using: &random)
        disk.fault =
            killsNextCommit ? .killed : failingCommits > 0 ? .failing : fullUntil > clock.elapsed ? .full : nil
        let before = disk.tried
        let rest = engine.turn()
        for write in disk.takeWrites() { note(write.brief) }
        let hasTried = disk.tried > before
        if hasTried, killsNextCommit {
            killsNextCommit = false
            return killEngine("before the commit")
        }
        if hasTried, failingCommits > 0 { failingCommits -= 1 }
        engine.idleTurns = disk.fault == nil && rest < 100 ? engine.idleTurns + 1 : 0
        engine.pending = (engine.outlet.take(), rest: rest, isResting: rest > 0 && !hasTried)
        agenda.enter(.effects(life: engine.life), at: clock.elapsed)
    }

    func letOut() {
        guard let engine, let (items, rest, isResting) = engine.pending else { return }
        engine.pending = nil
        if !items.isEmpty { engine.idleTurns = 0 }
        violations.require(
            engine.idleTurns < 500, "the engine takes one turn after the other, and nothing comes in and nothing goes out")
        let limit = items.isEmpty ? nil : killAfterEffects
        for item in items.prefix(limit ?? items.count) { letOut(item) }
        if let limit {
            killAfterEffects = nil
            cutShort(items.dropFirst(limit).first)
            return killEngine("after \(min(limit, items.count)) of \(items.count) effects")
        }
        // What has come meanwhile is taken at once.
        let time = min(engine.wakeAt ?? .max, clock.elapsed + rest)
        engine.isResting = isResting && engine.wakeAt == nil
        engine.wakeAt = max(time, clock.elapsed)
        agenda.enter(.engineWakes(life: engine.life), at: max(time, clock.elapsed))
    }

    private func letOut(_ item: EffectTap.Item) {
        switch item {
        case .message(let message, let descriptors): sendToSupervisor(message, descriptors)
        case .toWorker(let worker, let bytes): letOut(bytes, to: worker)
        case .received(let bytes, let worker):
            guard mutation != .forgetHeard else { return }
            engine?.core.channels.received(bytes, of: worker)
            engineReadsLater()
        case .forgetWorker(let worker): engine?.core.channels.forget(worker)
        case .opened(let generation): links[generation]?.isOpen = true
        case .reply(let request, let reply):
            if mutation == .loseAnswer, request % 7 == 3 { return }
            if mutation == .keepRefused, requests[request].command.drains, case .failed(let error) = reply,
                error.kind == .storageFailed || error.kind == .storageFull
            {
                engine?.core.request(requests[request].command, by: Requester(uid: 0, isAdministrator: true)) { _ in }
            }
            answer(request, reply)
            if mutation == .repeatAnswer { answer(request, reply) }
        case .reloaded(let request, let done): note("reload \(request): \(done)")
        case .news(let events):
            for event in events { note("news \(event.brief)") }
            readEvents()
        }
    }

    /// It is gone from one instruction to the next. What it had sent may still arrive.
    func killEngine(_ how: String) {
        guard let dead = engine else { return }
        if clockSetAt == disk.commits { isClockUncertain = true }
        note("engine \(dead.life) is killed \(how)")
        dead.core.endCleaning()
        engine = nil
        closeLink(ofLife: dead.life)
        loseRequests(ofLife: dead.life)
        reopenStore()
        later(.engineStarts, in: .random(in: 1...300, using: &random))
    }

    /// It ends its turn, and goes.
    func endEngine() throws {
        guard let old = engine else { return }
        if clockSetAt == disk.commits { isClockUncertain = true }
        note("engine \(old.life) stops")
        old.core.endCleaning()
        engine = nil
        closeLink(ofLife: old.life)
        loseRequests(ofLife: old.life)
        reopenStore()
        later(.engineStarts, in: .random(in: 1...300, using: &random))
    }

    /// The next engine opens the file as the last one left it. Mostly it is spared that, which costs most of the time of a life.
    private func reopenStore() {
        guard random.chance(15) else { return }
        do {
            let copy = lives
            if random.chance(50) {
                // As after SIGKILL: nobody has closed the database or moved the log into it.
                for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: disk.store.path + suffix) {
                    try FileManager.default.copyItem(
                        atPath: disk.store.path + suffix, toPath: directory.path("queue\(copy).db\(suffix)"))
                }
                let old = disk.store
                disk.replace(try SQLiteStore(path: directory.path("queue\(copy).db")))
                try old.close()
                for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: old.path + suffix) }
            } else {
                let path = disk.store.path
                try disk.store.close()
                disk.replace(try SQLiteStore(path: path))
            }
            try compareStore()
        } catch { violations.add("the database cannot be opened again: \(error)") }
    }
}

extension Event {
    /// For a trace.
    fileprivate var brief: String {
        let outcome = outcome.map { "\($0.kind.rawValue) \($0.code ?? 0)" } ?? ""
        return
            "\(seq) \(kind.rawValue) \(task ?? 0).\(attempt ?? 0) \(pool ?? "") \(state?.rawValue ?? "") \(outcome) \(detail ?? "")"
    }
}
