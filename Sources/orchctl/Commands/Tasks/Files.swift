import ArgumentParser
import Glibc
import OrchClient
import OrchProtocol
import Presentation

struct Files: TakesRest {
    static let configuration = CommandConfiguration(
        abstract: "List the files that a task has left, or fetch them.",
        discussion: """
            A task leaves files in the directory ORCH_RESULT_DIR. They are kept as long as the task. One file goes to standard \
            output. With --output, files are written into a directory under their own names, and only you can read them.

            Examples:
              orchctl files 42
              orchctl files 42 report.pdf > report.pdf
              orchctl files 42 --all --output results/
              orchctl files 42 --json | jq -r '.files[].name'
            """)

    @Argument(help: "The id of the task, or of an attempt, like 42.1, or @last.", transform: AttemptWord.read)
    var id: AttemptWord

    @Argument(help: ArgumentHelp("The files to fetch.", valueName: "name"))
    var names: [String] = []

    @Flag(help: "Fetch all of them.")
    var all = false

    @Flag(help: "With --all, fetch those whose names begin with a dot, too.")
    var hidden = false

    @Option(name: .shortAndLong, help: ArgumentHelp("The directory to write to; created if necessary.", valueName: "directory"))
    var output: ByteString?

    @Flag(help: "Overwrite existing files.")
    var force = false

    @Option(
        help: ArgumentHelp("The attempt; by default the latest.", valueName: "number"),
        transform: ValueRule.attempt.argument)
    var attempt: Int?

    @OptionGroup var terminal: RawOption
    @OptionGroup var global: GlobalOptions

    mutating func take(_ rest: CommandLineReader.Rest) throws {
        names += rest.words
        try validate()
    }

    func validate() throws {
        try checkAttempt(attempt, of: id)
        if hidden, !all { throw ValidationError("--hidden goes with --all; a file that you name is fetched in any case") }
        if all, !names.isEmpty { throw ValidationError("name files, or give --all") }
        if names.isEmpty, !all, output != nil {
            throw ValidationError("--output needs files to fetch: name them, or give --all")
        }
        if output == nil, all || names.count > 1 { throw ValidationError("several files need a directory: --output DIRECTORY") }
    }

    func run() throws {
        let client = try Client(global)
        let id = try id.resolved(client.session)
        let task = try client.session.call(.get, GetParameters(id: id.task))
        let record = try record(in: task)
        guard all || !names.isEmpty else { return try list(record, of: task, client) }
        client.session.watches = Interrupts.watches { _ in throw ExitCode(128 + SIGINT) }
        let known = record.files ?? []
        // A file such as .zshenv, in the wrong directory, would be run at the next login.
        let shown = hidden ? known : known.filter { $0.name.utf8.first != UInt8(ascii: ".") }
        let wanted = all ? shown.map(\.name) : names
        if all, shown.count < known.count {
            Output.remark("left out \(known.count - shown.count) whose names begin with a dot; --hidden fetches them, too")
        }
        if wanted.isEmpty { return known.isEmpty ? Output.remark(nothing(of: record, in: task)) : () }
        // All of them are known before the first is written.
        for name in wanted where !known.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
            guard record.state == .ended else { throw Failure(.failed, nothing(of: record, in: task)) }
            throw Failure(
                .notFound,
                "attempt \(task.id).\(record.number) has left no file \"\(SafeText.line(name))\"\(others(than: record, in: task))",
                hint: "try: orchctl files \(task.id)")
        }
        guard let output else { return try fetch(wanted[0], of: record, in: task, to: "-", client) }
        guard output.withCString({ mkdir($0, 0o777) }) == 0 || errno == EEXIST else {
            throw Failure(.usage, "cannot make \(SafeText.line(output)): \(String(cString: strerror(errno)))")
        }
        for name in wanted {
            guard !name.has("/"), name != ".", name != ".." else {
                throw Failure(.failed, "\"\(SafeText.line(name))\" is not a file name")
            }
            try fetch(name, of: record, in: task, to: "\(output)/\(name)", client)
        }
        if all { tell(record) }
    }

    private func record(in task: TaskRecord) throws -> AttemptRecord {
        let found = (attempt ?? id.number).map { number in task.attempts.first { $0.number == number } } ?? task.attempts.last
        if let found { return found }
        let known = task.attempts.isEmpty ? "" : "; it has \(task.attempts.map { "\($0.number)" }.joined(separator: ", "))"
        throw Failure(
            attempt ?? id.number == nil ? .failed : .notFound,
            (attempt ?? id.number).map { "task \(task.id) has no attempt \($0)\(known)" } ?? "task \(task.id) has not run yet",
            hint: "try: orchctl show \(task.id)")
    }

    private func list(_ record: AttemptRecord, of task: TaskRecord, _ client: Client) throws {
        let files = record.files ?? []
        if client.json {
            return try client.printJSON(
                Listing(attempt: record.number, files: files, left_behind: record.leftBehind ?? []))
        }
        if files.isEmpty {
            Output.remark(nothing(of: record, in: task))
        } else {
            try Output.print(FileTable.make(files).text(style: Terminal.style, width: Terminal.width))
        }
        tell(record)
    }

    /// Why there are none of an attempt.
    private func nothing(of record: AttemptRecord, in task: TaskRecord) -> String {
        let what = record.state == .ended ? "has left no files" : "has not ended; its files are kept when it has"
        return "attempt \(task.id).\(record.number) \(what)\(others(than: record, in: task))"
    }

    private func others(than record: AttemptRecord, in task: TaskRecord) -> String {
        let others = task.attempts.filter { $0.files != nil && $0.number != record.number }
        return others.isEmpty ? "" : "; others have: \(others.map { "--attempt \($0.number)" }.joined(separator: ", "))"
    }

    private func tell(_ record: AttemptRecord) {
        for left in record.leftBehind ?? [] { Output.remark(FileTable.text(left)) }
    }

    /// Over a restart of the daemon, too, it continues where it was.
    private func fetch(_ name: String, of record: AttemptRecord, in task: TaskRecord, to path: ByteString, _ client: Client)
        throws
    {
        let target = try Download(
            path, what: "a file", replacing: force, hint: "name another place with -o, or replace it with --force",
            raw: terminal.raw)
        let end = try client.session.perform { connection in
            let parameters = FileParameters(id: task.id, name: name, attempt: record.number, offset: target.written)
            return try connection.call(.file, parameters) { notification in
                if case .file(_, let part) = notification { try target.take(part.base64, at: part.offset) }
            }
        }
        try target.finish(size: end.size)
    }
}

/// What `--json` prints.
private struct Listing: Encodable {
    var attempt: Int
    var files: [ResultFile]
    var left_behind: [LeftBehind]
}
