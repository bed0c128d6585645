import Foundation
import Glibc
import OrchProtocol
import TestSupport
import Testing

/// Tasks that wait lend their slots, so that what they wait for can run: real processes on both sides.
@Suite(.onThreads) struct LendingOfSlotsTests {
    private func daemon(slots: Int, _ rules: String = "") throws -> Daemon {
        let directory = try Directory()
        try directory.write(
            "slots = \(slots)\n[spawn]\npools = [\"lead\"]\ndepth = 5\n\(rules)\n", to: "pools.d/lead.toml")
        return try Daemon(pool: "slots = 1\n", directory: directory)
    }

    /// Runs a script whose `o` is orchctl and whose `d` is the directory of the daemon.
    private func start(_ daemon: Daemon, _ script: String) throws -> Int64 {
        try daemon.shell(functions(daemon) + script) { $0.pool = "lead" }
    }

    private func functions(_ daemon: Daemon) -> String {
        "d='\(daemon.directory.path)'; o() { \(Program.folder)/orchctl \"$@\"; }\n"
    }

    private func output(_ daemon: Daemon, _ id: Int64) throws -> String {
        try daemon.orchctl("logs", "--stdout", "\(id)").output
    }

    /// Whether the first began only when the other had ended.
    private func began(_ daemon: Daemon, _ late: Int64, after early: Int64) throws -> Bool {
        let (late, early) = (try daemon.end(of: late), try daemon.end(of: early))
        let begin = try #require(late.attempts.first?.startedAt)
        return try begin.milliseconds >= #require(early.attempts.last?.endedAt).milliseconds
    }

    /// A chain of tasks, each of which waits for the next: it writes itself into a file, and calls it again.
    private func chain(_ daemon: Daemon, _ ways: [String: String], bottom: String) throws {
        let cases = ways.map { "\($0.key)) \($0.value);;" }.joined(separator: "\n")
        try daemon.directory.write(
            """
            \(functions(daemon))way=$1 left=$2
            [ "$left" = 0 ] && { \(bottom); exit; }
            set -- sh "$d/chain" "$way" $((left - 1))
            case $way in
            \(cases)
            esac
            """, to: "chain")
    }

    @Test func aChainComesToItsEndInOneSlotHoweverItWaits() throws {
        let daemon = try daemon(slots: 1)
        let ways = [
            "run": "o run -p lead -- \"$@\"",
            "submit": "a=$(o submit --wait -p lead -- \"$@\") && o logs $a",
            "wait": "a=$(o submit -p lead -- \"$@\"); o wait --timeout 100 $a >/dev/null && o logs $a",
            "logs": "a=$(o submit -p lead -- \"$@\"); o logs -f $a",
        ]
        try chain(daemon, ways, bottom: "echo bottom")
        for way in ways.keys.sorted() {
            let id = try daemon.submit("sh", daemon.directory.file("chain"), way, "3") { $0.pool = "lead" }
            #expect(try daemon.end(of: id).state == .succeeded, "\(way)")
            #expect(try output(daemon, id) == "bottom\n", "\(way)")
        }
        try daemon.finish()
    }

