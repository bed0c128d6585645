import ArgumentParser
import OrchProtocol
import TestSupport
import Testing

@testable import orchctl

/// What is typed, and what a verb makes of it.
@Suite struct CommandLineTests {
    private func parsed(_ words: [String]) throws -> any ParsableCommand {
        let line = try CommandLineReader(words)
        var command = try Orchctl.parseAsRoot(line.forParser)
        if var verb = command as? any TakesRest {
            try verb.take(line.rest)
            command = verb
        }
        return command
    }

    private func fault(_ words: String...) throws -> UsageFault? {
        let line = try CommandLineReader(words)
        do {
            _ = try parsed(words)
            return nil
        } catch {
            return UsageFault(Orchctl.message(for: error), in: line)
        }
    }

    // MARK: Options as hands type them

    @Test(arguments: [
        ["logs", "-n1", "16"], ["logs", "-n", "1", "16"], ["logs", "--tail=1", "16"], ["logs", "16", "-n1"],
        ["logs", "-n=1", "16"],
    ])
    func aShortOptionMayHaveItsValueAttached(_ words: [String]) throws {
        let logs = try #require(try parsed(words) as? Logs)
        #expect(logs.tail == 1 && logs.task == .attempt(.init(task: 16)) && !logs.follow)
    }

    @Test(arguments: [["logs", "-fn1", "16"], ["logs", "-f", "-n1", "16"], ["logs", "-fn", "1", "16"]])
    func shortOptionsMayStandTogether(_ words: [String]) throws {
        let logs = try #require(try parsed(words) as? Logs)
        #expect(logs.tail == 1 && logs.follow && logs.task == .attempt(.init(task: 16)))
    }

    @Test func whateverFollowsAnOptionWithAValueIsItsValue() throws {
        let words = [
            "submit", "-pbuild", "-la=b", "-l", "c=-d", "-n", "-x y", "--priority", "-5", "-e-A=1", "--", "-p", "--", "x",
        ]
        let spec = try #require(try parsed(words) as? Submit).task.spec()
        #expect(spec.pool == "build" && spec.labels == ["a": "b", "c": "-d"] && spec.name == "-x y" && spec.priority == -5)
        #expect(spec.env == ["-A": "1"] && spec.command == ["-p", "--", "x"])
    }

    @Test(arguments: ["- [ ] item", "--help me", "--- \nfrom: x", "-", "-x marks the spot"])
    func aPromptMayBeginWithADash(_ prompt: String) throws {
        guard prompt != "-" else { return }
        #expect(try #require(try parsed(["submit", "-p", "a", prompt, "--hold"]) as? Submit).task.spec().prompt == prompt)
    }

    @Test func aNumberBelowZeroIsAnOperand() throws {
        #expect(try CommandLineReader(["pool", "resize", "build", "-1", "--json"]).forParser.suffix(2) == ["--", "-1"])
        #expect(try fault("pool", "resize", "build", "-1", "--json")?.message.contains("from 0 to 10000, not \"-1\"") == true)
    }

    @Test func globalOptionsMayComeFirst() throws {
        let list = try #require(try parsed(["--json", "--socket", "/s", "list", "-a"]) as? List)
        #expect(list.global.json && list.global.socket == "/s" && list.all)
        let submit = try #require(try parsed(["--socket=/s", "submit", "--", "true", "--json"]) as? Submit)
        #expect(submit.global.socket == "/s" && !submit.global.json && submit.task.command == ["true", "--json"])
    }

