import OrchProtocol
import Scheduling
import Storage
import Supervision

/// What must be true in a life of trees, whatever happens.
extension DoorLife {
    struct Step: Hashable {
        let parent: Int64
        let key: String
    }

    func readTasks() throws {
        _ = try store.transaction { transaction in
            for (id, task) in tasks where !task.phase.isFinal { tasks[id] = try transaction.task(id) }
            while let task = try transaction.task(Int64(tasks.count + 1)) {
                if task.isChild { children[task.ancestry.parent, default: []].append(task.id) }
                tasks[task.id] = task
            }
            return TurnResult()
        }
    }

    private func settings(_ pool: String) -> PoolSettings? { pools.first { $0.name == pool } }

    /// How many attempts of a pool may live that are nobody's children.
    func mostRoots(_ pool: String) -> Int {
        let own = settings(pool)?.slots ?? 0
        return own + (settings(pool)?.spawn?.parked ?? own)
    }

    private func ancestors(_ task: TaskItem) -> [TaskItem] {
        var all: [TaskItem] = []
        var task = task
        while task.isChild, let parent = tasks[task.ancestry.parent] {
            all.append(parent)
            task = parent
        }
        return all
    }

    private func waits(_ id: Int64) -> WaitCause? { processes.values.first { $0.task == id }?.wait?.cause }

    private func isKin(_ task: TaskItem) -> Bool { ancestors(task).contains { waits($0.id) == .tasks } }

    func checkStart(in pool: String, task: Int64) {
        guard let task = tasks[task], !task.isChild else { return }
        let roots = processes.values.filter { $0.pool == pool && tasks[$0.task]?.isChild == false }.count
        // A pool that has become smaller has more for a while.
        let most = highestRoots[pool] ?? 0
        if roots > most { violations.append("\(roots) roots live in \(pool), which may have \(most)") }
    }

    func check(_ effects: [Effect], _ before: [Int64: TaskItem]) throws {
        let launched = effects.compactMap { if case .launch(let task, _, _) = $0 { tasks[task.id] } else { nil } }
        for task in launched { checkRights(task) }
        if inbox.isEmpty, !isDue { checkSomethingStarts() }
        for task in launched { checkRunning(task) }
        checkRoots(launched)
        checkOrder(launched)
        checkKeys(before)
        checkAnswers()
        checkTaken(before)
        if inbox.isEmpty, !isDue {
            checkLeftBehind()
            try checkQuestions()
        }
        try checkCounts()
    }

    private func checkRights(_ task: TaskItem) {
        for ancestor in ancestors(task) where !(settings(ancestor.pool)?.spawn?.pools.contains(task.pool) ?? false) {
            violations.append("task \(task.id) starts in \(task.pool), and task \(ancestor.id) above it gives no right to that")
        }
    }

    /// The live roots of a pool are no more than its slots and the parked, when another is ordered; orders ahead of a slot aside.
    private func checkRoots(_ launched: [TaskItem]) {
        guard cycle == 0 else { return }
        for task in launched where !task.isChild {
            let live = tasks.values.count { $0.phase == .active && $0.pool == task.pool && !$0.isChild }
            if live > mostRoots(task.pool) {
                violations.append("\(live) roots live in \(task.pool), which may have \(mostRoots(task.pool))")
            }
        }
    }

    /// Below a task with a limit, no more run that do not wait than it says.
    private func checkRunning(_ task: TaskItem) {
        for ancestor in ancestors(task) {
            guard let most = settings(ancestor.pool)?.spawn?.running else { continue }
            let busy = tasks.values.count { other in
                other.phase == .active && ancestors(other).contains { $0.id == ancestor.id }
                    && waits(other.id) == nil
            }
            if busy > most { violations.append("\(busy) run below task \(ancestor.id), and \(most) may") }
        }
    }

    /// What is below a task that waits goes before all others, the deepest first.
    private func checkOrder(_ launched: [TaskItem]) {
        // A limit of a tree may keep what is deeper from starting.
        guard !pools.contains(where: { $0.spawn?.running != nil }), inbox.isEmpty, !isDue else { return }
        for task in launched {
            let rank = isKin(task) ? task.ancestry.depth : 0
            let better = tasks.values.first {
                $0.phase == .ready && $0.pool == task.pool && $0.lane.isEmpty && isKin($0) && $0.ancestry.depth > rank
            }
            if let better { violations.append("task \(task.id) of rank \(rank) starts before task \(better.id)") }
        }
    }

