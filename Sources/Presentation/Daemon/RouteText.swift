import OrchProtocol

/// What would be chosen for a prompt: `orchctl route --explain`.
public enum RouteText {
    /// What is chosen, then what each rule says. Each line ended by a line feed.
    public static func text(_ explanation: RouteExplanation, style: Style, width: Int? = nil) -> String {
        let facts: [(String, String?)] = [
            ("pool", explanation.pool), ("model", explanation.model ?? "the agent's"),
            ("thinking", explanation.thinking ?? "the agent's"),
            ("priority", explanation.priority == 0 ? nil : String(explanation.priority)),
            ("needs", explanation.needs?.joined(separator: ", ")), ("route", explanation.route ?? "no rule matches"),
            ("asks", explanation.asks.map(asks)),
            ("prompt", explanation.prompt.map { String($0.prefix(400)) }),
        ]
        var text = ""
        for case (let name, let value?) in facts {
            text += style(.dim, name) + String(repeating: " ", count: 10 - name.count) + SafeText.line(value) + "\n"
        }
        if explanation.asks != nil {
            text += "\nThe program is asked first. The values above hold for what it leaves open, and if it fails.\n"
        }
        guard !explanation.rules.isEmpty else { return text }
        var table = Table([.init("RULE"), .init("MATCHES"), .init("WHY", shrinks: true)])
        for rule in explanation.rules {
            table.add([
                .init(SafeText.line(rule.name)), .init(rule.matches ? "yes" : "no", rule.matches ? .good : .dim),
                .init(rule.matches ? "" : SafeText.line(rule.reason), .dim),
            ])
        }
        return text + "\n" + table.text(style: style, width: width)
    }

    private static func asks(_ program: RouteProgram) -> String {
        let command = SafeText.command(program.command.map { ByteString($0) })
        return "\(command), in the pool \(program.pool), for at most \(DurationText.text(program.timeout))"
    }
}
