import Foundation
import OrchProtocol

extension OutputFiles {
    /// Why git made no worktree, as it has said itself: its last `fatal:` on standard error, which advice may follow. Otherwise the last line.
    func complaint(task: Int64, attempt: Int) -> String? {
        let count = 4096
        let start = max(0, size(task: task, attempt: attempt, .err) - Int64(count))
        guard let bytes = try? read(task: task, attempt: attempt, .err, at: start, count: count) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        for word in ["fatal: ", "orchd-worktree: "] {
            guard let line = lines.last(where: { $0.hasPrefix(word) }) else { continue }
            return String(line.dropFirst(word.count)).shortened(to: 500)
        }
        return lines.last?.shortened(to: 500)
    }
}
