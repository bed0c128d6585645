import OrchProtocol
import Testing

@testable import orchctl

/// Which words may stand where, for each kind of word that there is.
@Suite struct CompletionTests {
    private func answer(_ words: String...) -> Completion.Answer {
        Completion.answer(to: words) { question in
            switch question {
            case .pools: ["default", "claude"].map { .init($0) }
            case .agents: [.init("claude", "Claude Code")]
            case .questions: [.init("42.q1", "Deploy?")]
            case .capabilities: ["gpu", "big"].map { .init($0) }
            case .tasks(let states): [.init("\(states.count)", "task")]
            }
        }
    }

    private func texts(_ words: String...) -> [String] {
        guard
            case .words(let words) = Completion.answer(to: words, ask: { $0 == .pools ? [.init("default"), .init("d2")] : [] })
        else { return [":"] }
        return words.map(\.text)
    }

    @Test func verbsAndOptions() {
        #expect(texts("su") == ["submit"])
        #expect(Set(texts("pool", "re")) == ["resume", "resize"])
        #expect(texts("").contains("list") && texts("").contains("help"))
        #expect(texts("help", "sta") == ["status"])
        #expect(texts("list", "--st") == ["--state"] && texts("list", "--j") == ["--json"])
        #expect(texts("nosuch", "") == [] && texts("submit", "--nosuch=") == [])
    }

    @Test func whatOnlyTheDaemonKnows() {
        #expect(texts("submit", "--pool", "") == ["default", "d2"] && texts("submit", "-p", "de") == ["default"])
        #expect(texts("submit", "--pool=de") == ["--pool=default"] && texts("pool", "pause", "d2") == ["d2"])
        #expect(answer("agent", "test", "") == .words([.init("claude", "Claude Code")]))
        #expect(answer("agent", "resume", "c") == .words([.init("claude", "Claude Code")]))
        #expect(answer("submit", "--needs", "gpu,") == .words([.init("gpu,big")]))
        for (verb, states) in [("stop", 2), ("retry", 3), ("hold", 1), ("logs", 0), ("show", 0), ("update", 1)] {
            #expect(answer(verb, "") == .words([.init("\(states)", "task")]), "\(verb)")
        }
        #expect(answer("answer", "4") == .words([.init("42.q1", "Deploy?")]) && answer("answer", "42.q1", "") == .words([]))
        #expect(answer("wait", "1", "") == .words([.init("2", "task")]))
        // A daemon that does not answer keeps nobody.
        #expect(Completion.answer(to: ["stop", ""]) { _ in nil } == .words([]))
    }

    @Test func listsWithCommas() {
        #expect(texts("list", "--state", "run") == ["running"])
        #expect(texts("list", "--state", "running,f") == ["running,failed"])
        #expect(texts("list", "-c", "id,state,st") == ["id,state,started"])
        #expect(texts("list", "--columns=id,po") == ["--columns=id,pool"])
        #expect(texts("usage", "--by", "d") == ["day"] && texts("submit", "--thinking", "m") == ["minimal", "medium"])
    }

    @Test(arguments: [
        ["submit", "--stdin", ""], ["submit", "--batch", "x"], ["submit", "--result-schema="], ["import", ""], ["backup", "a"],
        ["list", "--socket", ""],
    ])
    func filesAreTheShells(_ words: [String]) {
        #expect(Completion.answer(to: words) { _ in nil } == .files)
    }

    @Test func directoriesAndCommands() {
        #expect(answer("submit", "--cwd", "") == .directories && answer("files", "1", "-o", "x") == .directories)
        #expect(answer("submit", "--", "") == .command && answer("run", "-n", "x", "--", "git", "st") == .command)
        #expect(answer("stop", "--", "") == .words([]) && answer("submit", "fix") == .words([]))
    }
}
