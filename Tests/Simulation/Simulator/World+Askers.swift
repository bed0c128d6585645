import Engine
import OrchProtocol
import Scheduling
import TestSupport

/// Who asks for what, and may.
extension World {
    /// Mostly the owner of the first of some tasks, often root, sometimes somebody who may not. Drawn from a generator of its own.
    func asker(_ ids: [Int64] = []) -> UInt32 {
        var draw = SeededGenerator(plan.seed &* 0x9E37_79B9 &+ UInt64(requests.count))
        let owner = ids.lazy.compactMap { self.ledger.tasks[$0]?.definition.submitter }.first ?? 1000
        switch Int.random(in: 0..<10, using: &draw) {
        case 0..<6: return owner
        case 6..<9: return 0
        default: return owner == 1000 ? 1001 : 1000
        }
    }

    /// Of what only admins may do: mostly root.
    func administrator() -> UInt32 {
        var draw = SeededGenerator(plan.seed &* 0x85EB_CA6B &+ UInt64(requests.count))
        return draw.chance(90) ? 0 : 1000
    }

    /// Whether somebody who may has asked for what has been done to a task.
    func isAsked(_ task: TaskItem, _ verb: TaskVerb) -> Bool {
        requests.contains { request in
            (request.isAdministrator || request.user == task.definition.submitter) && request.tries > 0
                && request.command.asks(verb, of: task)
        }
    }

    /// Whether a request that may change a task has not been answered, as where another of its tasks is being taken back.
    func isKept(_ task: Int64) -> Bool {
        requests.contains { request in
            guard request.life == engine?.life, !request.isAnswered else { return false }
            return request.command.mayTakeBack && request.command.ids.contains(task)
        }
    }

    /// An answer is for whoever has asked: they may do it, and it was done.
    func checkAuthority(_ request: Request, _ reply: Reply) {
        if case .failed(let error) = reply, error.kind == .forbidden {
            let isForeign = request.command.ids.contains {
                ledger.tasks[$0].map { $0.definition.submitter != request.user } ?? true
            }
            let mayBe = !request.isAdministrator && (request.command.isAdministrative || isForeign)
            violations.require(mayBe, "request \(request.number) of \(request.user) is forbidden, and is not: \(error.message)")
            return
        }
        if case .failed = reply { return }
        guard !request.isAdministrator else { return }
        violations.require(
            !request.command.isAdministrative, "request \(request.number) of \(request.user) is only for admins, and was done")
        let foreign = request.command.ids.filter { ledger.tasks[$0].map { $0.definition.submitter != request.user } ?? false }
        violations.require(
            foreign.isEmpty, "request \(request.number) of \(request.user) has changed the tasks \(foreign) of others")
    }

    /// What was refused for where a task stands is not where that can be changed.
    func checkRefusal(_ request: Request, _ reply: Reply) {
        guard case .failed(let error) = reply, error.kind == .invalidState else { return }
        guard request.command.mayTakeBack else { return }
        let ids = request.command.ids
        // What another request has queued again in the same turn could not be changed when this one was decided.
        let isQueuedAgain = requests.contains { other in
            guard other.life == engine?.life, !other.isAnswered, let retried = other.command.call[.retry] else { return false }
            return retried.ids.contains { ids.contains($0) }
        }
        violations.require(
            isQueuedAgain || ids.contains { ledger.standing(of: $0) != .queued || ledger.isStopping($0) },
            "request \(request.number) is refused (\(error.message)), and its tasks are all queued: \(ids)")
    }

    /// The engine drains only if somebody was told that it does.
    func checkDraining() {
        guard let engine, engine.core.isDraining else { return }
        let isAsked = requests.contains { $0.life == engine.life && $0.command.drains && $0.isDone }
        violations.require(isAsked, "the engine drains, and whoever asked for it was told that it does not")
    }
}

/// What can be done to a task.
enum TaskVerb: Sendable {
    case cancel, retry, hold, release, update, pause, resume

    init?(_ kind: Event.Kind) {
        switch kind {
        case .taskHeld: self = .hold
        case .taskReleased: self = .release
        case .taskUpdated: self = .update
        case .taskPaused: self = .pause
        case .taskResumed: self = .resume
        default: return nil
        }
    }
}

extension Command {
    var isAdministrative: Bool { call.method.administration != nil }

    /// It is for tasks that are queued, also where they have been ordered ahead.
    var mayTakeBack: Bool { isOf(.hold, .pause) || isOf(.update) }

    var drains: Bool { isOf(.drain) || isOf(.stop) }

    fileprivate func asks(_ verb: TaskVerb, of task: TaskItem) -> Bool {
        switch verb {
        case .cancel:
            return call[.cancel].map { $0.ids?.contains(task.id) ?? ($0.pool.map { $0 == task.pool } ?? true) } ?? false
        case .retry: return isOf(.retry) && ids.contains(task.id)
        case .hold: return isOf(.hold, .pause) && ids.contains(task.id)
        case .pause: return isOf(.pause) && ids.contains(task.id)
        case .release: return isOf(.release, .resume) && ids.contains(task.id)
        case .resume: return isOf(.resume) && ids.contains(task.id)
        case .update: return isOf(.update) && ids.contains(task.id)
        }
    }
}
