import Foundation
import GRDB
import OrchProtocol
import Scheduling

/// Lists of tasks.
extension SQLiteStore {
    /// One more task than the page has, so that it shows whether there are more.
    func pageStatement(
        _ query: ListParameters, limit: Int, waits: WaitPlaces, below: Int64? = nil
    ) -> (sql: String, arguments: [any SQLValue]) {
        var conditions: [String] = []
        var arguments: [any SQLValue] = []
        if let states = query.states, !states.isEmpty {
            let (condition, values) = Self.condition(Set(states), waits)
            conditions.append("(" + condition + ")")
            arguments += values
        }
        if let pool = query.pool {
            conditions.append("pool = ?")
            arguments.append(pool)
        }
        if let name = query.name {
            let isPattern = name.utf8.contains(UInt8(ascii: "*"))
            conditions.append(isPattern ? "name GLOB ?" : "name = ?")
            // Nothing else in it is special.
            arguments.append(isPattern ? Self.pattern(name) : name)
        }
        for (key, value) in (query.labels ?? [:]).sorted(by: { $0.key < $1.key }) {
            conditions.append(
                "EXISTS (SELECT 1 FROM json_each(task.options, '$.labels') WHERE json_each.key = ? AND json_each.value = ?)")
            arguments += [key, value]
        }
        if let ids = query.ids {
            // One argument, however many there are.
            conditions.append("id IN (SELECT value FROM json_each(?))")
            arguments.append("[" + ids.map(String.init).joined(separator: ",") + "]")
        }
        if let parent = query.parent {
            conditions.append("parent > 0 AND parent = ?")
            arguments.append(parent)
        }
        for top in [query.below, below].compactMap(\.self) {
            conditions.append(
                """
                id IN (WITH RECURSIVE below(id) AS (
                    SELECT id FROM task WHERE parent > 0 AND parent = ?
                    UNION ALL SELECT task.id FROM below JOIN task ON task.parent = below.id WHERE task.parent > 0)
                    SELECT id FROM below)
                """)
            arguments.append(top)
        }
        if let submitter = query.submitter {
            conditions.append("submitter = ?")
            arguments.append(Int64(submitter))
        }
        for (time, relation) in [(query.since, ">="), (query.until, "<")] {
            guard let time else { continue }
            conditions.append("submitted_at \(relation) ?")
            arguments.append(time.milliseconds)
        }
        if let text = query.text {
            // Between the arguments of a command there are NULs, where lists show spaces. LIKE would see no further than the first.
            let joined = Data(text.utf8.map { $0 == UInt8(ascii: " ") ? 0 : $0 })
            let places =
                ["name", "prompt", "options ->> '$.comment'", "command"].map { ($0, Data(text.utf8)) } + [("command", joined)]
            conditions.append("(" + places.map { "instr(lower(\($0.0)), lower(?)) > 0" }.joined(separator: " OR ") + ")")
            arguments += places.map(\.1)
        }
        let isOldestFirst = query.order == .oldest
        if let cursor = query.cursor {
            conditions.append(isOldestFirst ? "id > ?" : "id < ?")
            arguments.append(cursor)
        }
        let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        let sql =
            "SELECT \(TaskColumns.all) FROM task \(filter) ORDER BY id \(isOldestFirst ? "ASC" : "DESC") LIMIT \(limit + 1)"
        return (sql, arguments)
    }

    /// A pattern of GLOB in which only `*` stands for something else.
    private static func pattern(_ name: String) -> String {
        name.unicodeScalars.map { "?[".unicodeScalars.contains($0) ? "[\($0)]" : "\($0)" }.joined()
    }

    /// Bytes of commands, prompts and long options after which a page ends early, so that no list takes memory without bound.
    private static let pageSize = 1 << 20

    /// Tasks from the newest to the oldest; fewer than the limit where they are large.
    ///
    /// - Parameters:
    ///   - waits: what ready tasks wait for; nil for nothing but a slot.
    ///   - below: only what this task and those below it have started.
    public func page(
        _ query: ListParameters, limit: Int, waits: WaitPlaces? = nil, below: Int64? = nil
    ) throws -> TaskPage {
        let waits = waits ?? WaitPlaces(pools: Dictionary(uniqueKeysWithValues: counts.occupiedPools.map { ($0, .init()) }))
        let (sql, arguments) = pageStatement(query, limit: limit, waits: waits, below: below)
        return try read { db in
            var tasks: [TaskItem] = []
            var size = 0
            var isCut = false
            try db.forEachRow(sql, arguments) { columns in
                isCut = tasks.count == limit || size >= Self.pageSize
                guard !isCut else { return false }
                var task = try TaskColumns.read(&columns)
                // A schema may be long, and files many, so lists leave them out.
                (task.definition.resultSchema, task.definition.files) = (nil, nil)
                size += task.definition.work.size + task.definition.options.size
                tasks.append(task)
                return true
            }
            let records = try tasks.map { task in
                // An attempt that has only been ordered is not shown, so the one before it is needed, too.
                let latest = try db.attempts(
                    where: "task = ? ORDER BY number DESC LIMIT \(task.phase == .active ? 2 : 1)", [task.id])
                var record = TaskRecord(task, attempts: latest.reversed())
                record.attempts = record.attempts.suffix(1)
                if task.attempts > 1 { record.usage = try UsageQuery.usage(of: task.id, db) }
                return record
            }
            return TaskPage(tasks: records, nextCursor: isCut ? records.last?.id : nil)
        }
    }

