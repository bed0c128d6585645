import CLinux
import Glibc
import Platform
import Testing

@testable import Supervision
@testable import SupervisorLink

/// Attempts in git worktrees, with a real supervisor and a real git.
@Suite struct WorktreeTests {
    private let repository: ScratchRepository

    init() throws { repository = try ScratchRepository() }

    private func order(_ fixture: Fixture, _ script: String, path: String = "/usr/bin:/bin") -> LaunchOrder {
        fixture.shell(script) {
            $0.repository = repository.path
            $0.environment = repository.environment.filter { !$0.hasPrefix("PATH=") } + ["PATH=\(path)"]
            $0.descriptors = [1, 2]
        }
    }

    /// An executable `git` that is not git, and the directory that it is in.
    private func standIn(_ script: String) throws -> String {
        try repository.shell("mkdir ../bin; cat > ../bin/git <<'END'\n#!/bin/sh\n\(script)\nEND\nchmod +x ../bin/git")
        return repository.directory + "/bin"
    }

    @Test(arguments: LifeTests.modes) func eachAttemptHasABranchOfItsOwn(cgroups: Bool) throws {
        let fixture = try Fixture(cgroups: cgroups)
        let engine = try fixture.engine(slots: 4)
        let (output, error) = (try fixture.file("out"), try fixture.file("err"))
        let script = """
            test $PWD = $ORCH_WORKSPACE/tree || exit 9
            test -d $ORCH_RESULT_DIR || exit 8
            echo $ORCH_TASK > mine; git add mine; git commit -qm "of $$"; echo $$ $(git branch --show-current); exit 3
            """
        for _ in 0..<4 {
            try engine.send(.launch(order(fixture, script)), descriptors: [output.number, error.number])
        }
        for attempt in 1...UInt64(4) {
            let end = try engine.end(of: attempt)
            #expect(end.ending == .exited && end.code == 3, "\(end) \(readAll(error.number))")
            #expect(readAll(output.number).contains("\(end.start.pid) orchd/\(attempt)-1\n"))
            #expect(try repository.git("log", "--format=%s", "orchd/\(attempt)-1") == "of \(end.start.pid)\nfirst\n")
            #expect(access("\(fixture.directory)/work/p/\(attempt).1/tree/mine", F_OK) == 0)
        }
        #expect(readAll(error.number) == "")
        // Removed as any workspace; the branch stays.
        try engine.send(.discard(pool: "p", name: "1.1"))
        try eventually { access(fixture.directory + "/work/p/1.1", F_OK) != 0 }
        #expect(try repository.git("log", "--format=%s", "orchd/1-1").hasSuffix("first\n"))
    }

    @Test func whatGitRefusesIsAFailedStart() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let (output, error) = (try fixture.file("out"), try fixture.file("err"))
        let files = [output.number, error.number]
        var missing = order(fixture, "echo ran")
        missing.repository = "/no/such/repository"
        let end = try engine.run(missing, descriptors: files)
        #expect(end.ending == .spawnFailed && end.step == .workspace && end.code == 0)
        #expect(readAll(error.number) == "orchd-worktree: the repository /no/such/repository: No such file or directory\n")
        #expect(
            access(fixture.directory + "/work/p/1.1", F_OK) != 0 || access(fixture.directory + "/work/p/1.1/tree", F_OK) != 0)
        try repository.git("branch", "orchd/2-1")
        let again = try engine.run(order(fixture, "echo ran"), descriptors: files)
        #expect(again.ending == .spawnFailed && again.step == .workspace && again.code == 0)
        #expect(readAll(error.number).contains("'orchd/2-1' already exists"))
        // The program of the order is told apart from git.
        var unknown = order(fixture, "")
        unknown.arguments = ["no-such-program"]
        let program = try engine.run(unknown, descriptors: files)
        #expect(program.ending == .spawnFailed && program.step == .execute && program.code == ENOENT)
        #expect(try engine.run(order(fixture, "exit 126"), descriptors: files).ending == .exited)
        #expect(readAll(output.number) == "")
    }

    @Test(arguments: LifeTests.modes) func aStopEndsASlowGitAndAllThatItStarted(cgroups: Bool) throws {
        let fixture = try Fixture(cgroups: cgroups)
        let engine = try fixture.engine()
        let (output, error) = (try fixture.file("out"), try fixture.file("err"))
        let path = try standIn("sleep 1000 & echo $$ $! >&2; wait") + ":/usr/bin:/bin"
        try engine.send(.launch(order(fixture, "echo ran", path: path)), descriptors: [output.number, error.number])
        let start = try engine.start(of: 1)
        try eventually { readAll(error.number).hasSuffix("\n") }
        let children = readAll(error.number).split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
        #expect(children.count == 2)
        // It is no moment for a new version either, until this is over.
        fixture.send(SIGUSR2)
        try engine.send(.stop(attempt: 1, grace: 60_000))
        // The new version may close the connection before the end is told, and then tells it itself.
        let end = try (try? engine.end(of: 1)) ?? fixture.engine().end(of: 1)
        #expect(end.flags.contains(.stopped) && end.ending != .spawnFailed, "\(end)")
        for pid in children + [start.pid] { #expect(!isAlive(pid)) }
        #expect(readAll(output.number) == "")
    }

    @Test func thePolicySaysOfWhichRepository() throws {
        let policy = try Policy(parsing: "orchd-policy 1\npool p 1 1\npool q 1 1\nworktree p /srv/my repo\nworktree p /srv/b\n")
        let policyCheck = PolicyCheck(policy: policy, ownOOMScore: 0)
        func verdict(_ repository: String?, pool: String = "p") -> PolicyCheck.Verdict {
            policyCheck.check(
                LaunchOrder(attempt: 1, name: "1.1", pool: pool, arguments: ["/bin/true"], repository: repository))
        }
        let allowed = PolicyCheck.Verdict.allowed(
            Identity(user: 1, group: 1, supplementary: []), programs: ["/bin/true"])
        for repository in ["/srv/my repo", "/srv/b", nil] { #expect(verdict(repository) == allowed) }
        for repository in ["/srv/b/", "/srv", "/srv/../srv/b", "/srv/B"] {
            #expect(verdict(repository) == .refused(.repository), "\(repository)")
        }
        #expect(verdict("/srv/b", pool: "q") == .refused(.repository) && verdict(nil, pool: "q") == allowed)
        for line in ["worktree p srv", "worktree x /srv", "worktree p"] {
            #expect(throws: Policy.Invalid.self) { try Policy(parsing: "orchd-policy 1\npool p 1 1\n\(line)\n") }
        }
    }
}
