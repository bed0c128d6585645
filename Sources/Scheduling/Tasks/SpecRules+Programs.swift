import OrchProtocol

extension SpecRules {
    /// What needs a look at the output is refused where it goes where nobody looks.
    static func checkOutput(_ spec: TaskSpec, in pool: PoolSettings, _ path: String?) throws(WireError) {
        guard !pool.keepsOutput else { return }
        let needs = [("idle_timeout", spec.idleTimeout != nil), ("result_schema", spec.resultSchema != nil)]
        for (name, isGiven) in needs where isGiven {
            throw WireError(
                .invalidParameter,
                "the output of tasks in the pool \"\(pool.name)\" goes only to the journal, and orchd does not read it there",
                field: field(name, path))
        }
    }

    /// What the supervisor would refuse to start is refused at once. Where it is looked up is only known there, so that a name without a
    /// `/` may be any of the programs with that name.
    static func check(_ command: [ByteString], in pool: PoolSettings, _ path: String?) throws(WireError) {
        guard let programs = pool.programs, let program = command.first else { return }
        let isListed = programs.contains {
            let listed = ByteString($0)
            return listed == program
                || !program.contains("/") && listed.bytes.reversed().starts(with: ("/" + program).bytes.reversed())
        }
        guard !isListed else { return }
        throw WireError(
            .invalidParameter, "the pool \"\(pool.name)\" runs only \(programs.joined(separator: ", "))",
            field: field("command", path))
    }
}
