import OrchProtocol

/// The store, as a turn sees it: everything that is read and written between the beginning and the commit of one transaction.
///
/// A store never interprets what it keeps. It hands out ids that grow and are never used again, also not those of removed rows.
/// Every list that a method answers is bounded by its `limit`, or by the number of attempts that run.
public protocol TaskTransaction: AnyObject {
    // Tasks

    /// Adds a task and its input; the id of `task` is ignored and the new one answered.
    func insert(_ task: TaskItem, input: ByteString?) throws -> Int64
    func task(_ id: Int64) throws -> TaskItem?
    /// The text for the standard input of a task whose `hasInput` is set.
    func input(of id: Int64) throws -> ByteString?
    /// The task that a submitter has made with an idempotency key, or that the submitter's task `parent` has, which is 0 for none. Others
    /// may use the same.
    func task(withKey key: String, of submitter: UInt32, subject: String?, below parent: Int64) throws -> Int64?
    /// Writes everything but the definition. `place` is where the task was when it was read.
    func update(_ task: TaskItem, from place: TaskItem.Place) throws
    /// Writes what may have been chosen for a task since it was added: its options, its rule, and what is still open.
    func saveChoice(of task: TaskItem) throws
    /// Writes the work of a task, where that is another now.
    func saveWork(of task: TaskItem) throws
    /// The ready tasks of a lane of a pool, the highest priority first, and of those the oldest.
    func ready(in pool: String, lane: String, limit: Int) throws -> [TaskItem]
    /// Delayed tasks whose time has come.
    func due(at wall: Int64, limit: Int) throws -> [TaskItem]
    /// Queued tasks whose latest start time is past.
    func expired(at wall: Int64, limit: Int) throws -> [TaskItem]
    /// When the next task becomes due or expires, or the time of a question is over.
    func nextWallTime() throws -> Int64?
    /// Tasks that are not final, from the lowest id above `after`; of one pool, or all.
    func unfinished(in pool: String?, after: Int64, limit: Int) throws -> [TaskItem]
    /// Moves the due times that were reckoned and not given.
    func shiftRelativeDueTimes(by milliseconds: Int64) throws
    /// Final tasks to forget: those that finished before a time, and the oldest beyond a number of them. A tree is one: it goes when all of
    /// it has ended, and what is below comes before what is above.
    func retired(before wall: Int64, keep: Int, limit: Int) throws -> [TaskItem]
    /// Roots with all that is below them, of which the lowest come first: what is above a task is there as long as it is.
    func trees(of roots: [TaskItem], limit: Int) throws -> [TaskItem]
    /// Forgets tasks and all their attempts.
    func remove(_ tasks: [TaskItem]) throws

    // Tasks that were submitted by tasks

    /// Writes what may change of where a task stands in its tree.
    func saveAncestry(of task: TaskItem) throws
    /// Lets a task have no key any more, so that another can have it.
    func forgetKey(of id: Int64) throws
    /// Adds to what has been used below a task, and below all above it, what takes the place of what was known.
    func spend(_ more: Spending, insteadOf known: Spending, below id: Int64) throws
    /// Keeps what must be cancelled, in the place of what was kept for the task before.
    func save(_ ending: Ending) throws
    func removeEnding(of id: Int64) throws
    func nextEnding() throws -> Ending?
    /// Of all that is below a task.
    func counts(below id: Int64) throws -> TreeCounts
    /// Those of which the task is the parent, from the lowest id above `after`.
    func unfinishedChildren(of id: Int64, after: Int64, limit: Int) throws -> [TaskItem]

    /// Ready tasks of a lane of a pool that are in a tree, below one of these tasks of it: the deepest first, of those the highest priority,
    /// and of those the oldest.
    func ready(in pool: String, lane: String, root: Int64, below ancestors: [Int64], limit: Int) throws -> [TaskItem]
    /// The lanes of a pool in which a tree has ready tasks, its root not among them.
    func readyLanes(in pool: String, root: Int64) throws -> [String]
    /// How many active tasks of a tree are in each lane of each pool, below one of these tasks of it.
    func activeCounts(below ancestors: [Int64], root: Int64) throws -> [(pool: String, lane: String, count: Int)]
    /// All tasks that are active, each with the root of its tree; none where no task has ever submitted another.
    func activeTasks() throws -> [(id: Int64, root: Int64)]

    // Attempts

