import Agents

extension OutputFiles {
    /// What an agent has printed so far, as far as its definition reads it.
    ///
    /// - Throws: ``SystemError`` where there may be something that cannot be read.
    func printed(by entry: LiveAttempts.Entry, for agent: AgentDefinition) throws(SystemError) -> AgentOutput {
        var printed = AgentOutput(exit: nil)
        let limit = printed.maximum
        printed.stdout = try ends(entry, .out, limit)
        printed.stderr = try ends(
            entry, .err, agent.output.source == .stderr || agent.output.source == .both ? limit : Self.glance)
        if agent.output.source == .file { printed.file = try ends(entry, .result, limit) }
        return printed
    }

    private static let glance = 256 << 10

    /// A file, or its beginning and its end where it is longer.
    private func ends(_ entry: LiveAttempts.Entry, _ kind: Kind, _ limit: Int) throws(SystemError) -> [UInt8] {
        let size = size(task: entry.task, attempt: entry.number, kind)
        guard size > limit else {
            return size > 0 ? try read(task: entry.task, attempt: entry.number, kind, at: 0, count: Int(size)) : []
        }
        let half = limit / 2
        let head = try read(task: entry.task, attempt: entry.number, kind, at: 0, count: half)
        // A line feed between them: a line that goes on from the one to the other is none. It makes them longer than the limit.
        return head + [UInt8(ascii: "\n")]
            + (try read(task: entry.task, attempt: entry.number, kind, at: size - Int64(half), count: half))
    }
}