    /// Every short option of every verb, attached to its value and not, and behind each flag.
    @Test func attachedAndApartAreTheSameForEveryVerb() throws {
        for type in Self.verbs {
            let path = Self.path(of: type)
            let table = OptionTable(type)
            for letter in "abcdefghijklmnopqrstuvwxyz" {
                guard let option = table["-\(letter)"], letter != "h" else { continue }
                if option.takesValue {
                    let apart = try CommandLineReader(path + ["-\(letter)", "7"]).forParser
                    #expect(apart == path + ["-\(letter)", "7"])
                    #expect(try CommandLineReader(path + ["-\(letter)7"]).forParser == path + ["\(option.name)=7"])
                    #expect(try CommandLineReader(path + ["-\(letter)", "-7"]).forParser == path + ["\(option.name)=-7"])
                } else {
                    #expect(
                        try CommandLineReader(path + ["-\(letter)\(letter)"]).forParser == path + ["-\(letter)", "-\(letter)"])
                }
            }
        }
    }

    // MARK: As many as there are

    @Test(arguments: ["stop", "retry", "hold", "release", "pause", "resume", "clean", "wait", "submit", "files"])
    func twentyThousandWordsTakeNoTime(_ verb: String) throws {
        let ids = (1...20_000).map(String.init)
        let head = ["submit": ["-pdefault", "--", "true"], "files": ["42", "-o", "d"]][verb] ?? ["--json"]
        var command: (any ParsableCommand)?
        let time = try processorTime { command = try parsed([verb] + head + ids) }
        #expect(time < 5)
        if let submit = command as? Submit { #expect(submit.task.command.map(\.lossy) == ["true"] + ids) }
        if let files = command as? Files { #expect(files.names == ids) }
        if let hold = command as? Hold { #expect(hold.tasks.ids == (1...20_000).map { .id($0) }) }
    }

    @Test func tooManyOptionsAreRefusedAtOnce() throws {
        let words = (1...20_000).map(String.init)
        #expect(throws: Failure.self) { try CommandLineReader(["submit", "make"] + words) }
        #expect(throws: Failure.self) { try CommandLineReader(["status"] + words) }
    }

    @Test(arguments: 0..<200) func allIdsArriveInTheirOrder(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let ids = (0..<Int.random(in: 1...200, using: &random)).map { _ in Int64.random(in: 1...99_999, using: &random) }
        var words = ids.map(String.init)
        let global = [["--socket", "/s"], ["--socket=/s"], ["--json"], ["--socket", "-1"], []]
        for option in global where Bool.random(using: &random) {
            words.insert(contentsOf: option, at: Int.random(in: 0...words.count, using: &random) == 0 ? 0 : words.count)
        }
        #expect(try #require(try parsed(["hold"] + words) as? Hold).tasks.ids == ids.map { .id($0) })
    }

    // MARK: What is wrong is named

    @Test(
        arguments: [
            (["stop", "--columns", "a"], "orchctl stop has no option --columns"),
            (["update", "5", "--state", "failed"], "orchctl update has no option --state"),
            (["retry", "--all"], "orchctl retry has no option --all"),
            (["update", "5", "--label", "x=y"], "orchctl update has no option --label"),
            (["wait", "--foo"], "orchctl wait has no option --foo"), (["stop", "--foo"], "orchctl stop has no option --foo"),
            (["pool", "resize", "-x"], "orchctl pool resize has no option -x"),
            (["logs", "-fx", "1"], "orchctl logs has no option -x"),
            (["show", "abc"], "\"abc\" is not a task id; use a number such as 42, or @last"),
            (["stop", "12.1"], "\"12.1\" is attempt 1 of a task; the task is 12"),
            (["retry"], "name what to retry: ids, --state, --pool, --name, --label, --failed"),
            (["clean", "31-12"], "the range 31-12 runs backwards; did you mean 12-31?"),
            (["hold", "@first"], "\"@first\" is not a task; @last is the last that you submitted, and @~1 the one before it"),
            (["show", "@~x"], "\"@~x\" is not a task; @last is the last that you submitted, and @~1 the one before it"),
            (["result", "1-2"], "\"1-2\" is a range, and only one task can be named here"),
            (["clean", "5", "--older", "7d"], "--older selects tasks; leave it out where you name tasks by their ids"),
            (["show"], "orchctl show needs <id>"), (["logs", "-n"], "-n needs a value: -n <number>"),
            (["stop", "12", "--all"], "give only one: tasks by ids or options, --all, or --daemon"),
        ] as [([String], String)])
    func whatIsWrongIsNamed(_ words: [String], _ message: String) throws {
        let line = try CommandLineReader(words)
        let error = #expect(throws: (any Error).self) { try parsed(words) }
        #expect(UsageFault(error.map { Orchctl.message(for: $0) } ?? "", in: line).message == message)
    }

    @Test func everyVerbNamesAnOptionThatItHasNot() throws {
        for type in Self.verbs {
            for option in ["--no-such-option", "--no-such-option=3", "-Z"] {
                let words = Self.path(of: type) + [option]
                let error = #expect(throws: (any Error).self) { try parsed(words) }
                let message = UsageFault(error.map { Orchctl.message(for: $0) } ?? "", in: try CommandLineReader(words)).message
                #expect(
                    message
                        == "orchctl \(Self.path(of: type).joined(separator: " ")) has no option \(OptionTable.name(of: option))"
                )
            }
        }
    }

    @Test func hintsAreOptionsThatThereAre() throws {
        #expect(try fault("submit", "--timout", "5", "x")?.hint == "did you mean --timeout?")
        #expect(try fault("submit", "--dir", "/", "x")?.hint == "did you mean --cwd?")
        #expect(try fault("submit", "--xyzzy", "x")?.hint == "try: orchctl submit --help")
        #expect(try fault("submit", "--xyzzy")?.hint.contains("| orchctl submit -") == true)
        #expect(try fault("run", "make", "-j2")?.hint.contains("orchctl run -- make -j2") == true)
        #expect(try fault("submit", "make", "all")?.hint.contains("orchctl submit -- make") == true)
        #expect(try fault("version", "--foo")?.hint == "try: orchctl version --help")
    }

    @Test func verbsOfOtherQueuesAreKnown() throws {
        for (word, verb) in [("delete", "clean"), ("edit", "update"), ("inspect", "show"), ("unhold", "release")] {
            #expect(Verbs.words[word]?.hasPrefix("orchctl \(verb)") != false, "\(word)")
            let failure = #expect(throws: Failure.self) { try CommandLineReader([word, "5"]) }
            #expect(failure?.status == .usage && failure?.hint?.hasPrefix("did you mean: orchctl ") == true)
        }
        #expect(throws: Failure(.usage, "there is no verb \"pool lst\"", hint: "did you mean: orchctl pool list")) {
            try CommandLineReader(["pool", "lst"])
        }
        #expect(throws: Failure(.usage, "there is no verb \"sumbit\"", hint: "did you mean: orchctl submit")) {
            try CommandLineReader(["help", "sumbit"])
        }
        for words in [
            ["help"], ["help", "submit"], ["help", "pool", "list"], ["--help"], ["--version"], [], ["status"], ["pool"],
        ] {
            _ = try CommandLineReader(words)
        }
    }

    @Test func anAliasIsItsVerb() throws {
        for (word, meant) in Verbs.aliases {
            #expect(try !Verbs.find(meant).path.isEmpty && !Verbs.all.contains(word), "\(word)")
            // Options of all verbs come first as well.
            let line = try CommandLineReader(["--json", word, "--socket", "/s"])
            #expect(line.command == (try Verbs.find(meant).command) && line.forParser.contains("/s"), "\(word)")
        }
        #expect(try #require(try parsed(["tail", "-f", "42"]) as? Logs).tail == 20)
        #expect(try #require(try parsed(["tail", "-n", "5"]) as? Logs).tail == 5)
        #expect(try #require(try parsed(["follow"]) as? Logs).follow)
        #expect(try CommandLineReader(["help", "rm"]).forParser == ["help", "clean"])
        #expect(try #require(try parsed(["rm", "12-31", "@~2"]) as? Clean).tasks.ids == [.range(12...31), .recent(back: 2)])
        #expect(try #require(try parsed(["add", "-pbuild", "--", "ls", "kill"]) as? Submit).task.command == ["ls", "kill"])
    }

    @Test func tasksAreNamedByWords() throws {
        let good: [(String, TaskWord)] = [
            ("42", .id(42)), ("1-1", .range(1...1)), ("12-31", .range(12...31)), ("@last", .recent(back: 0)),
            ("@~0", .recent(back: 0)), ("@~12", .recent(back: 12)),
        ]
        for (text, word) in good { #expect(try TaskWord.read(text) == word) }
        for text in [
            "", "0", "-5", "5-", "0-3", "3-2", "1-2-3", "a-b", "@", "@~", "@~-1", "@~1000", "@LAST", "1.2",
            "9223372036854775808",
        ] {
            #expect(throws: (any Error).self, "\(text)") { try TaskWord.read(text) }
        }
    }

    @Test func numbersOfAnArray() throws {
        let good = [
            ("1-3", [1, 2, 3]), ("7", [7]), ("0-20:5", [0, 5, 10, 15, 20]), ("1,3,7-9", [1, 3, 7, 8, 9]), ("5-5:9", [5]),
        ]
        for (text, numbers) in good {
            #expect(try ExpansionOptions.numbers(text).map(\.lossy) == numbers.map(String.init), "\(text)")
        }
        for text in ["", "x", "1-", "-1", "3-1", "1-5:0", "1-5:-1", "1,,2", "1-100%10", "0-100000", "1-99999999999999999999"] {
            #expect(throws: (any Error).self, "\(text)") { try ExpansionOptions.numbers(text) }
        }
    }

    /// What is suggested has to be there.
    @Test func everySuggestionIsAVerb() throws {
        for suggestion in Verbs.words.values where suggestion.hasPrefix("orchctl ") {
            let words = suggestion.split(separator: " ").dropFirst().map(String.init)
            guard words.first != "--help" else { continue }
            #expect(try !Verbs.find(words).path.isEmpty, "\(suggestion)")
            #expect(Verbs.words.keys.allSatisfy { !Verbs.all.contains($0) })
        }
    }

    // MARK: The verbs

    static let verbs: [any ParsableCommand.Type] = leaves(of: Orchctl.self)

    private static func leaves(of type: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        let configuration = type.configuration
        let below = configuration.ungroupedSubcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
        return below.isEmpty ? [type] : below.flatMap(leaves)
    }

    static func path(of type: any ParsableCommand.Type) -> [String] {
        func search(_ parent: any ParsableCommand.Type, _ path: [String]) -> [String]? {
            if parent == type { return path }
            let configuration = parent.configuration
            for child in configuration.ungroupedSubcommands + configuration.groupedSubcommands.flatMap(\.subcommands) {
                if let found = search(child, path + [child._commandName]) { return found }
            }
            return nil
        }
        return search(Orchctl.self, []) ?? []
    }
}