    /// - Parameter agent: that gets its prompt; nil for a command.
    func insertAttempt(task: Int64, number: Int, pool: String, agent: String?, dispatchedAt: Int64) throws -> Attempt
    /// Adds an attempt with an id that was a worker's.
    func insert(_ attempt: Attempt) throws
    /// Lets no attempt have an id up to this one from now on. Answers whether one of them has not been handed out yet.
    func skipAttempts(upTo id: Int64) throws -> Bool
    func attempt(_ id: Int64) throws -> Attempt?
    /// The lowest id of a task that has attempts, and that of an attempt: those to come where there are none.
    func oldestAttempt() throws -> (task: Int64, id: Int64)
    /// All attempts of a task, the first of them first.
    func attempts(of task: Int64) throws -> [Attempt]
    func liveAttempt(of task: Int64) throws -> Attempt?
    func liveAttempts() throws -> [Attempt]
    /// Attempts that have not started, with the priority of their tasks.
    func dispatchedAttempts(in pool: String) throws -> [(attempt: Attempt, priority: Int)]
    /// - Parameter state: the state in which the attempt was read.
    func update(_ attempt: Attempt, from state: Attempt.State) throws
    /// Notes that an attempt has used something, of a model that may be empty.
    func attribute(_ attempt: Int64, toModel model: String) throws
    /// Keeps what the attempts of a task have used, which is about to be forgotten, among the sums of days.
    func keepUsage(of task: Int64) throws
    /// Forgets an attempt that never started.
    func removeAttempt(_ attempt: Attempt) throws
    /// Running attempts to look at, by the monotonic clock.
    func dueAttempts(at monotonic: Int64, limit: Int) throws -> [Attempt]
    /// When the next attempt, or worker, must be looked at.
    func nextMonotonicTime() throws -> Int64?

    // Questions of tasks

    /// Adds a question; the row of `question` is ignored and the new one answered.
    func insert(_ question: Question) throws -> Int64
    func question(_ id: QuestionID) throws -> Question?
    /// The latest that a task has asked in a step.
    func question(ofStep step: String, of task: Int64) throws -> Question?
    /// The number of the last that a task has asked; 0 for none.
    func lastQuestion(of task: Int64) throws -> Int
    /// The first of them first.
    func openQuestions(of task: Int64) throws -> [Question]
    func openQuestionCount(inTree root: Int64) throws -> Int
    /// Open ones whose time is over.
    func dueQuestions(at wall: Int64, limit: Int) throws -> [Question]
    /// Writes what happened to it.
    func update(_ question: Question, from state: Question.State) throws
    /// Moves the times at which open ones end.
    func shiftQuestions(by milliseconds: Int64) throws
    /// Whether there are any.
    var hasOpenQuestions: Bool { get }

    // Answers to requests with a key

    func keptAnswer(to key: String, of principal: String) throws -> KeptAnswer?
    /// Keeps it in the place of one with the same key, and of the oldest of the principal where there are too many.
    func keep(_ answer: KeptAnswer) throws
    /// Forgets those that are as old as this, or older.
    func forgetAnswers(before wall: Int64, limit: Int) throws

    // Warm workers without a task

    /// Adds a worker; its id is one of the attempts', and no attempt will have it by itself.
    func insertWorker(pool: String, fingerprint: Int64, since: Int64) throws -> Worker
    func worker(_ id: Int64) throws -> Worker?
    /// Of one pool, or all, by id.
    func workers(in pool: String?) throws -> [Worker]
    func update(_ worker: Worker) throws
    func removeWorker(_ id: Int64) throws
    /// Whether there are any.
    var hasWorkers: Bool { get }
    func backoff(of pool: String) throws -> WorkerBackoff?
    func save(_ backoff: WorkerBackoff) throws
    func removeBackoff(of pool: String) throws

    // Pools and the rest

    func pools() throws -> [PoolState]
    func save(_ pool: PoolState) throws
    func removePool(_ name: String) throws
    func counts(of pool: String) -> TaskCounts
    func live(in pool: String) -> LiveCounts
    /// How many ready tasks of a pool are in each lane that has any; those without a lane are not among them.
    func lanes(in pool: String) -> [String: Int]
    /// How many tasks of each lane run, over all pools.
    var busyLanes: [String: Int] { get }
    /// By name: those that are closed, and those that remember something.
    var gates: [String: Gate] { get }
    func save(_ gate: Gate) throws
    func removeGate(_ name: String) throws
    /// What has been spent of a budget in a period: see ``Budget/period(on:)``.
    func spending(of budget: String, in period: Int64) throws -> Spending
    func save(_ spending: Spending, of budget: String, in period: Int64) throws
    /// A number for the rules by which all tasks have been put into lanes.
    func laneRules() throws -> Int64?
    func setLaneRules(_ number: Int64) throws
    /// How many tasks are queued over all pools.
    var queuedCount: Int { get }
    /// Pools that have a task or an attempt.
    var occupiedPools: [String] { get }
    /// The supervisor's store of exit records that the live attempts were handed to.
    func supervisorStore() throws -> UInt64?
    func setSupervisorStore(_ id: UInt64) throws
    /// Numbers the events and keeps them; answers the number of the first.
    func append(_ events: [Event]) throws -> Int64
    /// Tells anybody who watches that the turn continues: for work that takes long and neither reads nor writes.
    func reportProgress()
}

/// Where turns are committed.
public protocol TurnStore: Sendable {
    associatedtype Transaction: TaskTransaction

    /// Runs a turn in one transaction. When this returns, what the turn wrote is on the disk; when it throws, nothing is.
    func transaction(_ body: (Transaction) throws -> TurnResult) throws -> TurnResult
}
