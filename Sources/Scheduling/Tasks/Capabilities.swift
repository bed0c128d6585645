/// What pools offer and tasks need.
public enum Capabilities {
    /// Why a task cannot run in its pool, in words: what nobody offers, or what only other pools do.
    public static func complaint(_ needs: [String], pool: String, offered: [String: Set<String>]) -> String {
        let missing = needs.filter { !(offered[pool]?.contains($0) ?? false) }
        let unknown = missing.filter { need in !offered.values.contains { $0.contains(need) } }
        guard unknown.isEmpty else { return "no worker offers \(list(unknown))" }
        let others = offered.filter { $0.value.isSuperset(of: needs) }.keys.sorted()
        let hint = others.isEmpty ? "no pool offers everything that it needs" : "the pool \(list(others)) does"
        return "the pool \"\(pool)\" does not offer \(list(missing)); \(hint)"
    }

    private static func list(_ words: [String]) -> String { words.map { "\"\($0)\"" }.joined(separator: ", ") }
}
