import OrchProtocol
import TestSupport

/// Tasks of all kinds, each of which leaves lines in one file by which it can be told what was run, and how often.
struct MixedTask {
    /// Its idempotency key, and what its lines begin with.
    let key: String
    let spec: TaskSpec
    /// The lines that it writes.
    let lines: [String]
    /// How each of its attempts ends.
    let outcomes: [Outcome]

    /// - Parameter runs: the file; a line is one write to it, opened for appending, so that none is lost among others.
    init(_ number: Int, runs: String, _ random: inout SeededGenerator) {
        let key = "t\(number)"
        let kind = Self.kind(key, runs, &random)
        self.key = key
        lines = kind.lines.map { key + $0 }
        outcomes = kind.outcomes
        var spec = TaskSpec(command: ["/bin/sh", "-c", kind.script])
        spec.key = key
        spec.retries = outcomes.count - 1
        spec.retryDelay = 0
        self.spec = spec
    }

    private static func kind(
        _ key: String, _ runs: String, _ random: inout SeededGenerator
    ) -> (script: String, lines: [String], outcomes: [Outcome]) {
        func line(_ suffix: String = "") -> String { "echo \(key)\(suffix) >> \(runs)" }
        func exits(_ code: Int) -> Outcome { Outcome(.exited, code: code) }
        switch random.number(0...9) {
        case 0...3: return (line(), [""], [exits(0)])
        case 4...5:
            let code = random.number(1...125)
            return ("\(line()); exit \(code)", [""], [exits(code)])
        case 6:
            return ("\(line(".a")); sleep 0.\(random.number(1...5)); \(line(".b")); exit 3", [".a", ".b"], [exits(3)])
        case 7:
            // One that is waited for, and one that is not, in a session of its own: it ends with the task.
            let script = "setsid -f sleep 1000; (\(line(".a")); exit 9) & wait $!; [ $? = 9 ] && \(line(".b"))"
            return (script, [".a", ".b"], [exits(0)])
        case 8: return ("\(line()); kill -9 $$", [""], [Outcome(.signalled, code: 9)])
        default: return ("\(line(".$ORCH_ATTEMPT")); [ $ORCH_ATTEMPT = 2 ]", [".1", ".2"], [exits(1), exits(0)])
        }
    }

    var finalState: TaskState { outcomes.last?.isSuccess == true ? .succeeded : .failed }

    /// What is wrong with an answer about it; nil where it may be true at some moment.
    func fault(in record: TaskRecord) -> String? {
        guard record.key == key, record.attemptCount <= outcomes.count else { return "\(record) is not \(key)" }
        for attempt in record.attempts {
            guard let outcome = attempt.outcome else { continue }
            guard outcome == outcomes[attempt.number - 1] else { return "\(record), and not \(outcomes)" }
        }
        if record.state.isFinal, record.state != finalState || record.attemptCount != outcomes.count {
            return "\(record), and not \(finalState) after \(outcomes.count)"
        }
        return nil
    }
}
