import CLinux
import Glibc
import Platform
import Text

@testable import Supervision

/// A git repository with one commit, in a directory of its own that goes with the test.
final class ScratchRepository {
    let directory: String
    var path: String { directory + "/repository" }

    init() throws {
        var template = Array("/tmp/orchd-git-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw TestFailure("mkdtemp") }
        directory = String(cString: made)
        guard mkdir(path, 0o700) == 0 else { throw TestFailure("mkdir") }
        try git("init", "--quiet", "--initial-branch=main")
        try git("config", "user.name", "Test")
        try git("config", "user.email", "test@localhost")
        try shell("echo first > file")
        try git("add", "file")
        try git("commit", "--quiet", "--message=first")
    }

    deinit { _ = try? run(["/bin/rm", "-rf", directory], in: "/") }

    /// What it prints.
    @discardableResult
    func git(_ arguments: String...) throws -> String { try run(["git"] + arguments, in: path) }

    @discardableResult
    func shell(_ script: String) throws -> String { try run(["sh", "-c", script], in: path) }

    /// Of git itself and of programs that run it: nothing of the machine's configuration has a say.
    var environment: [ByteString] { ["PATH=/usr/bin:/bin", "HOME=\(directory)", "GIT_CONFIG_NOSYSTEM=1"] }

    private func run(_ arguments: [String], in place: String) throws -> String {
        var plan = SpawnPlan(
            candidates: ProgramSearch.candidates(for: ByteString(arguments[0]), environment: environment),
            arguments: arguments.map { ByteString($0) }, environment: environment, directory: ByteString(place))
        plan.diesWithParent = false
        let output = try temporaryFile()
        plan.descriptors = [spawn_descriptor(from: output.number, to: 1), spawn_descriptor(from: 2, to: 2)]
        let process = try spawn(plan)
        var ended = linux_exit()
        _ = linux_wait_pidfd(process.pidfd.number, true, &ended)
        guard !ended.signalled, ended.code == 0 else { throw TestFailure("\(arguments) failed") }
        return readAll(output.number)
    }
}
