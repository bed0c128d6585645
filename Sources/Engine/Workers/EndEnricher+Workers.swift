import Foundation
import Glibc
import OrchProtocol
import Scheduling

/// What warm workers say, as far as it decides anything. Progress goes to where `worker list` finds it, and the output of a task into
/// its file, before the result is committed: a result that is in the store has its output.
extension EndEnricher {
    func news(_ lines: [ArraySlice<UInt8>], of worker: Int64) -> [WorkerNews] {
        var news: [WorkerNews] = []
        for line in lines {
            do throws(WorkerMessage.Malformed) {
                switch try WorkerMessage(line: Data(line)) {
                case .ready(let it):
                    let capabilities = (it.capabilities ?? []).prefix(64).map { $0.shortened(to: 64) }
                    news.append(.ready(capabilities: capabilities, version: it.version?.shortened(to: 100)))
                case .accepted: news.append(.accepted)
                case .progress(let it): note(it, of: worker)
                case .usage(let it):
                    note(nil, of: worker)
                    // Of several at once the last says it all.
                    var earlier: Usage?
                    if case .usage(let usage) = news.last {
                        earlier = usage
                        news.removeLast()
                    }
                    news.append(.usage(Usage(it).completed(by: earlier)))
                case .result(let it): news.append(keep(it, of: worker))
                }
            } catch {
                news.append(.fault(error.message))
                break
            }
        }
        return news
    }

    /// It is at work, whatever its output says.
    private func note(_ progress: WorkerMessage.Progress?, of worker: Int64) {
        attempts.update(worker) {
            $0.progress = progress ?? $0.progress
            $0.progressAt = clock().monotonic
        }
    }

    /// Only the first result is one. It is kept while the attempt lives, which is known here from the message to the worker on: what is
    /// read after its end has been heard with it already.
    private func keep(_ result: WorkerMessage.Result, of worker: Int64) -> WorkerNews {
        let isSuccess = result.status == .success
        let reason = result.reason.map { $0.shortened(to: 500) }
        let usage = result.usage.map { Usage($0) }
        let news = WorkerNews.result(isSuccess: isSuccess, reason: reason, usage: usage)
        guard let entry = attempts[worker], !entry.hasResult else { return news }
        attempts.update(worker) { $0.hasResult = true }
        do throws(SystemError) {
            if let output = result.output, !output.isEmpty {
                try files.keepResult(output.utf8, task: entry.task, attempt: entry.number)
            }
        } catch {
            return .result(isSuccess: false, reason: "its result is lost: \(error)", usage: usage)
        }
        return news
    }
}

extension Usage {
    /// Numbers that cannot be meant, below nothing or without end, are none.
    init(_ told: WorkerUsage) {
        func count(_ number: Int64?) -> Int64? { number.flatMap { $0 >= 0 ? $0 : nil } }
        self.init(
            tokensIn: count(told.inputTokens), tokensOut: count(told.outputTokens), tokensCached: count(told.cachedTokens),
            cost: count(told.cost.flatMap { Int64(exactly: ($0 * 1e6).rounded()) }))
    }
}
