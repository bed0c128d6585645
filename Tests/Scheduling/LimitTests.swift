import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// `[limit.NAME]`: at most so many at once, over all pools.
@Suite struct LimitTests {
    static let pools = [
        PoolSettings(name: "a", slots: 5, agent: "claude"), PoolSettings(name: "b", slots: 5, agent: "claude"),
        PoolSettings(name: "default", slots: 5),
    ]

    private static func limit(_ name: String, _ maximum: Int, _ matcher: TaskMatcher) -> ConcurrencyLimit {
        ConcurrencyLimit(name: name, maximum: maximum, matcher: matcher)
    }

    private static func labelled(_ label: String, pool: String = "a", priority: Int = 0) -> TaskSpec {
        .command("true") {
            $0.labels = ["team": label]
            $0.pool = pool
            $0.priority = priority
        }
    }

    @Test func noMoreRunThanTheLimitOverAllPools() throws {
        let rules = Rules(limits: [Self.limit("core", 3, TaskMatcher(label: "team=core"))])
        let rig = try Rig(pools: Self.pools, rules: rules)
        let ids = try rig.submit(many: (0..<8).map { Self.labelled("core", pool: $0 % 2 == 0 ? "a" : "b") })
        let free = try rig.submit(many: (0..<4).map { _ in Self.labelled("web") })
        #expect(try rig.phases(ids).prefix(4) == [.active, .active, .active, .ready])
        #expect(try rig.phases(free).filter { $0 == .active }.count == 3)
        // The oldest is next, in whichever pool it is.
        try rig.end(rig.live(of: ids[2]).id)
        #expect(try rig.phases(ids).prefix(5) == [.active, .active, .succeeded, .active, .ready])
        #expect(rig.busyLanes == ["limit:core": 3])
    }

    @Test func aLimitOfNoneStopsAndALargerOneLetsGo() throws {
        let rig = try Rig(pools: Self.pools, rules: Rules(limits: [Self.limit("x", 0, TaskMatcher(pool: "a"))]))
        let ids = try rig.submit(many: [Self.labelled("q"), Self.labelled("q")])
        #expect(try rig.phases(ids) == [.ready, .ready])
        rig.rules.limits[0].maximum = 1
        try rig.reload()
        #expect(try rig.phases(ids) == [.active, .ready])
    }

    @Test func whatIsQueuedComesUnderANewLimitAndOutOfAnOldOne() throws {
        let rig = try Rig(pools: Self.pools)
        let ids = try rig.submit(many: (0..<9).map { _ in Self.labelled("core") })
        rig.rules.limits = [Self.limit("core", 2, TaskMatcher(label: "team"))]
        try rig.reload()
        #expect(rig.busyLanes == ["limit:core": 5] && rig.lanes("a") == ["limit:core": 4])
        for id in ids.prefix(4) { try rig.end(rig.live(of: id).id) }
        #expect(try rig.phases(ids).filter { $0 == .active }.count == 2)
        // An engine that comes later has the rules and counts the same.
        try rig.restart()
        #expect(rig.busyLanes == ["limit:core": 2] && rig.lanes("a") == ["limit:core": 3])
        rig.rules.limits = []
        try rig.reload()
        #expect(rig.busyLanes.isEmpty && rig.lanes("a").isEmpty)
    }

    @Test func priorityStandsAmongThoseThatMayRun() throws {
        let rig = try Rig(
            pools: [PoolSettings(name: "a", slots: 1)], rules: Rules(limits: [Self.limit("x", 1, TaskMatcher(label: "team=x"))])
        )
        try rig.ask(.pausePool("a"))
        let ids = try rig.submit(many: [Self.labelled("y"), Self.labelled("x", priority: 5), Self.labelled("y", priority: 9)])
        var order = try rig.turn(rig.request(.resumePool("a"))).launchedTasks
        for _ in 0..<2 { order += try rig.end(rig.live(of: order.last!).id).launchedTasks }
        #expect(order == [ids[2], ids[1], ids[0]])
    }

    @Test func whatALimitLetsGoTakesBackWhatMattersLess() throws {
        let rig = try Rig(
            pools: [PoolSettings(name: "a", slots: 1), PoolSettings(name: "b", slots: 1)],
            rules: Rules(limits: [Self.limit("x", 1, TaskMatcher(label: "team=x"))]))
        let ids = try rig.submit(
            many: [Self.labelled("x", pool: "b", priority: 9), Self.labelled("x", priority: 5), Self.labelled("y")])
        #expect(try rig.phases(ids) == [.active, .ready, .active])
        let turn = try rig.end(rig.live(of: ids[0]).id)
        #expect(try turn.revoked == [rig.live(of: ids[2]).id])
    }

    /// The matchers of a limit, each alone.
    @Test(arguments: [
        (TaskMatcher(), true), (TaskMatcher(pool: "a"), true), (TaskMatcher(pool: "b*"), false),
        (TaskMatcher(agent: "claude"), true),
        (TaskMatcher(agent: "command"), false), (TaskMatcher(provider: "open*"), true), (TaskMatcher(provider: "?"), false),
        (TaskMatcher(model: "*/x"), true), (TaskMatcher(model: "x"), false), (TaskMatcher(label: "team"), true),
        (TaskMatcher(label: "team=c*e"), true), (TaskMatcher(label: "team=web"), false), (TaskMatcher(label: "tea"), false),
        (TaskMatcher(pool: "a", label: "team=web"), false),
        (TaskMatcher(submitter: 995), true), (TaskMatcher(submitter: 0), false), (TaskMatcher(subject: "discord:*"), true),
        (TaskMatcher(subject: "x"), false),
    ])
    func matching(matcher: TaskMatcher, isExpected: Bool) {
        let facts = TaskFacts(
            pool: "a", agent: "claude", provider: "openrouter", model: "openrouter/x", labels: ["team": "core"], submitter: 995,
            subject: "discord:1")
        #expect(matcher.matches(facts) == isExpected)
    }

    /// Against the definition: `*` any number, `?` one.
    @Test func wildcardsAreThoseOfAShell() {
        func slow(_ p: Substring, _ t: Substring) -> Bool {
            guard let head = p.first else { return t.isEmpty }
            if head == "*" { return slow(p.dropFirst(), t) || (!t.isEmpty && slow(p, t.dropFirst())) }
            return !t.isEmpty && (head == "?" || head == t.first) && slow(p.dropFirst(), t.dropFirst())
        }
        var random = SeededGenerator(7)
        for _ in 0..<5_000 {
            func word(_ alphabet: String, _ most: Int) -> String {
                String((0..<Int.random(in: 0...most, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
            }
            let (pattern, text) = (word("ab*?", 6), word("ab", 8))
            #expect(Wildcard.matches(pattern, text) == slow(pattern[...], text[...]), "\(pattern) \(text)")
        }
        #expect(!Wildcard.matches(String(repeating: "*a", count: 100) + "b", String(repeating: "a", count: 200)))
    }
}
