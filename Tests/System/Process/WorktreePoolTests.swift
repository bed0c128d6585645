import Foundation
import OrchProtocol
import Testing

/// A pool whose attempts work in git worktrees, with a real git.
@Suite(.onThreads) struct WorktreePoolTests {
    private func daemon(_ directory: Directory) throws -> Daemon {
        let agent = "argv = [\"/bin/sh\", \"-c\", \"pwd; echo {workspace}; cat file\"]\nprompt = \"stdin\"\n"
        try directory.write(agent, to: "agents/script.toml")
        let repository = "workspace = \"git-worktree\"\nrepository = \"\(directory.path)/repository\"\n"
        return try Daemon(pool: "slots = 24\nagent = \"script\"\n\(repository)", directory: directory)
    }

    @Test func attemptsAtOnceHaveTreesAndBranchesOfTheirOwn() throws {
        let directory = try Directory()
        let daemon = try daemon(directory)
        // A task that names its directory gets that.
        let git = "git -c user.name=T -c user.email=t@localhost"
        let maker = try daemon.shell(
            """
            mkdir repository && cd repository && git init --quiet --initial-branch=main && echo first > file
            \(git) add file && \(git) commit --quiet --message=first
            """
        ) { $0.cwd = directory.path }
        #expect(try daemon.end(of: maker).state == .succeeded)
        let ids = try daemon.submit(
            (0..<48).map { _ in
                TaskSpec(command: [
                    "/bin/sh", "-c", "test \"$PWD\" = \"$ORCH_WORKSPACE/tree\" && cat file && git branch --show-current",
                ])
            })
        for task in try daemon.wait(ids) {
            let output = try daemon.orchctl("logs", "\(task.id)").output
            let branch = try branch(of: task.id, in: daemon)
            #expect(task.state == .succeeded && output == "first\n\(branch)\n", "\(task) \(output)")
        }
        // Also where orchctl would otherwise have it work in its own directory.
        let own = try daemon.orchctl("run", "--", "/bin/sh", "-c", "git branch --show-current")
        #expect(own.status == 0 && own.output.hasPrefix("orchd-") && own.output.hasSuffix("-1\n"), "\(own)")
        let prompt = try daemon.submit([TaskSpec(prompt: "p")])[0]
        let lines = try daemon.orchctl("result", "\(try daemon.end(of: prompt).id)").output.split(separator: "\n")
        #expect(lines.count == 3 && lines[0] == lines[1] && lines[0].hasSuffix("/tree"), "\(lines)")
        try daemon.finish()
    }

    private func branch(of task: Int64, in daemon: Daemon) throws -> String {
        try #require(try daemon.task(task).attempts.last?.branch)
    }

    /// Another queue, a queue that begins anew, and what else may be called `orchd` in a repository do not take each other's names.
    @Test func queuesShareARepository() throws {
        let directory = try Directory()
        var branches: Set<String> = []
        var daemon: Daemon?
        for round in 0..<3 {
            let state = directory.file("state-\(round)")
            let repository = "workspace = \"git-worktree\"\nrepository = \"\(directory.path)/repository\"\n"
            let next = try Daemon(pool: "slots = 2\n\(repository)", directory: directory, stateDirectory: state)
            daemon = next
            if round == 0 {
                let git = "git -c user.name=T -c user.email=t@localhost"
                let maker = try next.shell(
                    """
                    mkdir repository && cd repository && git init --quiet --initial-branch=main && echo first > file
                    \(git) add file && \(git) commit --quiet --message=first && git branch orchd && git tag orchd-1
                    """)
                #expect(try next.end(of: maker).state == .succeeded)
            }
            for _ in 0..<2 {
                let id = try next.submit("/bin/sh", "-c", "git branch --show-current; echo $ORCH_BRANCH")
                #expect(try next.end(of: id).state == .succeeded)
                let name = try branch(of: id, in: next)
                #expect(try next.orchctl("logs", String(id)).output == "\(name)\n\(name)\n")
                #expect(try next.orchctl("show", String(id)).output.contains(name))
                #expect(branches.insert(name).inserted && name.hasSuffix("-\(id)-1"))
            }
            try next.finish()
        }
        _ = daemon
    }

    @Test func whatGitSaysIsTheReason() throws {
        let directory = try Directory()
        let daemon = try daemon(directory)
        let task = try daemon.end(of: daemon.submit("/bin/true"))
        #expect(task.state == .failed && task.attempts.last?.outcome?.kind == .spawnFailed)
        #expect(
            task.reason?.hasSuffix("the repository \(directory.path)/repository: No such file or directory") ?? false, "\(task)"
        )
        try daemon.finish()
    }
}
