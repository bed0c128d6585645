import OrchProtocol
import Scheduling
import Schemas
import Testing

@testable import DaemonConfiguration

/// `[limit]`, `[budget]` and `[[route]]`.
@Suite struct RuleConfigurationTests {
    @Test func limitsAndCapabilitiesAreRead() throws {
        let files = try ConfigurationFiles([
            "orchd.toml": """
            [limits]
            usage_limit_wait = "2h"
            [limit.openrouter]
            max = 4
            provider = "open*"
            [limit."core.web"]
            max = 0
            label = "team=core"
            pool = "p"
            agent = "a"
            model = "m"
            """,
            "pools.d/p.toml": "capabilities = [\"gpu\", \"local-model\"]",
        ])
        let configuration = try files.load()
        #expect(configuration.longestWait == 7_200_000)
        #expect(
            configuration.limits == [
                ConcurrencyLimit(
                    name: "core.web", maximum: 0, matcher: TaskMatcher(pool: "p", agent: "a", model: "m", label: "team=core")),
                ConcurrencyLimit(name: "openrouter", maximum: 4, matcher: TaskMatcher(provider: "open*")),
            ])
        #expect(configuration.pools[0].settings.capabilities == ["gpu", "local-model"])
    }

    @Test func faultsOfLimitsAndCapabilitiesAreNamed() throws {
        let files = try ConfigurationFiles([
            "orchd.toml": """
            [limit.a]
            provider = "x"
            [limit.b]
            max = -1
            [limit.c]
            max = 1
            provder = "x"
            [limit."d d"]
            max = 1
            """,
            "pools.d/p.toml": "capabilities = [\"a b\"]",
        ])
        #expect(
            files.faults() == [
                "orchd.toml: [limit.a] needs max: the number of tasks that may run at once",
                "orchd.toml: the name \"d d\" may only have letters, digits, \".\", \"-\", \"_\" and \":\"",
                "orchd.toml:4: max must be a whole number from 0 to 1000000, not -1",
                "orchd.toml:7: unknown key \"provder\" in [limit.c]; did you mean \"provider\"?",
                "pools.d/p.toml:1: a capability cannot be named \"a b\"",
            ])
    }

    @Test func budgetsAreRead() throws {
        let files = try ConfigurationFiles([
            "orchd.toml": """
            [budget.daily]
            amount = "10.5 USD"
            per = "day"
            [budget.core]
            tokens = 1_000_000
            per = "total"
            label = "team=core"
            [budget.each]
            amount = "2 USD"
            per = "task"
            hard = true
            """,
            "pools.d/p.toml": "",
        ])
        #expect(
            try files.load().rules.budgets == [
                Budget(name: "core", amount: .tokens(1_000_000), period: .total, matcher: TaskMatcher(label: "team=core")),
                Budget(name: "daily", amount: .cost(10_500_000), period: .day),
                Budget(name: "each", amount: .cost(2_000_000), period: .task, isHard: true),
            ])
    }

    @Test(arguments: ["10", "10 EUR", "-1 USD", ".5 USD", "1. USD", "1.0000001 USD", "1e3 USD", "9999999999999 USD"])
    func amountsThatAreNoneAreNamed(_ amount: String) throws {
        let files = try ConfigurationFiles([
            "orchd.toml": "[budget.a]\nper = \"day\"\namount = \"\(amount)\"", "pools.d/p.toml": "",
        ])
        #expect(
            files.faults() == [
                "orchd.toml:3: amount must be US dollars with at most six digits after the point, such as \"10.00 USD\""
            ])
    }

    @Test func budgetsWithoutAmountOrPeriodAreFaults() throws {
        let files = try ConfigurationFiles(["orchd.toml": "[budget.a]\nlabel = \"x\"", "pools.d/p.toml": ""])
        #expect(
            files.faults() == [
                "orchd.toml: [budget.a] needs either amount, such as \"10.00 USD\", or tokens",
                "orchd.toml: [budget.a] needs per: \"day\", \"total\", \"task\" or \"tree\"",
            ])
    }

    @Test func routesAndAliasesAreRead() throws {
        let files = try ConfigurationFiles([
            "orchd.toml": """
            [alias]
            cheap = "openrouter/tiny"
            [[route]]
            name = "long"
            match = { min_chars = 100, max_chars = 200, pool = "p*", agent = "x", label = "team", submitter = "root" }
            set = { model = "cheap", thinking = "high", pool = "p", priority = -3 }
            [[route]]
            [route.match]
            pattern = "fix|debug"
            ignore_case = true
            submitter = 7
            """,
            "pools.d/p.toml": "agent = \"x\"\ninline_tags = false",
            "agents/x.toml": "argv = [\"x\"]",
        ])
        let configuration = try files.load()
        var long = RouteRule(name: "long")
        (long.match.minimum, long.match.maximum, long.match.pool) = (100, 200, "p*")
        (long.match.agent, long.match.label, long.match.submitter) = ("x", "team", 0)
        (long.choice.model, long.choice.thinking, long.choice.pool, long.choice.priority) = ("cheap", .high, "p", -3)
        var second = RouteRule(name: "route 2")
        (second.match.pattern, second.match.submitter) = (try Pattern("fix|debug", ignoresCase: true), 7)
        #expect(configuration.routes == [long, second] && configuration.aliases == ["cheap": "openrouter/tiny"])
        #expect(configuration.pools[0].settings.inlineTags == false)
    }

    @Test func faultsOfRoutesAreNamed() throws {
        let files = try ConfigurationFiles([
            "orchd.toml": """
            [[route]]
            match = { pattern = "[[:digit:]]", submitter = "nobody-has-this-name" }
            set = { pool = "nowhere", thinking = "hard", priority = 2_000_000 }
            [[route]]
            nam = "x"
            set = { pool = "p" }
            """,
            "pools.d/p.toml": "slots = 1",
        ])
        #expect(
            files.faults().sorted() == [
                "orchd.toml:2: route 1: the pattern has a class of grep; write \\d, \\w or \\s, or name the characters",
                "orchd.toml:2: submitter must be a user's name or number, not \"nobody-has-this-name\"",
                "orchd.toml:3: priority must be a whole number from -1000000 to 1000000, not 2000000",
                "orchd.toml:3: route 1: there is no pool \"nowhere\": no file pools.d/nowhere.toml",
                "orchd.toml:3: thinking must be one of \"off\", \"minimal\", \"low\", \"medium\", \"high\", \"xhigh\", not \"hard\"",
                "orchd.toml:5: unknown key \"nam\" in [route]; did you mean \"name\"?",
                "orchd.toml:6: route 2: the pool \"p\" has no agent for prompts",
            ])
    }

    @Test func programsOfRoutesAreRead() throws {
        let files = try ConfigurationFiles([
            "orchd.toml": """
            [[route]]
            name = "ask"
            program = ["/bin/choose", "--fast"]
            pool = "p"
            timeout = "3s"
            set = { model = "cheap" }
            [[route]]
            name = "later"
            program = ["/bin/choose"]
            pool = "p"
            """,
            "pools.d/p.toml": "",
        ])
        let routes = try files.load().routes
        #expect(routes.map(\.name) == ["ask", "later"] && routes[0].choice.model == "cheap")
        #expect(routes[0].program == RouteRule.Program(command: ["/bin/choose", "--fast"], pool: "p", timeout: 3_000))
        #expect(routes[1].program == RouteRule.Program(command: ["/bin/choose"], pool: "p", timeout: 10_000))
    }

    @Test func faultsOfProgramsAreNamed() throws {
        let files = try ConfigurationFiles([
            "orchd.toml": """
            [[route]]
            pool = "p"
            timeout = "1s"
            [[route]]
            program = ["choose"]
            pool = "nowhere"
            timeout = 0
            [[route]]
            name = "same"
            program = ["/bin/choose"]
            pool = "warm"
            [[route]]
            name = "same"
            program = "/bin/choose"
            [[route]]
            name = "none"
            program = []
            """,
            "pools.d/p.toml": "", "pools.d/warm.toml": "kind = \"warm\"\ncommand = [\"/bin/w\"]",
        ])
        #expect(
            files.faults() == [
                "orchd.toml:2: route 1: pool is for rules with a program; put the values of a rule into set",
                "orchd.toml:3: route 1: timeout is for rules with a program; put the values of a rule into set",
                "orchd.toml:5: a rule with a program needs a name",
                "orchd.toml:5: route 2: a program is a list of an absolute path and its arguments, such as [\"/usr/bin/choose\"]",
                "orchd.toml:6: route 2: there is no pool \"nowhere\": no file pools.d/nowhere.toml",
                "orchd.toml:7: timeout must be a duration from 1ms to 1h, such as \"90s\" or \"10m\", not 0",
                "orchd.toml:9: same: a rule with a program needs a name that no other rule has",
                "orchd.toml:11: same: the pool \"warm\" has warm workers, which cannot run a program",
                "orchd.toml:14: program must be a list of strings, not \"/bin/choose\"",
                "orchd.toml:14: same: a program needs a pool, whose user and slots run it",
                "orchd.toml:17: none: a program needs a pool, whose user and slots run it",
                "orchd.toml:17: none: a program is a list of an absolute path and its arguments, such as [\"/usr/bin/choose\"]",
            ])
    }
}
