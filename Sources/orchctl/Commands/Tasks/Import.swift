import ArgumentParser
import OrchClient
import OrchProtocol
import Presentation

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Queue the tasks of an old queue file.",
        discussion: """
            Each line is task-id|description|model|thinking; the last two may be empty or missing. The description is the \
            prompt, and the task id is the name. All tasks are queued, or none. A task that was imported before is not made \
            again, so you may import the same file twice.

            In a field \\| is a |, \\n a line feed, \\r a carriage return, \\\\ a backslash. Blank lines, and lines that begin \
            with #, are skipped. orchctl results --format legacy prints the task ids.

            Examples:
              orchctl import queue.txt
              grep research queue.txt | orchctl import --pool research -
            """)

    @Argument(help: "The file; - reads standard input.")
    var file: ByteString

    @Option(name: .shortAndLong, help: "The pool; by default the daemon chooses.")
    var pool: String?

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let client = try Client(global)
        let queue = try read()
        let answer = try submit(queue, to: client.session)
        if client.json { return try client.printJSON(answer) }
        let submitted = try Method.submit.decode(answer).all
        for case let warning? in submitted.map(\.warning) { Output.remark(warning) }
        try Submit.tell(of: submitted) { try Output.print(Import.report(submitted, onTerminal: Terminal.isOutput)) }
    }

    private func read() throws -> LegacyQueue {
        do {
            return try LegacyQueue(Input.bytes(of: file))
        } catch let error as LegacyQueue.Rejected {
            throw Failure(in: file, line: error.line, error.message + "; no task was taken")
        }
    }

    private func submit(_ queue: LegacyQueue, to session: Session) throws -> [UInt8] {
        let call = Call(.submit, .many(queue.items.map { $0.spec(pool: pool) }))
        do {
            return try session.answer(to: call)
        } catch ClientError.tooLong(let bytes, let limit) {
            throw Failure(
                .usage, "the tasks take \(bytes >> 20) MiB and orchd takes \(limit >> 20) MiB at once; nothing was sent",
                hint: "split the file; importing the same line twice creates one task")
        } catch let error as WireError {
            guard let index = error.data?.field.flatMap(Batch.index(ofField:)), queue.items.indices.contains(index) else {
                throw error
            }
            throw Failure(error, inLine: queue.items[index].line, of: file)
        }
    }

    /// The text about the tasks; without a terminal their ids, in the order of the file.
    static func report(_ submitted: [Submitted], onTerminal: Bool) -> String {
        guard onTerminal else { return submitted.map { "\($0.id)\n" }.joined() }
        let made = submitted.filter(\.created).map(\.id)
        let old = submitted.count - made.count
        let range = made.count > 1 ? ", \(made[0]) to \(made[made.count - 1])" : made.first.map { ": \($0)" } ?? ""
        let rest = old > 0 ? "; \(old) \(old == 1 ? "was" : "were") there already" : ""
        return "\(made.count) \(made.count == 1 ? "task" : "tasks") queued\(range)\(rest); see: orchctl list\n"
    }
}
