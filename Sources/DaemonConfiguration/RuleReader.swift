import OrchProtocol
import Scheduling
import Schemas
import Settings

/// Reads the sections of `orchd.toml` that are rules for tasks.
package enum RuleReader {
    /// `[limit.NAME]`.
    package static func limits(_ top: ConfigurationFile.Section) -> [ConcurrencyLimit] {
        named("limit", in: top) { name, section in
            let maximum = section.integer("max", in: 0...1_000_000)
            if !section.keys.contains("max") {
                section.fault(nil, "[limit.\(name)] needs max: the number of tasks that may run at once")
            }
            return ConcurrencyLimit(
                name: name, maximum: maximum ?? 0, matcher: matcher(section),
                share: section.choice("per", ConcurrencyLimit.Share.self))
        }
    }

    /// `[budget.NAME]`.
    package static func budgets(_ top: ConfigurationFile.Section) -> [Budget] {
        named("budget", in: top) { name, section in
            let amount = amount(section, of: name)
            let period = section.choice("per", Budget.Period.self)
            if !section.keys.contains("per") {
                section.fault(nil, "[budget.\(name)] needs per: \"day\", \"total\", \"task\" or \"tree\"")
            }
            return Budget(
                name: name, amount: amount ?? .cost(0), period: period ?? .day, isHard: section.boolean("hard") ?? false,
                matcher: matcher(section))
        }
    }

    private static func amount(_ section: ConfigurationFile.Section, of name: String) -> Budget.Amount? {
        let tokens = section.integer("tokens", in: 0...1_000_000_000_000_000)
        let amount = section.string("amount")
        if section.keys.contains("tokens") == section.keys.contains("amount") {
            section.fault(nil, "[budget.\(name)] needs either amount, such as \"10.00 USD\", or tokens")
        }
        guard let amount else { return tokens.map { .tokens(Int64($0)) } }
        guard let cost = MoneyText.micros(amount) else {
            section.fault("amount", "amount must be US dollars with at most six digits after the point, such as \"10.00 USD\"")
            return nil
        }
        return .cost(cost)
    }

    /// `[alias]`.
    package static func aliases(_ top: ConfigurationFile.Section) -> [String: String] {
        let aliases = top.stringTable("alias") ?? [:]
        for word in aliases.flatMap({ [$0.key, $0.value] }).sorted() {
            if let complaint = ValueRule.name.complaint(word) { top.fault("alias", "an alias and its model each \(complaint)") }
        }
        return aliases
    }

    /// `[[route]]`.
    package static func routes(_ top: ConfigurationFile.Section) -> [RouteRule] {
        top.sections("route").map { number, section in
            var rule = RouteRule(name: section.string("name") ?? "route \(number)")
            section.within("match") { match in
                rule.match = read(match, of: rule.name)
            }
            rule.program = program(section, of: rule)
            section.within("set") { choice in
                rule.choice = read(choice)
            }
            section.finish()
            return rule
        }
    }

    private static func program(_ section: ConfigurationFile.Section, of rule: RouteRule) -> RouteRule.Program? {
        let command = section.strings("program")
        let pool = section.string("pool")
        let timeout = section.duration("timeout", .seconds(0.001...3600))
        guard section.keys.contains("program") else {
            for key in ["pool", "timeout"] where section.keys.contains(key) {
                section.fault(key, "\(rule.name): \(key) is for rules with a program; put the values of a rule into set")
            }
            return nil
        }
        if !section.keys.contains("name") { section.fault("program", "a rule with a program needs a name") }
        if !section.keys.contains("pool") {
            section.fault("program", "\(rule.name): a program needs a pool, whose user and slots run it")
        }
        guard let command else { return nil }
        section.checkStrings(command, of: "program")
        if command.first?.utf8.first != UInt8(ascii: "/") || command.contains(where: { $0.utf8.contains(0) }) {
            section.fault(
                "program",
                "\(rule.name): a program is a list of an absolute path and its arguments, such as [\"/usr/bin/choose\"]")
        }
        return RouteRule.Program(
            command: command, pool: pool ?? "", timeout: timeout ?? RouteRule.Program.defaultTimeout)
    }

    private static let longestPattern = 1_000

    private static func read(_ section: ConfigurationFile.Section, of rule: String) -> RouteRule.Match {
        var match = RouteRule.Match()
        match.pool = section.string("pool")
        match.agent = section.string("agent")
        match.label = section.string("label")
        match.submitter = section.user("submitter")
        match.subject = section.string("subject")
        match.minimum = section.integer("min_chars", in: 0...Int(Int32.max))
        match.maximum = section.integer("max_chars", in: 0...Int(Int32.max))
        let ignoresCase = section.boolean("ignore_case") ?? false
        if let source = section.text("pattern") {
            do throws(Pattern.Fault) {
                guard !source.contains("[[:") else {
                    throw Pattern.Fault(problem: "has a class of grep; write \\d, \\w or \\s, or name the characters")
                }
                guard source.utf8.count <= longestPattern else { throw Pattern.Fault(problem: "must have at most 1000 bytes") }
                match.pattern = try Pattern(source, ignoresCase: ignoresCase)
            } catch {
                section.fault("pattern", "\(rule): the pattern \(error.problem)")
            }
        }
        return match
    }

    private static func read(_ section: ConfigurationFile.Section) -> RouteRule.Choice {
        var choice = RouteRule.Choice()
        choice.model = section.string("model")
        choice.thinking = section.choice("thinking", ThinkingLevel.self)
        choice.pool = section.string("pool")
        choice.priority = section.integer("priority", .priority)
        return choice
    }

    /// The sections below one, each with a name of its own.
    private static func named<T>(
        _ key: String, in top: ConfigurationFile.Section, _ read: (String, ConfigurationFile.Section) -> T
    ) -> [T] {
        guard let sections = top.section(key) else { return [] }
        var result: [T] = []
        for name in sections.keys {
            guard let section = sections.section(name) else { continue }
            guard SpecRules.isCapability(name) else {
                section.fault(
                    nil, "the name \"\(name)\" may only have letters, digits, \".\", \"-\", \"_\" and \":\"")
                continue
            }
            result.append(read(name, section))
            section.finish()
        }
        return result
    }

    private static func matcher(_ section: ConfigurationFile.Section) -> TaskMatcher {
        TaskMatcher(
            pool: section.string("pool"), agent: section.string("agent"), provider: section.string("provider"),
            model: section.string("model"), label: section.string("label"),
            submitter: section.user("submitter"), subject: section.string("subject"))
    }
}
