import ArgumentParser
import FoundationEssentials
import Glibc
import OrchClient
import OrchProtocol
import Presentation

/// The words that may stand where a user has pressed Tab: for `orchctl ---complete WORD...`, which the shells ask with the words after
/// the program, the last of them being the one that is completed, empty perhaps.
///
/// It answers a word a line, with a tab and a description where there is one; or one line that leaves it to the shell: `:files`, `:directories`,
/// or `:command` for the command of a task. What only the daemon knows is asked from it, for a very short time.
enum Completion {
    static let option = "---complete"

    struct Word: Equatable {
        var text: String
        var description: String?

        init(_ text: String, _ description: String? = nil) {
            self.text = text
            self.description = description
        }
    }

    enum Answer: Equatable {
        case words([Word])
        case files
        case directories
        case command
    }

    /// Milliseconds that the daemon has for its answer.
    private static let patience = 200

    /// Prints the answer, or nothing.
    static func run(_ words: [String]) {
        let text = lines(
            answer(to: words) { question in
                // Whatever it is that takes so long.
                signal(SIGALRM) { _ in _exit(0) }
                setAlarm(milliseconds: patience)
                defer { setAlarm(milliseconds: 0) }
                return try? Daemon().words(for: question)
            })
        try? Output.print(text)
    }

    private static func setAlarm(milliseconds: Int) {
        var limit = itimerval()
        limit.it_value.tv_usec = suseconds_t(milliseconds * 1000)
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &limit, nil)
    }

    private static func lines(_ answer: Answer) -> String {
        switch answer {
        case .files: ":files\n"
        case .directories: ":directories\n"
        case .command: ":command\n"
        case .words(let words):
            words.map { word in
                let description = word.description.map { "\t" + SafeText.line($0.shortened(to: 60)) } ?? ""
                return SafeText.line(word.text) + description + "\n"
            }.joined()
        }
    }

    // MARK: What may stand there

    /// What only the daemon knows.
    enum Question: Equatable {
        case pools, agents, capabilities, questions
        /// Those of these states; all where there are none.
        case tasks([StateFilter])
    }

    /// - Parameter ask: answers nil where the daemon does not.
    static func answer(to words: [String], ask: (Question) -> [Word]?) -> Answer {
        let current = words.last ?? ""
        let before = Verbs.expanded(Array(words.dropLast()))
        guard let (path, command) = try? Verbs.find(before) else { return .words([]) }
        if before.first == "help" { return .words(begin(with: current, verbs(after: Array(before.dropFirst())))) }
        if before.contains("--") { return command is any TakesCommand.Type ? .command : .words([]) }
        let table = OptionTable(command)
        if let last = before.last, path.count < before.count, let option = table[last], option.takesValue {
            return value(option.value, of: option.name, current, prefix: "", path, ask)
        }
        if current.utf8.first == UInt8(ascii: "-") {
            let name = OptionTable.name(of: current)
            if name != current, let option = table[name], option.takesValue {
                return value(
                    option.value, of: option.name, String(current.dropFirst(name.count + 1)), prefix: name + "=", path, ask)
            }
            return .words(begin(with: current, table.longNames.map { Word($0, table[$0]?.help) }))
        }
        let known = verbs(after: path)
        guard known.isEmpty else { return .words(begin(with: current, known)) }
        guard let operand = operand(of: table, before.dropFirst(path.count)) else { return .words([]) }
        return value(operand, of: "", current, prefix: "", path, ask)
    }

    private static func verbs(after path: [String]) -> [Word] {
        guard let (found, command) = try? Verbs.find(path), found.count == path.count else { return [] }
        return Verbs.abstracts(after: command).map { Word($0.name, $0.abstract) }
            + (path.isEmpty ? [Word("help", "Show what a verb does.")] : [])
    }

    /// What the operand is called that comes after some words.
    private static func operand(of table: OptionTable, _ words: ArraySlice<String>) -> String? {
        var count = 0
        var rest = words
        while let word = rest.popFirst() {
            if word.utf8.first == UInt8(ascii: "-"), word.utf8.count > 1 {
                if table[word]?.takesValue ?? false { rest = rest.dropFirst() }
            } else {
                count += 1
            }
        }
        let names = table.operandNames
        // The last may be a list.
        return count < names.count ? names[count] : names.last
    }

    private static func value(
        _ name: String, of option: String, _ current: String, prefix: String, _ path: [String], _ ask: (Question) -> [Word]?
    ) -> Answer {
        var isList = false
        let words: [Word]
        switch (path.first, name) {
        case (_, "file"): return .files
        case (_, "path") where option == "--socket": return .files
        case (_, "directory"), (_, "path"): return .directories
        case (_, "pool"): words = ask(.pools) ?? []
        case (_, "agent"), ("agent", "name"): words = ask(.agents) ?? []
        case (_, "id"), (_, "ids"): words = ask(.tasks(path.first.map(Verbs.states) ?? [])) ?? []
        case ("answer", "question"): words = ask(.questions) ?? []
        case (_, "level"): words = ThinkingLevel.allCases.map { Word($0.rawValue) }
        case (_, "format"): words = ["table", "legacy"].map { Word($0) }
        case (_, "key") where option == "--by": words = UsageKey.allCases.map { Word($0.rawValue) }
        case (_, "columns"): (words, isList) = (TaskColumn.allCases.map { Word($0.rawValue) }, true)
        case (_, "state"): (words, isList) = (StateFilter.allCases.map { Word($0.rawValue) }, true)
        case (_, "causes"): (words, isList) = (RetryCause.allCases.map { Word($0.rawValue) }, true)
        case (_, "capability"): (words, isList) = (ask(.capabilities) ?? [], true)
        default: words = []
        }
        guard isList, let comma = current.lastIndex(of: ",") else { return .words(begin(with: current, words, prefix: prefix)) }
        let done = current[...comma]
        let used = Set(done.split(separator: ",").map(String.init))
        let left = words.filter { !used.contains($0.text) }
        return .words(begin(with: String(current[current.index(after: comma)...]), left, prefix: prefix + done))
    }

    private static func begin(with start: String, _ words: [Word], prefix: String = "") -> [Word] {
        words.filter { $0.text.utf8.starts(with: start.utf8) }.map { Word(prefix + $0.text, $0.description) }
    }

    // MARK: What the daemon knows

    private struct Daemon {
        private let connection: Connection

        init() throws { connection = try Connection(path: SocketPath.choose(), patience: 1) }

        func words(for question: Question) throws -> [Word] {
            switch question {
            case .pools: try pools().map { Word($0.name) }
            case .capabilities: Set(try pools().flatMap { $0.capabilities ?? [] }).sorted().map { Word($0) }
            case .agents: try connection.call(.agentList).agents.map { Word($0.name, $0.description) }
            case .questions: try connection.call(.questionList, QuestionListParameters()).questions.map { Word($0.id, $0.text) }
            case .tasks(let states): try tasks(states)
            }
        }

        private func pools() throws -> [PoolRecord] { try connection.call(.poolList).pools }

        private func tasks(_ states: [StateFilter]) throws -> [Word] {
            var parameters = ListParameters()
            parameters.states = states.isEmpty ? nil : states
            parameters.limit = 50
            return try connection.call(.list, parameters).tasks.map { task in
                Word(
                    "\(task.id)",
                    "\(task.state.rawValue) \(task.name ?? task.prompt ?? (task.command ?? []).joined(separator: " "))")
            }
        }
    }
}