    /// The same as `TaskRecord.matches`, in SQL. The conditions of the partial indexes are repeated in full, since SQLite does not conclude
    /// one from another.
    private static func condition(_ filters: Set<StateFilter>, _ waits: WaitPlaces) -> (String, [any SQLValue]) {
        // Whatever is not final, then: no attempt needs to be looked at.
        if filters.isSuperset(of: [.queued, .running]) {
            let rest = filters.intersection([.succeeded, .failed, .cancelled, .expired])
            guard !rest.isEmpty else { return ("phase < 4", []) }
            let (more, arguments) = condition(rest, waits)
            return ("phase < 4 OR " + more, arguments)
        }
        var arguments: [any SQLValue] = []
        let conditions = StateFilter.allCases.filter(filters.contains).map { filter in
            switch filter {
            case .queued: "(phase < 4 AND (phase < 3 OR id NOT IN (\(started))))"
            case .running: "id IN (\(started))"
            case .succeeded: "phase = 4"
            case .failed: "(phase >= 5 AND phase = 5)"
            case .cancelled: "(phase >= 5 AND phase = 6)"
            case .expired: "(phase >= 5 AND phase = 7)"
            case .delayed: "(phase < 4 AND phase = 1)"
            case .held: "(phase < 4 AND phase = 2)"
            case .ready, .blocked, .limited: waiting(WaitReason(rawValue: filter.rawValue), waits, &arguments)
            case .paused: "id IN (\(paused)) OR " + waiting(.paused, waits, &arguments)
            case .stopping: "id IN (\(stopping))"
            case .asking:
                "(id IN (\(asking)) AND id IN (\(started) AND stopping IS NULL) AND id NOT IN (\(paused)) AND routing IS NULL)"
            case .routing:
                "(phase < 4 AND routing IS NOT NULL AND id NOT IN (\(stopping)) AND (id IN (\(started)) OR "
                    + waiting(.ready, waits, &arguments) + "))"
            default: "FALSE"
            }
        }
        return (conditions.joined(separator: " OR "), arguments)
    }

    private static let live = "SELECT task FROM attempt INDEXED BY attempt_live WHERE state <> 2"
    private static let asking = "SELECT task FROM question INDEXED BY question_open WHERE state = 0"
    private static let started = live + " AND state = 1"
    private static let paused = started + " AND stopping IS NULL AND pauses ->> '$.since' IS NOT NULL"
    private static let stopping = live + " AND stopping IS NOT NULL"

    /// Of the tasks that are ready, and of those that are ordered, the ones that wait for this.
    private static func waiting(_ reason: WaitReason, _ waits: WaitPlaces, _ arguments: inout [any SQLValue]) -> String {
        var places: [String] = []
        for (pool, its) in waits.pools.sorted(by: { $0.key < $1.key }) {
            guard its.reason == nil else {
                guard its.reason == reason else { continue }
                places.append("(pool = ? AND (phase = 0 OR phase = 3 AND id NOT IN (\(started))))")
                arguments.append(pool)
                continue
            }
            let lanes = its.lanes.filter { reason == .ready ? $0.value != .ready : $0.value == reason }.keys.sorted()
            guard !lanes.isEmpty || reason == .ready else { continue }
            let marks = lanes.map { _ in "?" }.joined(separator: ", ")
            let ordered = reason == .ready ? " OR phase = 3 AND id NOT IN (\(started))" : ""
            places.append("(pool = ? AND (phase = 0 AND lane \(reason == .ready ? "NOT IN" : "IN") (\(marks))\(ordered)))")
            arguments.append(pool)
            arguments += lanes
        }
        return places.isEmpty ? "FALSE" : "(phase < 4 AND (" + places.joined(separator: " OR ") + "))"
    }
}

/// What the tasks wait for that are ready: it is not stored with them, but follows from the pool and the gates of each.
public struct WaitPlaces: Sendable, Equatable {
    public struct Pool: Sendable, Equatable {
        /// What all of its tasks wait for; nil where that depends on their lanes.
        public var reason: WaitReason?
        /// For each lane that has ready tasks and a gate that is closed: what they wait for.
        public var lanes: [String: WaitReason]

        public init(reason: WaitReason? = nil, lanes: [String: WaitReason] = [:]) {
            self.reason = reason
            self.lanes = lanes
        }
    }

    /// Every pool that has tasks.
    public var pools: [String: Pool]

    public init(pools: [String: Pool]) { self.pools = pools }
}
