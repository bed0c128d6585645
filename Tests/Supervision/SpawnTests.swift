import CLinux
import Glibc
import Platform
import SupervisorLink
import Testing

@testable import Supervision

/// Starting processes, and each way in which it can fail.
@Suite struct SpawnTests {
    private func plan(_ arguments: String..., configure: (inout SpawnPlan) -> Void = { _ in }) -> SpawnPlan {
        var plan = SpawnPlan(
            candidates: ProgramSearch.candidates(for: ByteString(arguments[0]), environment: []),
            arguments: arguments.map { ByteString($0) }, environment: [])
        // Test threads come and go.
        plan.diesWithParent = false
        configure(&plan)
        return plan
    }

    private func failure(_ plan: SpawnPlan) -> SpawnFailure? {
        do throws(SpawnFailure) {
            let process = try spawn(plan)
            var ended = linux_exit()
            _ = linux_wait_pidfd(process.pidfd.number, true, &ended)
            return nil
        } catch { return error }
    }

    private func output(_ plan: SpawnPlan) throws -> String {
        var plan = plan
        let memory = try temporaryFile()
        plan.descriptors.append(spawn_descriptor(from: memory.number, to: 1))
        let process = try spawn(plan)
        var ended = linux_exit()
        #expect(linux_wait_pidfd(process.pidfd.number, true, &ended) == 1)
        #expect(!ended.signalled && ended.code == 0)
        return readAll(memory.number)
    }

    @Test func theStepsHaveTheNumbersOfTheHeader() {
        let pairs: [(EndReport.Step, spawn_step)] = [
            (.none, SPAWN_NONE), (.clone, SPAWN_CLONE), (.cgroup, SPAWN_CGROUP), (.session, SPAWN_SESSION),
            (.mask, SPAWN_MASK), (.limits, SPAWN_LIMITS), (.priority, SPAWN_PRIORITY), (.oomScore, SPAWN_OOM_SCORE),
            (.privileges, SPAWN_PRIVILEGES), (.groups, SPAWN_GROUPS), (.group, SPAWN_GROUP), (.user, SPAWN_USER),
            (.workspace, SPAWN_WORKSPACE), (.directory, SPAWN_DIRECTORY), (.descriptors, SPAWN_DESCRIPTORS),
            (.deathSignal, SPAWN_DEATH_SIGNAL), (.execute, SPAWN_EXECUTE), (.resources, SPAWN_RESOURCES),
            (.confine, SPAWN_CONFINE),
        ]
        for (step, number) in pairs { #expect(UInt32(step.rawValue) == number.rawValue) }
        #expect(EndReport.Step(rawValue: UInt8(SPAWN_CONFINE.rawValue) + 1) == nil)
    }

    @Test(arguments: [false, true]) func failuresNameTheirStep(avoidsClone3: Bool) {
        func failure(_ arguments: String..., configure: (inout SpawnPlan) -> Void = { _ in }) -> SpawnFailure? {
            var made = plan(arguments[0])
            made.arguments = arguments.map { ByteString($0) }
            made.avoidsClone3 = avoidsClone3
            configure(&made)
            return self.failure(made)
        }
        #expect(failure("no-such-program") == SpawnFailure(step: .execute, code: ENOENT))
        #expect(failure("/etc") == SpawnFailure(step: .execute, code: EACCES))
        #expect(failure("/etc/passwd") == SpawnFailure(step: .execute, code: EACCES))
        #expect(failure("true") { $0.directory = "/no/such" } == SpawnFailure(step: .directory, code: ENOENT))
        #expect(failure("true") { $0.workspace = ["/tmp"] } == SpawnFailure(step: .workspace, code: EEXIST))
        #expect(
            failure("true", String(repeating: "x", count: 200_000)) == SpawnFailure(step: .execute, code: E2BIG))
        #expect(
            failure("true") { $0.descriptors = [spawn_descriptor(from: 999_999, to: 1)] }
                == SpawnFailure(step: .descriptors, code: EBADF))
        #expect(
            failure("true") { $0.limits = [spawn_limit(resource: 7, soft: 2, hard: 1)] }
                == SpawnFailure(step: .limits, code: EINVAL))
        #expect(failure("true") { $0.oomScore = 5000 } == SpawnFailure(step: .oomScore, code: EINVAL))
        #expect(failure("true") == nil)
    }

    @Test func aMissingInterpreterIsNotAMissingProgram() throws {
        for (line, code) in [("#!/no/such/interpreter\n", ELIBACC), ("no magic\n", ENOEXEC)] {
            var template = Array("/tmp/orchd-script-XXXXXX".utf8CString)
            let number = mkstemp(&template)
            let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            defer { unlink(path) }
            write(number, line, line.utf8.count)
            fchmod(number, 0o755)
            close(number)
            // A child of another test may still have it open for writing, until its own program is executed.
            var found = failure(plan(path))
            while found?.code == ETXTBSY { found = failure(plan(path)) }
            #expect(found == SpawnFailure(step: .execute, code: code))
        }
    }

    @Test func theSignalMaskIsEmpty() throws {
        let status = try output(plan("cat", "/proc/self/status"))
        for line in ["SigBlk:\t0000000000000000", "NoNewPrivs:\t1"] {
            #expect(status.contains(line))
        }
    }

    @Test func crossedDescriptorsArriveUncrossed() throws {
        // Numbers that are targets of one another, in a child of a process in which they are in use.
        let files = try (0..<4).map { _ in try temporaryFile() }
        for (index, file) in files.enumerated() { write(file.number, "\(index)", 1) }
        for file in files { lseek(file.number, 0, SEEK_SET) }
        let numbers = files.map(\.number)
        guard numbers.allSatisfy({ $0 <= 63 }) else { return }
        let crossed = Array(numbers.dropFirst()) + [numbers[0]]
        let script = crossed.map { "cat /proc/self/fd/\($0); " }.joined() + "ls /proc/self/fd | wc -l"
        let text = try output(
            plan("sh", "-c", script) { plan in
                plan.environment = ["PATH=/usr/bin:/bin"]
                plan.descriptors = zip(numbers, crossed).map { spawn_descriptor(from: $0, to: $1) }
            })
        // The four, the standard three, and the one of ls itself.
        #expect(text == "01238\n")
    }

    @Test(.enabled(if: geteuid() == 0)) func anotherUserLosesAllGroups() throws {
        let status = try output(
            plan("cat", "/proc/self/status") {
                $0.identity = Identity(user: 65534, group: 65533, supplementary: [65532])
            })
        #expect(status.contains("Uid:\t65534\t65534\t65534\t65534"))
        #expect(status.contains("Gid:\t65533\t65533\t65533\t65533"))
        #expect(status.contains("Groups:\t65532 \n"))
        #expect(status.contains("CapEff:\t0000000000000000"))
    }

    @Test(.enabled(if: Fixture.hasCgroups), arguments: [false, true]) func aCgroupIsEntered(avoidsClone3: Bool) throws {
        let root = try Descriptor(opening: "/sys/fs/cgroup/unified", O_RDONLY | O_DIRECTORY)
        let cgroup = try Cgroup(in: root, name: "orchd-test-spawn-\(getpid())-\(avoidsClone3)")
        defer { cgroup.remove() }
        let text = try output(
            plan("cat", "/proc/self/cgroup") {
                $0.cgroup = cgroup.directory
                $0.avoidsClone3 = avoidsClone3
            })
        #expect(text.contains("0::/\(cgroup.name)\n"))
    }
}
