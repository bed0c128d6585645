import ArgumentParser
import OrchClient
import OrchProtocol

/// What the tasks have in common that a verb is for.
struct FilterOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Only these states, with commas: \(StateFilter.allCases.map(\.rawValue).joined(separator: ",")).")
    )
    var state: [String] = []

    @Option(name: .shortAndLong, help: "Only this pool.")
    var pool: String?

    @Option(name: .shortAndLong, help: "Only this name; a * in it stands for any text.")
    var name: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Only with this label; may be repeated.", valueName: "key=value"))
    var label: [String] = []

    @Flag(help: "Only those that failed.")
    var failed = false

    var isEmpty: Bool { state.isEmpty && pool == nil && name == nil && label.isEmpty && !failed }

    func parameters() throws -> ListParameters {
        var parameters = ListParameters()
        parameters.states = try ArgumentText.words(state.map { $0.lowercased() }, option: "--state")
        if failed { parameters.states = (parameters.states ?? []) + [.failed] }
        (parameters.pool, parameters.name) = (pool, name)
        parameters.labels = try ArgumentText.labels(label)
        return parameters
    }
}

/// The tasks that a verb is for, by their ids, or by what they have in common.
struct TaskList: ParsableArguments {
    @Argument(
        help: "The tasks: ids, ranges like 12-31, @last for the last that you submitted, @~1 for the one before.",
        transform: TaskWord.read)
    var ids: [TaskWord] = []

    @OptionGroup var filter: FilterOptions

    @Flag(name: .shortAndLong, help: "Do not ask at the terminal before more than \(Self.unasked) tasks are changed.")
    var yes = false

    /// As many are changed without a question.
    static let unasked = 100

    var isEmpty: Bool { ids.isEmpty && filter.isEmpty }

    mutating func take(_ rest: CommandLineReader.Rest) throws { ids += try rest.words.map(TaskWord.read) }

    /// Whether the verb takes those that it fits. A user who names each task means all of them.
    var isSelection: Bool {
        !filter.isEmpty || ids.contains { if case .range = $0 { true } else { false } }
    }

    /// Refuses a verb that is told of no task.
    func check(_ verb: String, or others: String = "") throws {
        guard isEmpty else { return }
        throw ValidationError("name what to \(verb): ids, --state, --pool, --name, --label, --failed\(others)")
    }
}

/// The tasks that were named, as the daemon knows them.
struct Selection {
    var ids: [Int64]
    /// Whether they came from a look at the queue, so that some may have changed since, or may not be the user's.
    var isLenient = false

    /// - Parameters:
    ///   - states: those that the verb is for, where the user names none.
    ///   - all: to take every task where the list names none.
    ///   - isWanted: what only the client can say of a task.
    init(
        _ list: TaskList, _ client: Client, states: [StateFilter], all: Bool = false,
        where isWanted: ((TaskRecord) -> Bool)? = nil
    ) throws {
        guard list.isSelection || all else {
            ids = try list.ids.map { try $0.resolved(client.session) }
            return
        }
        (ids, isLenient) = ([], true)
        var parameters = try list.filter.parameters()
        if parameters.states == nil, !states.isEmpty { parameters.states = states }
        (parameters.order, parameters.limit) = (.oldest, 1000)
        var named: [Int64] = []
        for word in list.ids {
            switch word {
            case .range(let range): try look(for: parameters, in: range, client, isWanted)
            case .id, .recent: named.append(try word.resolved(client.session))
            }
        }
        for start in stride(from: 0, to: named.count, by: ValueRule.mostIDs) {
            parameters.ids = Array(named[start..<min(start + ValueRule.mostIDs, named.count)])
            try look(for: parameters, in: nil, client, isWanted)
        }
        if list.ids.isEmpty { try look(for: parameters, in: nil, client, isWanted) }
        var seen: Set<Int64> = []
        ids = ids.filter { seen.insert($0).inserted }
    }

    private mutating func look(
        for parameters: ListParameters, in range: ClosedRange<Int64>?, _ client: Client, _ isWanted: ((TaskRecord) -> Bool)?
    ) throws {
        var parameters = parameters
        parameters.cursor = range.map { $0.lowerBound - 1 }
        repeat {
            let page = try client.session.call(.list, parameters)
            parameters.cursor = page.nextCursor
            for task in page.tasks where isWanted?(task) ?? true {
                if let range, task.id > range.upperBound { return }
                ids.append(task.id)
            }
            if let range, let next = parameters.cursor, next >= range.upperBound { return }
        } while parameters.cursor != nil
    }

    /// Asks for a change of all of these tasks, and tells what was done. Beyond what one request takes, it is one after the other.
    ///
    /// - Parameter parameters: for some of the tasks, and `lenient`.
    func change<P>(
        _ client: Client, _ method: OrchProtocol.Method<P, TasksChanged>, _ parameters: ([Int64], Bool?) -> P,
        _ text: (TasksChanged) -> String
    ) throws {
        let atOnce = ValueRule.mostIDs
        if !isLenient, ids.count <= atOnce { return try client.show(method, parameters(ids, nil), text) }
        var changed = TasksChanged(tasks: [])
        for start in stride(from: 0, to: ids.count, by: atOnce) {
            do {
                let some = Array(ids[start..<min(start + atOnce, ids.count)])
                let answer = try client.session.call(method, parameters(some, isLenient ? true : nil))
                changed.tasks += answer.tasks
                changed.count += answer.count
            } catch  where start > 0 {
                guard var failure = Failure(error) else { throw error }
                let others = error is WireError ? "the others are not" : "nobody knows about the others"
                failure.message += "; the first \(start) of \(ids.count) are done, \(others)"
                throw failure
            }
        }
        try client.json ? client.printJSON(changed) : Output.print(text(changed))
        let done = Set(changed.tasks.map(\.id))
        let left = ids.filter { !done.contains($0) }
        guard let first = left.first, isLenient else { return }
        let which = left.prefix(10).map { String($0) }.joined(separator: " ") + (left.count > 10 ? " …" : "")
        Output.remark(
            left.count == 1
                ? "left out task \(first): it is not yours, or its state does not fit; orchctl show \(first) says more"
                : "left out \(left.count) tasks: they are not yours, or their states do not fit: \(which)")
    }
}

/// A question to who sits at the terminal, before much is changed.
enum Confirmation {
    /// - Parameter done: as in "3214 tasks would be stopped".
    static func ask(about count: Int, done: String, _ list: TaskList) throws {
        guard count > TaskList.unasked, !list.yes, Terminal.isInput, Terminal.isError else { return }
        Output.remark("\(count) tasks would be \(done). Continue? [y/N] ", endsLine: false)
        let answer = readLine()?.lowercased() ?? ""
        guard ["y", "yes"].contains(answer) else { throw Failure(.failed, "nothing was changed") }
    }
}
