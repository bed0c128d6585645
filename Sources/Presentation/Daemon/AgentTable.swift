import OrchProtocol

/// Agents, one a row: `orchctl agent list`.
public enum AgentTable {
    /// What was found of an agent's program here.
    public struct Finding: Sendable, Equatable, Encodable {
        public var agent: AgentRecord
        /// The file that would be run; nil where there is none.
        public var path: String?
        /// What it says of its version.
        public var version: String?

        public init(agent: AgentRecord, path: String?, version: String?) {
            self.agent = agent
            self.path = path
            self.version = version
        }
    }

    public static func make(_ findings: [Finding]) -> Table {
        var table = Table([
            .init("AGENT"), .init("VERSION"), .init("PROGRAM", shrinks: true), .init("POOLS"), .init("MODEL", shrinks: true),
        ])
        for finding in findings {
            let agent = finding.agent
            let missing = "not found" + (agent.install.map { "; to install: \(SafeText.line($0))" } ?? "")
            table.add([
                .init(SafeText.line(agent.name)),
                .init(finding.path == nil ? "–" : SafeText.line(finding.version ?? "?"), finding.path == nil ? .dim : .good),
                finding.path.map { .init(SafeText.line($0)) } ?? .init(missing, .warning),
                .init(agent.pools.isEmpty ? "–" : agent.pools.map(SafeText.line).joined(separator: " ")),
                .init(SafeText.line(agent.model ?? "")),
            ])
        }
        return table
    }

    /// The number in what a program prints of its version: `openclaw v2026.5.5 c37871e` has `2026.5.5`; without such its first line.
    public static func version(in text: String) -> String? {
        let words = text.split { !($0.isASCII && ($0.isNumber || $0 == ".")) }
        let numbers = words.map { $0.split(separator: ".") }
        if let number = numbers.first(where: { $0.count >= 2 }) { return number.joined(separator: ".") }
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init)
        return line.map { $0.shortened(to: 40) }
    }
}
