import OrchProtocol
import Scheduling
import SupervisorLink
import TestSupport

/// What users, and tasks at their doors, do in a life of trees.
extension DoorLife {
    struct Wait {
        let cause: WaitCause
        /// Whether this engine has been told.
        var isTold = true
    }

    /// What runs, and what it is up to.
    struct Process {
        let task: Int64
        let number: Int
        let pool: String
        let start: StartReport
        var toMake: Int
        var made = 0
        var wait: Wait?

        var door: Requester { .task(task, attempt: number, uid: 990) }
    }

    /// What a task has asked for through its door.
    enum Request {
        case submit(by: Process, key: String?)
        case answer(by: Int64)
    }

    func ask(_ command: Command, by requester: Requester = DoorLife.administrator, _ request: Request? = nil) {
        replies += 1
        requests[replies] = request
        inbox.append(.command(command, by: requester, reply: ReplyToken(replies)))
    }

    func makeRoot() {
        rootsToMake -= 1
        ask(.submit(.one(spec(retries: random.chance(40) ? 1 : 0))), by: Self.user)
    }

    private func spec(retries: Int) -> TaskSpec {
        var spec = TaskSpec(command: ["true"])
        (spec.retries, spec.retryDelay, spec.priority) = (retries, 0, nil)
        spec.pool = Self.names[Int.random(in: 0...1, using: &random)]
        return spec
    }

    /// One of those that run does something.
    func act() {
        guard let id = processes.keys.sorted().randomElement(using: &random), let process = processes[id] else { return }
        let unfinished = (children[process.task] ?? []).filter { !(tasks[$0]?.phase.isFinal ?? true) }
        if let wait = process.wait {
            guard wait.cause == .answer ? random.chance(30) : unfinished.isEmpty else { return }
            if wait.cause == .answer { answer(process.task) }
            if wait.isTold { say(process, wait.cause, -1) }
            processes[id]?.wait = nil
        } else if process.toMake > 0 {
            processes[id]?.toMake -= 1
            processes[id]?.made += 1
            makeChild(of: process)
        } else if !unfinished.isEmpty, !random.chance(5) {
            // Mostly who has started something waits for it, or else everything could end at any time.
            wait(id, random.chance(15) ? .answer : .tasks)
        } else if random.chance(20) {
            wait(id, .answer)
        } else {
            end(id, .exited(random.chance(20) ? 1 : 0))
        }
    }

    /// Another attempt gives the same keys again.
    private func makeChild(of parent: Process) {
        var spec = spec(retries: random.chance(20) ? 1 : 0)
        let key = random.chance(50) ? "step-\(parent.made)" : nil
        spec.key = key
        if mutation == .detachChildren { spec.detach = true }
        if mutation == .takeKeysForNone { spec.key = key.map { _ in GeneratedKey.make("") } }
        if mutation == .takeKeysForOthers { spec.key = key.map { "\($0) of attempt \(parent.number)" } }
        ask(.submit(.one(spec)), by: parent.door, .submit(by: parent, key: key))
    }

    /// Somebody answers what a task has asked; some tasks try as well.
    private func answer(_ task: Int64) {
        let answer = Command(Call(.answer, AnswerParameters(question: "\(task)", answer: "yes")))
        if random.chance(30), let other = processes.sorted(by: { $0.key < $1.key }).map(\.value).randomElement(using: &random) {
            ask(answer, by: mutation == .letTasksAnswer ? Self.user : other.door, .answer(by: other.task))
        }
        if random.chance(90) { ask(answer, by: Self.user) }
    }

    private func wait(_ id: Int64, _ cause: WaitCause) {
        guard let process = processes[id] else { return }
        if cause == .answer, random.chance(70) { ask(Command(Call(.ask, AskParameters(text: "May I?"))), by: process.door) }
        processes[id]?.wait = Wait(cause: cause)
        say(process, cause, 1)
    }

    func say(_ process: Process, _ cause: WaitCause, _ change: Int) {
        if mutation == .forgetWait, change > 0, process.task % 2 == 0 { return }
        if mutation == .forgetEndOfWait, change < 0 { return }
        var cause = cause
        if mutation == .takeAnswersForTasks { cause = .answer }
        if mutation == .takeTasksForAnswers { cause = .tasks }
        inbox.append(.waits(task: process.task, attempt: process.number, for: cause, change: change))
    }
}
