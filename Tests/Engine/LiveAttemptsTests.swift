import OrchProtocol
import Testing

@testable import Engine

/// What runs, by the number of the attempt, by the task, and by the name of the cgroup.
@Suite struct LiveAttemptsTests {
    private func entry(_ task: Int64, _ number: Int, isWarm: Bool = false) -> LiveAttempts.Entry {
        var entry = LiveAttempts.Entry(task: task, number: number, pool: "p", submitter: 0, outputLimit: 1)
        entry.isWarm = isWarm
        return entry
    }

    private func progress(_ text: String) -> TaskProgress { TaskProgress(text: text) }

    @Test func anAttemptIsFoundByItsName() {
        let live = LiveAttempts()
        live.insert(11, entry(7, 2))
        live.insert(12, entry(8, 1, isWarm: true))
        #expect(live.attempt(named: "7.2") == 11)
        for name in ["7.1", "7.3", "7", "7.2.1", "9.1", "8.1", "x.2", ""] {
            #expect(live.attempt(named: name) == nil, "\(name)")
        }
        live.remove(11)
        #expect(live.attempt(named: "7.2") == nil)
    }

    @Test func whatATaskSaysGoesToItsLatestAttempt() {
        let live = LiveAttempts()
        #expect(!live.note(progress("early"), of: 7))
        live.insert(11, entry(7, 1))
        #expect(live.note(progress("one"), of: 7))
        live.remove(11)
        #expect(!live.note(progress("between"), of: 7) && live.progress(of: [7]).isEmpty)
        live.insert(15, entry(7, 2))
        // An end that is told once more, of the attempt before.
        live.insert(11, entry(7, 1))
        #expect(live.note(progress("two"), of: 7) && live[15]?.progress?.text == "two" && live[11]?.progress == nil)
        #expect(live.attempt(named: "7.2") == 15)
        live.remove(11)
        live.insert(20, entry(8, 1))
        #expect(live.note(progress("other"), of: 8))
        #expect(live.progress(of: [7, 8, 9]).mapValues(\.text) == [7: "two", 8: "other"])
        // It never started, and another has its number.
        live.insert(21, entry(7, 2))
        live.remove(15)
        #expect(live.attempt(named: "7.2") == 21)
    }
}