    @Test func parentsThatHoldAllSlotsDoNotBlockTheirChildren() throws {
        let daemon = try daemon(slots: 2)
        // Both run before either submits, and strangers who matter more are before the children.
        let parents = try (1...2).map { number in
            try start(
                daemon,
                """
                touch "$d/\(number)"; until [ -e "$d/go" ]; do sleep 0.02; done
                o run -p lead -- echo child of \(number)
                """)
        }
        try eventually("that both run") { [1, 2].allSatisfy { daemon.directory.text("\($0)") != nil } }
        let strangers = try (1...2).map { _ in
            try daemon.submit("true") {
                $0.pool = "lead"
                $0.priority = 9
            }
        }
        try daemon.directory.write("", to: "go")
        for (number, parent) in zip(1...2, parents) {
            #expect(try daemon.end(of: parent).state == .succeeded)
            #expect(try output(daemon, parent) == "child of \(number)\n")
        }
        for stranger in strangers { #expect(try daemon.end(of: stranger).state == .succeeded) }
        try daemon.finish()
    }

    /// A new engine knows of no wait until the clients in the tasks have said it again.
    @Test func anEngineThatDiesKnowsAgainWhoWaits() throws {
        let daemon = try daemon(slots: 1)
        let wait = "touch \"$d/there\"; until [ -e \"$d/go\" ]; do sleep 0.02; done; o run -p lead -- echo deepest"
        try chain(daemon, ["run": "o run -p lead -- \"$@\""], bottom: wait)
        let id = try daemon.submit("sh", daemon.directory.file("chain"), "run", "2") { $0.pool = "lead" }
        try eventually("the bottom") { daemon.directory.text("there") != nil }
        try daemon.killEngine()
        try daemon.directory.write("", to: "go")
        #expect(try daemon.end(of: id).state == .succeeded)
        #expect(try output(daemon, id) == "deepest\n")
        try daemon.finish()
    }

    /// It ends although a task waits for one that has not begun, and starts nothing else.
    @Test func aDrainLetsWhatIsWaitedForRun() throws {
        let daemon = try daemon(slots: 1)
        let parent = try start(
            daemon,
            """
            a=$(o submit -p lead -- touch "$d/ran"); touch "$d/there"
            until [ -e "$d/go" ]; do sleep 0.02; done
            o wait $a
            """)
        let stranger = try daemon.submit("touch", daemon.directory.file("stranger")) { $0.pool = "lead" }
        try eventually("its child") { daemon.directory.text("there") != nil }
        #expect(try daemon.orchctl("drain").status == 0)
        #expect(daemon.directory.text("ran") == nil)
        try daemon.directory.write("", to: "go")
        #expect(try daemon.end(of: parent).state == .succeeded)
        #expect(daemon.directory.text("ran") != nil && daemon.directory.text("stranger") == nil)
        #expect(try daemon.task(stranger).state == .queued)
        try daemon.finish()
    }

    /// Neither fewer nor more run below a task than `running` says; who waits does not count.
    @Test func runningHoldsBack() throws {
        let daemon = try daemon(slots: 8, "running = 2")
        // Each waits until two have been there, and writes down how many there are.
        let child = """
            touch "$d/in.$ORCH_TASK_ID"
            until [ $(ls "$d" | grep -c '^was\\|^in') -ge 2 ]; do sleep 0.02; done
            ls "$d" | grep -c '^in' >>"$d/counts"
            mv "$d/in.$ORCH_TASK_ID" "$d/was.$ORCH_TASK_ID"
            """
        try daemon.directory.write(functions(daemon) + child, to: "child")
        try chain(daemon, ["run": "o run -p lead -- \"$@\""], bottom: "echo deep")
        let parent = try start(
            daemon,
            """
            for i in 1 2 3 4 5; do ids="$ids $(o submit -p lead -- sh "$d/child")"; done
            o wait $ids >/dev/null
            # One that waits makes room for another.
            sh "$d/chain" run 3
            """)
        #expect(try daemon.end(of: parent).state == .succeeded)
        #expect(try output(daemon, parent) == "deep\n")
        let counts = (daemon.directory.text("counts") ?? "").split(separator: "\n").compactMap { Int($0) }
        #expect(counts.count == 5 && counts.max() == 2, "\(counts)")
        try daemon.finish()
    }

    /// While tasks wait for answers, others run in their slots: as many as `parked` says.
    @Test(arguments: [nil, 0, 1] as [Int?]) func parkedTasksLendTheirSlotsToOthers(parked: Int?) throws {
        let daemon = try daemon(slots: 1, parked.map { "parked = \($0)" } ?? "")
        let ids = try (1...3).map { _ in try start(daemon, "o ask 'May I?' --choice yes") }
        let most = 1 + (parked ?? 1)
        func open() throws -> [String] { try daemon.call(.questionList, QuestionListParameters()).questions.map(\.id) }
        let first = ids.prefix(most).map { "\($0).q1" }
        try eventually("all questions that can be open") { try open().count == most }
        #expect(try Set(open()) == Set(first))
        #expect(try daemon.task(ids[most]).state == .queued)
        for id in ids {
            try eventually("its question") { try open().contains("\(id).q1") }
            #expect(try daemon.orchctl("answer", "\(id)", "yes").status == 0)
        }
        #expect(try began(daemon, ids[most], after: ids[0]))
        for id in ids { #expect(try output(daemon, id) == "yes\n") }
        try daemon.finish()
    }
}
