import OrchClient
import OrchProtocol
import Presentation

/// A file of tasks and what may be wrong with it, in terms of its lines.
enum BatchFile {
    static func read(_ path: ByteString) throws -> Batch {
        let text = try Input.bytes(of: path)
        do {
            return try Batch(text, keyPrefix: GeneratedKey.make("orchctl-"))
        } catch {
            throw Failure(in: path, line: error.line, error.message)
        }
    }

    /// Sends all of it in one request, and returns the JSON of the answer.
    static func submit(_ batch: Batch, from path: ByteString, to session: Session) throws -> [UInt8] {
        do {
            return try session.submit(
                batch.count, repeatable: batch.isRepeatable, "the batch takes",
                hint: "split it: split -l 100000 \(path == "-" ? "FILE" : path.shellQuoted())"
            ) { try $0.send(Method.submit, parameters: batch.parameters) }
        } catch let error as WireError {
            guard let line = error.data?.field.flatMap(batch.lineNumber) else { throw error }
            throw Failure(error, inLine: line, of: path)
        }
    }
}

extension Failure {
    /// What is wrong with a file of tasks, or with a line of it.
    init(in path: ByteString, line: Int?, _ problem: String) {
        let name = Input.name(path)
        self.init(.usage, line.map { "line \($0) of \(name) \(problem)" } ?? "\(name): \(problem)")
    }

    /// A refusal of one of many tasks, by its line: the protocol calls it by its index, which nobody counts.
    init(_ error: WireError, inLine line: Int, of path: ByteString) {
        var error = error
        if let field = error.data?.field, let end = field.utf8.firstIndex(of: UInt8(ascii: ".")) {
            error.message = error.message.replacing("\"\(field[...end])", with: "\"", maxReplacements: 1)
        }
        self.init(error, after: "no task was taken")
        message = "line \(line) of \(Input.name(path)): \(message)"
    }
}

extension Session {
    /// Sends many tasks in one request, and returns the JSON of the answer.
    ///
    /// - Parameters:
    ///   - subject: as in "the batch takes 70 MiB".
    ///   - hint: what to do where that is too much.
    func submit(
        _ count: Int, repeatable: Bool, _ subject: String, hint: String, _ send: (Connection) throws -> RequestID
    ) throws -> [UInt8] {
        do {
            return try perform(repeatable: repeatable) { try $0.answer(to: send($0)) }
        } catch ClientError.lost where !repeatable {
            throw Failure(
                .noDaemon, "the connection was lost before the answer: the \(count) tasks were taken all or not at all",
                hint: "check before you repeat it: orchctl list")
        } catch ClientError.tooLong(let bytes, let limit) {
            throw Failure(
                .usage, "\(subject) \(bytes >> 20) MiB and orchd takes \(limit >> 20) MiB at once; nothing was sent", hint: hint
            )
        }
    }
}
