import DiscordAPI
import GRDB
import OrchProtocol

/// How far an interaction is.
public enum InteractionState: String, Sendable {
    /// Discord has not been told that it was heard. What Discord gives up is not done.
    case new
    /// Discord knows, and its order must be carried out.
    case taken
    /// What came of it must be shown.
    case told
    /// A question or a form waits for the person.
    case asked
    case done
}

/// Where the answer to an interaction is seen.
public enum Manner: String, Sendable {
    /// Only by who asked.
    case privately
    case publicly
    /// In the message with the button.
    case inPlace
}

/// An interaction that has to be done exactly once.
public struct InteractionRow: Sendable, Equatable {
    public var ticket: Ticket
    public var at: Int64
    public var channel: Snowflake
    public var author: Snowflake
    public var authorName: String
    public var state: InteractionState
    public var manner: Manner
    /// Of a question or a form: what follows.
    public var wish: String?
    public var order: String?
    public var reply: String?
}

extension BridgeTransaction {
    /// - Returns: false if the interaction is known: it came before.
    func add(_ row: InteractionRow) throws -> Bool {
        try run(
            """
            INSERT INTO interaction (id, application, token, at, channel, author, author_name, state, manner, wish, work, reply)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """,
            [
                row.ticket.id.stored, row.ticket.application.stored, row.ticket.token.stored, row.at, row.channel.stored,
                row.author.stored, row.authorName, row.state.rawValue, row.manner.rawValue, row.wish, row.order, row.reply,
            ])
        return hasChanged
    }

    func interaction(_ id: Snowflake) throws -> InteractionRow? { try interactions("WHERE id = ?", [id.stored]).first }

    /// Those that something has to be done for, the oldest first.
    func openInteractions() throws -> [InteractionRow] {
        try interactions("WHERE state IN ('new', 'taken', 'told') ORDER BY id", [])
    }

    func countOpenInteractions() throws -> Int {
        try count("SELECT count(*) FROM interaction WHERE state IN ('new', 'taken', 'told')", [])
    }

    /// How many tasks somebody has asked for that have no message yet.
    func countUnsubmitted(by author: Snowflake) throws -> Int {
        try count(
            """
            SELECT count(*) FROM interaction WHERE state IN ('new', 'taken', 'told') AND author = ? AND manner = 'publicly'
            """, [author.stored])
    }

    func set(_ state: InteractionState, of interaction: Snowflake, reply: String? = nil) throws {
        try run(
            "UPDATE interaction SET state = ?, reply = coalesce(?, reply) WHERE id = ?",
            [state.rawValue, reply, interaction.stored])
    }

    /// It can no longer be answered.
    func forgetToken(of interaction: Snowflake) throws {
        try run("UPDATE interaction SET token = '' WHERE id = ?", [interaction.stored])
    }

    /// What is left of it is that it came.
    func finish(interaction: Snowflake) throws {
        try run(
            "UPDATE interaction SET state = 'done', token = '', wish = NULL, work = NULL, reply = NULL WHERE id = ?",
            [interaction.stored])
    }

    func forgetInteractions(before time: Int64) throws {
        try run("DELETE FROM interaction WHERE at < ? AND state IN ('done', 'asked')", [time])
    }

    private func interactions(_ rest: String, _ arguments: StatementArguments) throws -> [InteractionRow] {
        try Row.fetchAll(
            cached(
                """
                SELECT id, application, token, at, channel, author, author_name, state, manner, wish, work, reply
                FROM interaction \(rest)
                """), arguments: arguments
        ).map {
            InteractionRow(
                ticket: Ticket(
                    id: Snowflake(stored: $0[0]), application: Snowflake(stored: $0[1]), token: Secret($0[2] as String)),
                at: $0[3], channel: Snowflake(stored: $0[4]), author: Snowflake(stored: $0[5]), authorName: $0[6],
                state: InteractionState(rawValue: $0[7]) ?? .done, manner: Manner(rawValue: $0[8]) ?? .privately, wish: $0[9],
                order: $0[10], reply: $0[11])
        }
    }
}

// MARK: Tasks, as commands look for them

/// A task, with who asked for it.
struct KnownTask: Sendable {
    var row: TaskRow
    var author: Snowflake
}

extension BridgeTransaction {
    func knownTask(_ id: Int64) throws -> KnownTask? {
        guard let row = try task(id), let request = try request(row.message) else { return nil }
        return KnownTask(row: row, author: request.author)
    }

    /// The newest first.
    ///
    /// - Parameters:
    ///   - states: nil for all.
    ///   - pool: nil for all.
    func knownTasks(states: Set<String>?, pool: String? = nil, limit: Int) throws -> [KnownTask] {
        let isOpen = states?.isSubset(of: ["queued", "running"]) ?? false
        return try Row.fetchAll(
            cached(
                """
                SELECT task.id, task.message, changed, seen, task.state, pool, priority, title, ended, round, thread, author
                FROM task JOIN request USING (message)
                WHERE \(isOpen ? "ended = 0 AND" : "") (pool = ? OR ? IS NULL) AND instr(?, ' ' || task.state || ' ')
                ORDER BY task.id DESC LIMIT ?
                """),
            arguments: [
                pool, pool, " " + (states?.sorted() ?? Self.allStates).joined(separator: " ") + " ", limit,
            ]
        ).map {
            KnownTask(
                row: TaskRow(
                    id: $0[0], message: Snowflake(stored: $0[1]), changed: $0[2], state: $0[4], pool: $0[5], priority: $0[6],
                    title: $0[7], ended: $0[8], round: $0[9], thread: ThreadState(rawValue: $0[10]) ?? .impossible),
                author: Snowflake(stored: $0[11]))
        }
    }

    private static let allStates = TaskState.allCases.map(\.rawValue)
}
