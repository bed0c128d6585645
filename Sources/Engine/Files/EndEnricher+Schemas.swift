import OrchProtocol
import Scheduling
import Schemas
import Storage

/// Results that must satisfy a schema, whoever they are from: a command, an agent or a warm worker.
extension EndEnricher {
    /// Makes a failure of what would be a success, where the result is not what its task asks for.
    func judgeResult(_ end: inout AttemptEnd, _ entry: LiveAttempts.Entry) {
        guard entry.hasSchema, end.failure == nil, wouldSucceed(end, entry) else { return }
        do {
            guard let text = try store.resultSchema(of: entry.task) else { return }
            let schema = try JSONSchema(JSONValue(Array(text.utf8)))
            let result = try result(of: entry)
            let document = try ResultDocument.check(result, against: schema)
            // For whoever reads it by a program, the document and nothing around it.
            if document != result.indices { try files.keepResult(result[document], task: entry.task, attempt: entry.number) }
        } catch let mismatch as JSONSchema.Mismatch {
            let what = mismatch.path.isEmpty ? "the result" : "in the result, \(mismatch.path.shortened(to: 200))"
            end.failure = AgentFailure(.schema, "\(what) \(mismatch.problem)".shortened(to: 500))
        } catch {
            end.failure = AgentFailure(.schema, "the result cannot be held against its schema: \(error)".shortened(to: 500))
        }
    }

    /// As far as is known without the result. What else makes a failure of it comes first.
    private func wouldSucceed(_ end: AttemptEnd, _ entry: LiveAttempts.Entry) -> Bool {
        if entry.isWarm { return entry.hasResult }
        return switch end.ending {
        case .exited(0): true
        case .exited, .signalled: end.stopped && end.hasWholeResult
        case .failedToStart, .shortOfResources, .lost: false
        }
    }

    /// What `task.get` answers as the result, and a byte more than may be judged.
    private func result(of entry: LiveAttempts.Entry) throws(SystemError) -> [UInt8] {
        for kind in [OutputFiles.Kind.result, .out] {
            let bytes = try files.read(
                task: entry.task, attempt: entry.number, kind, at: 0, count: ResultDocument.maximumSize + 1)
            if !bytes.isEmpty { return bytes }
        }
        return []
    }
}
