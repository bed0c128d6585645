import Agents
import OrchProtocol
import Scheduling
import Settings

/// Reads a file of `agents`.
package struct AgentReader {
    package let top: ConfigurationFile.Section

    package func agent(named name: String) -> AgentDefinition {
        let arguments: [AgentDefinition.Argument] = (top.arguments("argv") ?? []).map { words in
            words.first == ConfigurationFile.Section.groupMarker
                ? .group(Array(words.dropFirst())) : .single(words.first ?? "")
        }
        var agent = AgentDefinition(name: name, arguments: arguments)
        agent.description = top.text("description")
        if let prompt = top.choice("prompt", AgentDefinition.PromptInput.self) { agent.prompt = prompt }
        agent.commandPrefixes = top.words("command_prefixes") ?? []
        if let environment = top.stringTable("env") { agent.environment = environment }
        if let unset = top.strings("unset") { agent.unset = unset }
        agent.model = top.string("model")
        agent.provider = top.string("provider")
        agent.versionArguments = top.strings("version")
        agent.installation = top.text("install")
        readThinking(into: &agent)
        top.within("output") { read($0, into: &agent.output) }
        agent.failures = top.sections("failure").map { failure($0.section) }
        for (key, problem) in agent.faults { top.fault(key, in: Self.sections[key], problem) }
        if agent.versionArguments?.isEmpty ?? false { top.fault("version", "version is empty") }
        for name in agent.environment.keys where name.has("=") || name.isEmpty || SpecRules.isReserved(variable: name) {
            top.fault("env", "a variable cannot be named \"\(name)\"")
        }
        top.checkStrings(arguments.flatMap(\.templates), of: "argv")
        top.checkStrings(agent.environment.map { "\($0.key)=\($0.value)" }, of: "env")
        if name == PoolConfiguration.commandAgent { top.fault(nil, "\"command\" is built in and cannot be defined") }
        top.finish()
        return agent
    }

    /// The tables in which the keys of faults are.
    private static let sections = [
        "format": "output", "text": "output", "source": "output", "end": "output", "grace": "output", "default": "thinking",
    ]

    private func readThinking(into agent: inout AgentDefinition) {
        guard let section = top.section("thinking") else { return }
        agent.thinking = section.string("default")
        var names: [String: String] = [:]
        for level in section.keys where level != "default" { names[level] = section.string(level) }
        // With nothing but a default any word goes; an empty table says that there are no levels.
        if !names.isEmpty || agent.thinking == nil { agent.thinkingNames = names }
        section.finish()
    }

    private func read(_ section: ConfigurationFile.Section, into rules: inout OutputRules) {
        if let format = section.choice("format", OutputRules.Format.self) { rules.format = format }
        if let source = section.choice("source", OutputRules.Source.self) { rules.source = source }
        rules.text = section.readings("text")
        rules.error = section.readings("error")
        rules.tokensIn = section.readings("tokens_in")
        rules.tokensOut = section.readings("tokens_out")
        rules.tokensCached = section.readings("tokens_cached")
        rules.cost = section.readings("cost")
        rules.end = section.conditions("end")
        rules.required = section.patterns("require")
        rules.grace = section.duration("grace") ?? (rules.showsItsEnd ? OutputRules.defaultGrace : nil)
    }

    private func failure(_ section: ConfigurationFile.Section) -> FailureRule {
        let kinds = FailureKind.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        let kind = section.string("kind").map(FailureKind.init)
        if kind.map({ !FailureKind.allCases.contains($0) }) ?? true {
            section.fault("kind", "kind must be one of \(kinds)")
        }
        var rule = FailureRule(kind ?? .crash)
        rule.exits = (section.integers("exit", in: 0...255) ?? []).map { Int32($0) }
        rule.conditions = section.conditions("when")
        rule.patterns = section.patterns("pattern")
        rule.until = section.readings("until")
        rule.always = section.boolean("always") ?? false
        if rule.exits.isEmpty, rule.conditions.isEmpty, rule.patterns.isEmpty {
            section.fault(nil, "a [[failure]] needs an exit, a when or a pattern")
        }
        section.finish()
        return rule
    }
}
