import DiscordAPI
import OrchProtocol
import Text

/// What completes a value while it is typed: only what the person could use it for.
extension Bridge {
    /// How many tasks are looked through.
    private static let searched = 500

    func complete(_ wish: Wish, _ option: String, by person: Person, _ store: BridgeTransaction) throws -> [Reply.Choice] {
        guard let command = Command.named(wish.path), let kind = command.options.first(where: { $0.name == option })?.kind
        else { return [] }
        let typed = wish.text(kind) ?? ""
        switch kind {
        case .task: return try tasks(command, typed, after: "", person, store)
        case .tasks:
            // Those before are kept; the last one is being typed.
            let words = typed.split(separator: " ", omittingEmptySubsequences: false)
            let before = words.dropLast().map { $0 + " " }.joined()
            return try tasks(command, words.last.map(String.init) ?? "", after: before, person, store)
        case .pool:
            return Self.choices(configuration.authorizer.pools(for: command.verb, person), typed)
        case .model:
            let pools = Set(configuration.authorizer.pools(for: command.verb, person))
            let models = catalogue.filter { !pools.isDisjoint(with: $0.pools) }.compactMap(\.model)
            return Self.choices(Set(models).sorted(), typed)
        case .answer:
            guard let name = wish.text(.task).flatMap(QuestionName.init), let task = try store.knownTask(name.task),
                refusal(of: command.verb, for: task, person) == nil
            else { return [] }
            let open = try store.openQuestions(of: name.task).filter { name.number == nil || name.number == $0.number }
            return Self.choices(open.flatMap { Self.content($0.content)?.buttons.compactMap(\.answer) ?? [] }, typed)
        case .prompt, .thinking, .priority, .state, .days, .slots, .file: return []
        }
    }

    private func tasks(
        _ command: Command, _ typed: String, after before: String, _ person: Person, _ store: BridgeTransaction
    ) throws -> [Reply.Choice] {
        let wanted = typed.lowercased()
        let given = Set(before.split(separator: " "))
        let asking = command.deed == .answer ? try store.askingTasks() : nil
        let found = try store.knownTasks(states: command.states, limit: Self.searched).lazy.filter { task in
            let number = String(task.row.id)
            guard wanted.isEmpty || number.utf8.starts(with: wanted.utf8) || task.row.title.lowercased().contains(wanted),
                !given.contains(number[...]), asking?.contains(task.row.id) ?? true
            else { return false }
            return refusal(of: command.verb, for: task, person) == nil
        }
        return found.prefix(MessageLimits.choices).map { task in
            .init(
                "\(task.row.id) · \(task.row.state) · \(SafeText.line(task.row.title))".shortened(to: 90),
                "\(before)\(task.row.id)")
        }
    }

    private static func choices(_ words: [String], _ typed: String) -> [Reply.Choice] {
        let wanted = typed.lowercased()
        return words.filter { (1...100).contains($0.utf16.count) && (wanted.isEmpty || $0.lowercased().contains(wanted)) }
            .prefix(MessageLimits.choices).map { .init($0, $0) }
    }
}
