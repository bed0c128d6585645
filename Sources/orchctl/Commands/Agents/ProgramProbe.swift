import Glibc
import OrchProtocol
import Platform
import Presentation
import Text

/// Finds the program of an agent, and asks it for its version: here, as the user who asks and with the pool's path, since the daemon runs
/// nothing but tasks.
struct ProgramProbe {
    let agent: AgentRecord
    let file: ByteString?
    private let version: Subprocess?

    /// Begins to ask.
    init(_ agent: AgentRecord) {
        self.agent = agent
        let path = agent.path.map { ByteString($0) } ?? Environment.own.searchPath
        let file = Self.find(agent.program, in: path)
        self.file = file
        version = agent.version.flatMap { words in
            guard let program = words.first, let found = program == agent.program ? file : Self.find(program, in: path) else {
                return nil
            }
            return try? Subprocess([found] + words.dropFirst().map { ByteString($0) }, path: path)
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
        return AgentTable.Finding(agent: agent, path: file?.lossy, version: text)
    }

    private static func find(_ program: String, in path: ByteString) -> ByteString? {
        ProgramSearch.candidates(for: ByteString(program), in: path).first(where: ProgramSearch.isProgram)
    }
}
