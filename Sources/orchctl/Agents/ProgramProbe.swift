import Glibc
import OrchProtocol
import Platform
import Presentation

/// Finds the program of an agent, and asks it for its version: here, as the user who asks and with the pool's path, since the daemon runs
/// nothing but tasks.
struct ProgramProbe {
    let agent: AgentRecord
    let file: String?
    private let version: Subprocess?

    /// Begins to ask.
    init(_ agent: AgentRecord) {
        self.agent = agent
        let path = agent.path ?? Environment.own.searchPath
        let file = Self.find(agent.program, in: path)
        self.file = file
        version = agent.version.flatMap { words in
            guard let program = words.first, let found = program == agent.program ? file : Self.find(program, in: path) else {
                return nil
            }
            return try? Subprocess([found] + words.dropFirst(), path: path)
        }
    }

    /// - Parameter deadline: a program that has not answered by then is ended.
    func finding(by deadline: ContinuousClock.Instant) -> AgentTable.Finding {
        let text = version.flatMap { version -> String? in
            let rest = max(.zero, deadline - .now)
            guard
                version.hasEnded(
                    within: Int32(
                        clamping: rest.components.seconds * 1000 + rest.components.attoseconds / 1_000_000_000_000_000))
            else {
                version.kill()
                return nil
            }
            let (status, output) = version.result()
            return status == 0 ? AgentTable.version(in: output) : nil
        }
        return AgentTable.Finding(agent: agent, path: file, version: text)
    }

    private static func find(_ program: String, in path: String) -> String? {
        if program.contains("/") { return isProgram(program) ? program : nil }
        return path.split(separator: ":").map { "\($0)/\(program)" }.first(where: isProgram)
    }

    private static func isProgram(_ file: String) -> Bool {
        var status = stat()
        return stat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(file, X_OK) == 0
    }
}