    /// If all that lives waits for tasks, something starts that is below one of them.
    private func checkSomethingStarts() {
        guard isPaused.isEmpty, !processes.isEmpty, queues.waitingCount == 0 else { return }
        guard processes.values.allSatisfy({ $0.wait?.cause == .tasks && $0.wait?.isTold == true }) else { return }
        let stuck = tasks.values.filter { $0.phase == .ready && $0.lane.isEmpty && isKin($0) }
        if let task = stuck.first { violations.append("all wait, and task \(task.id) below them does not start: \(standing)") }
    }

    private func checkCounts() throws {
        for root in tasks.values where !root.isChild && children[root.id] != nil {
            let below = tasks.values.filter { $0.isChild && $0.ancestry.root == root.id }
            var counts = TreeCounts()
            _ = try store.transaction { transaction in
                counts = try transaction.counts(below: root.id)
                return TurnResult()
            }
            if mutation == .miscountTrees { counts.unfinished -= 1 }
            if counts.made != below.count || counts.unfinished != below.count(where: { !$0.phase.isFinal }) {
                violations.append("below task \(root.id) are \(below.count), and \(counts.made) are counted")
            }
        }
    }

    var standing: String {
        let live = processes.values.map { "\($0.task) in \($0.pool) waits: \($0.wait.map { "\($0.cause)" } ?? "no")" }.sorted()
        let left = tasks.values.filter { !$0.phase.isFinal }.sorted { $0.id < $1.id }
            .map { "\($0.id) \($0.phase) in \($0.pool) below \($0.ancestry.parent) \($0.lane)" }
        return "\(live); \(left); slots \(slots)"
    }

    // MARK: Ends

    /// A task goes with its parent; and with the attempt that has made it, unless another can ask for it by its key.
    private func checkLeftBehind() {
        for task in tasks.values where !task.phase.isFinal && isLeftBehind(task) {
            violations.append("task \(task.id) goes on, and what is above it has ended: \(standing)")
        }
    }

    private func isLeftBehind(_ task: TaskItem) -> Bool {
        guard task.isChild, let parent = tasks[task.ancestry.parent] else { return false }
        if parent.phase.isFinal || isLeftBehind(parent) { return true }
        let isOver = parent.phase != .active || parent.attempts > task.ancestry.attempt
        return isOver && !steps.values.contains(task.id)
    }

    /// What has a key is there for the next attempt.
    private func checkTaken(_ before: [Int64: TaskItem]) {
        for task in steps.values.compactMap({ tasks[$0] })
        where task.phase == .cancelled && before[task.id]?.phase != .cancelled {
            guard !isLeftBehind(task) else { continue }
            violations.append("task \(task.id) has a key, and was cancelled although what is above it may ask for it")
        }
    }

    /// What has succeeded is not done again, nor what still may; and what has not is done again by another attempt only.
    private func checkKeys(_ before: [Int64: TaskItem]) {
        for case (.submit(let parent, let key), .submitted(let result)) in answers {
            guard let submitted = result.all.first, let task = tasks[submitted.id] else { continue }
            if task.ancestry.parent != parent.task { violations.append("\(parent.task) got \(task.id), which is another's") }
            guard let key else { continue }
            let earlier = steps.updateValue(task.id, forKey: Step(parent: parent.task, key: key))
            // What has ended in this turn may have done so before or after.
            guard let earlier, let now = tasks[earlier] else { continue }
            let then = before[earlier] ?? now
            guard then.phase.isFinal == now.phase.isFinal else { continue }
            let isGood = !then.phase.isFinal || then.phase == .succeeded || then.ancestry.attempt == parent.number
            if isGood != (earlier == task.id) {
                violations.append(
                    "attempt \(parent.number) of \(parent.task) asked for \(key), \(then.phase), and got \(task.id)")
            }
        }
    }

    // MARK: Questions

    private func checkAnswers() {
        for case (.answer(let task), .question(let question)) in answers {
            violations.append("task \(task) has answered \(question.id)")
        }
    }

    /// What is asked is asked by an attempt that runs.
    private func checkQuestions() throws {
        _ = try store.transaction { transaction in
            guard transaction.hasOpenQuestions else { return TurnResult() }
            for task in tasks.keys {
                let running = processes.values.first { $0.task == task }?.number
                for question in try transaction.openQuestions(of: task) where question.attempt != running {
                    violations.append("\(question.id) is open, and the attempt that has asked it is over")
                }
            }
            return TurnResult()
        }
    }
}
