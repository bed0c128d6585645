import Scheduling

/// Reads the sections of `orchd.toml` that are rules for tasks.
enum RuleReader {
    /// `[limit.NAME]`.
    static func limits(_ top: ConfigurationFile.Section) -> [ConcurrencyLimit] {
        named("limit", in: top) { name, section in
            let maximum = section.integer("max", in: 0...1_000_000)
            if !section.keys.contains("max") { section.fault(nil, "[limit.\(name)] needs max: how many may run at once") }
            return ConcurrencyLimit(name: name, maximum: maximum ?? 0, matcher: matcher(section))
        }
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
                    nil, "the name \"\(name)\" has other characters than letters, digits, \".\", \"-\", \"_\" and \":\"")
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
            model: section.string("model"), label: section.string("label"))
    }
}
