import Agents
import Scheduling

/// What the programs of rules answer.
extension EndEnricher {
    /// Reads the answer where the program says that it has given one.
    func readAnswer(_ end: inout AttemptEnd, _ entry: LiveAttempts.Entry) {
        guard case .exited(0) = end.ending else { return }
        do {
            let bytes = try files.read(task: entry.task, attempt: entry.number, .out, at: 0, count: RouteOutput.maximum)
            if let fields = RouteOutput.answer(in: bytes) {
                end.answer = .fields(fields)
            } else {
                end.answer = .unusable(bytes.isEmpty ? "printed nothing" : "printed no JSON object")
            }
        } catch {
            end.answer = .unusable("printed what cannot be read (\(error))")
        }
    }
}
