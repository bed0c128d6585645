import CLinux
import Glibc
import Platform
import SupervisorLink
import Testing

@testable import Supervision

/// `orchd-worktree` by itself, with a real git.
@Suite struct WorktreeProgramTests {
    private struct Outcome {
        var ended = linux_exit()
        var output = ""
        var error = ""
        /// The step that failed, and its errno.
        var report: [Int32] = []
    }

    private let repository: ScratchRepository

    init() throws { repository = try ScratchRepository() }

    /// - Parameters:
    ///   - name: of the attempt.
    ///   - program: its path.
    private func run(
        _ script: String, name: String = "1.1", pool: String = "p", in place: String? = nil, program: String = "/bin/sh",
        environment: [ByteString] = []
    ) throws -> Outcome {
        let workspace = "\(repository.directory)/\(pool)/\(name)"
        mkdir("\(repository.directory)/\(pool)", 0o700)
        mkdir(workspace, 0o700)
        let (output, error) = (try temporaryFile(), try temporaryFile())
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TestFailure("pipe") }
        defer { close(ends[0]) }
        var plan = SpawnPlan(
            candidates: [ByteString(try Self.program())],
            arguments: [
                "orchd-worktree", "5", place ?? repository.path, "orchd/\(name)", "\(workspace)/tree", "/no/such/program",
                program,
                "--", "sh", "-c", script,
            ].map { ByteString($0) }, environment: environment + repository.environment, directory: ByteString(workspace))
        plan.diesWithParent = false
        plan.descriptors = [
            spawn_descriptor(from: output.number, to: 1), spawn_descriptor(from: error.number, to: 2),
            spawn_descriptor(from: ends[1], to: 5),
        ]
        defer { if ends[1] >= 0 { close(ends[1]) } }
        let process = try spawn(plan)
        close(ends[1])
        ends[1] = -1
        var outcome = Outcome()
        guard linux_wait_pidfd(process.pidfd.number, true, &outcome.ended) == 1 else { throw TestFailure("wait") }
        outcome.output = readAll(output.number)
        outcome.error = readAll(error.number)
        var report: [Int32] = [0, 0]
        switch read(ends[0], &report, 8) {
        case 0: break
        case 8: outcome.report = report
        default: throw TestFailure("half a report")
        }
        return outcome
    }

    /// Beside the tests.
    private static func program() throws -> String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        let text = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = text.lastIndex(of: "/") else { throw TestFailure("no place of our own") }
        return String(text[...slash]) + "orchd-worktree"
    }

    @Test func theProgramRunsInATreeOnABranchOfItsOwn() throws {
        let outcome = try run(
            "pwd; git branch --show-current; cat file; echo new > new; git add new; git commit -qm second; ls /proc/self/fd | wc -l"
        )
        // The standard three, and the one of ls itself.
        #expect(outcome.output == "\(repository.directory)/p/1.1/tree\norchd/1.1\nfirst\n4\n")
        #expect(!outcome.ended.signalled && outcome.ended.code == 0 && outcome.error == "" && outcome.report == [])
        #expect(try repository.git("log", "--format=%s", "orchd/1.1") == "second\nfirst\n")
        #expect(try repository.git("log", "--format=%s", "main") == "first\n")
        #expect(try repository.git("status", "--porcelain") == "")
        let second = try run("git branch --show-current; ls; exit 7", name: "2.1")
        #expect(second.output == "orchd/2.1\nfile\n" && second.ended.code == 7 && second.report == [])
    }

    @Test func variablesOfGitAreForTheProgramOnly() throws {
        let outcome = try run(
            "echo $GIT_DIR $GIT_TRACE", environment: ["GIT_DIR=/no/such", "GIT_TRACE=1", "GIT_INDEX_FILE=/x"])
        #expect(outcome.output == "/no/such 1\n" && outcome.error == "" && outcome.report == [])
        #expect(try repository.git("branch", "--list", "orchd/1.1") == "+ orchd/1.1\n")
    }

    @Test func hooksDoNotRun() throws {
        try repository.shell("printf '#!/bin/sh\\ntouch %s/ran\\n' \(repository.directory) > .git/hooks/post-checkout")
        try repository.shell("chmod +x .git/hooks/post-checkout")
        #expect(try run("true").ended.code == 0)
        #expect(access(repository.directory + "/ran", F_OK) != 0)
        try repository.git("checkout", "--quiet", "-b", "other")
        #expect(access(repository.directory + "/ran", F_OK) == 0)
    }

    /// A task can write the settings of its repository.
    @Test func aMonitorOfFilesDoesNotRun() throws {
        try repository.git("config", "core.fsmonitor", "touch \(repository.directory)/ran; false")
        #expect(try run("true").ended.code == 0)
        #expect(access(repository.directory + "/ran", F_OK) != 0)
        try repository.git("status")
        #expect(access(repository.directory + "/ran", F_OK) == 0)
    }

    @Test func whatFailsIsTold() throws {
        let workspace = [Int32(SPAWN_WORKSPACE.rawValue), 0]
        let missing = try run("true", in: repository.directory + "/missing")
        #expect(missing.report == workspace && missing.error.hasSuffix("/missing: No such file or directory\n"), "\(missing)")
        // What lies in a repository is none.
        try repository.shell("mkdir inner")
        let inner = try run("true", in: repository.path + "/inner")
        #expect(inner.report == workspace && inner.error.hasPrefix("fatal: not a git repository"), "\(inner)")
        #expect(!inner.error.dropLast().contains("\nfatal"), "\(inner)")
        try repository.git("branch", "orchd/1.1")
        let again = try run("true")
        #expect(again.report == workspace && again.error.contains("'orchd/1.1' already exists"), "\(again)")
        let without = try run("true", name: "2.1", environment: ["PATH=/no/such"])
        #expect(without.report == workspace && without.error.contains("cannot run git: No such file"), "\(without)")
        let program = try run("true", name: "3.1", program: "/etc")
        #expect(program.report == [Int32(SPAWN_EXECUTE.rawValue), EACCES], "\(program)")
        for outcome in [missing, inner, again, without, program] { #expect(outcome.ended.code == 126 && outcome.output == "") }
    }

    @Test func onlyTreesOfThePoolThatAreGoneAreForgotten() throws {
        func trees() throws -> [String] {
            try repository.git("worktree", "list", "--porcelain").split(separator: "\n").filter { $0.hasPrefix("worktree ") }
                .map { String($0.dropFirst("worktree \(repository.directory)/".count)) }
        }
        for (name, pool) in [("1.1", "p"), ("2.1", "p"), ("3.1", "p"), ("4.1", "q")] {
            #expect(try run("true", name: name, pool: pool).report == [])
        }
        try repository.git("worktree", "lock", "\(repository.directory)/p/2.1/tree")
        // As one that cannot be seen from here looks, too.
        try repository.shell("mv ../q ../hidden; rm -rf ../p/1.1 ../p/2.1")
        let outcome = try run("true", name: "5.1")
        #expect(outcome.report == [] && outcome.error == "", "\(outcome)")
        #expect(try trees().sorted() == ["p/2.1/tree", "p/3.1/tree", "p/5.1/tree", "q/4.1/tree", "repository"])
        #expect(try repository.git("branch", "--list", "orchd/1.1") == "  orchd/1.1\n")
    }
}
