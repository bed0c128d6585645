import Agents
import Foundation
import OrchProtocol

extension OutputFiles {
    /// Why git made no worktree, as it has said itself: its last `fatal:` on standard error, which advice may follow. Otherwise the last line.
    func complaint(task: Int64, attempt: Int) -> String? {
        guard let bytes = lastErrors(task: task, attempt: attempt) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        for word in ["fatal: ", "orchd-worktree: "] {
            guard let line = lines.last(where: { $0.hasPrefix(word) }) else { continue }
            return String(line.dropFirst(word.count)).shortened(to: 500)
        }
        return lines.last?.shortened(to: 500)
    }

    /// What an attempt that failed has written to its standard error at last, on one line; nil where that is nothing.
    func stderrTail(task: Int64, attempt: Int) -> String? {
        lastErrors(task: task, attempt: attempt).flatMap { StderrTail.line(of: $0) }
    }

    private func lastErrors(task: Int64, attempt: Int) -> [UInt8]? {
        let size = size(task: task, attempt: attempt, .err)
        guard size > 0 else { return nil }
        let start = max(0, size - Int64(StderrTail.window))
        return try? read(task: task, attempt: attempt, .err, at: start, count: StderrTail.window)
    }
}
