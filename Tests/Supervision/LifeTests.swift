import CLinux
import Glibc
import Platform
import SupervisorLink
import Testing

@testable import Supervision

/// The life of attempts with a real supervisor, with and without cgroups.
@Suite struct LifeTests {
    static let modes = Fixture.hasCgroups ? [false, true] : [false]

    @Test(arguments: modes) func exitStatusAndSignalAreReported(cgroups: Bool) throws {
        let fixture = try Fixture(cgroups: cgroups)
        let engine = try fixture.engine()
        #expect(engine.welcome?.cgroups == cgroups)
        let seven = try engine.run(fixture.shell("exit 7"))
        #expect(seven.ending == .exited && seven.code == 7 && seven.start.slot == 1 && seven.start.pid > 0)
        #expect(seven.endedMonotonic >= seven.start.startedMonotonic)
        let killed = try engine.run(fixture.shell("kill -9 $$"))
        #expect(killed.ending == .signalled && killed.code == SIGKILL)
        #expect(try engine.run(fixture.order("true")).code == 0)
    }

    @Test func theEnvironmentTellsThePlace() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let output = try fixture.file("out")
        let order = fixture.shell("echo $ORCH_WORKER $ORCH_WORKSPACE $ORCH_RESULT_FILE $ORCH_RESULT_DIR; pwd") {
            $0.descriptors = [1]
            $0.environment += ["ORCH_WORKER=forged"]
        }
        #expect(try engine.run(order, descriptors: [output.number]).code == 0)
        let place = "\(fixture.directory)/work/p/1.1"
        #expect(readAll(output.number) == "p/1 \(place) \(place)/.orch-result \(place)/.orch-results\n\(place)\n")
        // Empty, it is the next one's; and removed in the end.
        let second = fixture.shell("pwd; ls -A; stat -c %a . $ORCH_RESULT_DIR; ls -A $ORCH_RESULT_DIR") { $0.descriptors = [1] }
        ftruncate(output.number, 0)
        lseek(output.number, 0, SEEK_SET)
        #expect(try engine.run(second, descriptors: [output.number]).code == 0)
        let next = "\(fixture.directory)/work/p/2.1"
        #expect(readAll(output.number) == "\(next)\n.orch-results\n700\n700\n")
        #expect(access(place, F_OK) != 0)
        try fixture.end(SIGTERM)
        #expect(access(next, F_OK) != 0)
    }

    /// As a log-in would have it: here, where there is no policy, as the supervisor itself.
    @Test func aTaskFindsItsHome() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let output = try fixture.file("out")
        let script = fixture.shell("echo $HOME") { $0.descriptors = [1] }
        #expect(try engine.run(script, descriptors: [output.number]).code == 0)
        let other = fixture.shell("echo $HOME") {
            $0.descriptors = [1]
            $0.environment.append("HOME=/elsewhere")
        }
        #expect(try engine.run(other, descriptors: [output.number]).code == 0)
        #expect(readAll(output.number) == "/home/own\n/elsewhere\n")
    }

    @Test func aWorkspaceThatWasTouchedIsNotGivenToTheNext() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let output = try fixture.file("out")
        let many = "for i in $(seq 500); do : > $i; done; rm *"
        let scripts = [
            "chmod 755 .", "touch file", "mkdir .hidden; chmod 0 .hidden", many, "chmod 755 .orch-results",
            "rmdir .orch-results",
            "touch .orch-results/file", "cd .orch-results; \(many)", "rmdir .orch-results; ln -s /tmp .orch-results",
        ]
        for script in scripts {
            #expect(try engine.run(fixture.shell(script)).code == 0)
            let order = fixture.shell("ls -A . .orch-results; stat -c %a-%h . .orch-results") { $0.descriptors = [1] }
            #expect(try engine.run(order, descriptors: [output.number]).code == 0)
        }
        let fresh = ".:\n.orch-results\n\n.orch-results:\n700-3\n700-2\n"
        #expect(readAll(output.number) == String(repeating: fresh, count: scripts.count))
    }

    @Test func workersStartWithCleanSignals() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let output = try fixture.file("out")
        let order = fixture.order("grep", "Sig", "/proc/self/status") { $0.descriptors = [1] }
        #expect(try engine.run(order, descriptors: [output.number]).code == 0)
        for line in ["SigPnd", "SigBlk", "SigIgn"] {
            #expect(readAll(output.number).contains("\(line):\t0000000000000000\n"))
        }
    }

    @Test func resultFilesComeBeforeTheEndAndAgain() throws {
        let fixture = try Fixture()
        var engine = try fixture.engine()
        engine.acknowledges = false
        let order = fixture.shell("echo answer > $ORCH_RESULT_FILE")
        #expect(try engine.run(order).code == 0)
        #expect(engine.results[1] == "answer\n")
        engine = try fixture.engine()
        #expect(engine.results[1] == "answer\n" && engine.ended[1] != nil)
        // The workspace stays until the engine says otherwise.
        try engine.send(.discard(pool: "p", name: "1.1"))
        let path = "\(fixture.directory)/work/p/1.1"
        try eventually { access(path, F_OK) != 0 }
    }

    /// What forgotten tasks left goes; what is above the numbers, runs, is kept for others, or is no workspace, stays.
    @Test func whatForgottenTasksHaveLeftIsSwept() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        #expect(try engine.run(fixture.shell("touch a")).code == 0)
        let running = fixture.shell("sleep 1000")
        try engine.send(.slots(pool: "p", count: 2), .launch(running))
        let kept = fixture.order("true")
        #expect(try engine.run(kept).code == 0)
        let pool = "\(fixture.directory)/work/p"
        for name in ["4.1", "9.2", "w4", "w9", "w-1", "x.1", "4x.1"] { mkdir("\(pool)/\(name)", 0o700) }
        symlink("/tmp", "\(pool)/1.7")
        try engine.send(.sweep(pool: "p", tasksBelow: 9, workersBelow: 9))
        try engine.send(.sweep(pool: "nowhere", tasksBelow: .max, workersBelow: .max))
        let stays = [running.name, kept.name, "9.2", "w9", "w-1", "x.1", "4x.1", "1.7"]
        try eventually { ["1.1", "4.1", "w4"].allSatisfy { access("\(pool)/\($0)", F_OK) != 0 } }
        for name in stays { #expect(access("\(pool)/\(name)", F_OK) == 0, "\(name)") }
    }

    @Test func onlyWhatIsThereIsToBeRemoved() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        #expect(try engine.run(fixture.order("true")).code == 0)
        #expect(try engine.run(fixture.shell("echo a > b")).code == 0)
        let workspaces = try Workspaces("\(fixture.directory)/work")
        #expect(!workspaces.exists(folder: "p", name: "1.1") && workspaces.exists(folder: "p", name: "2.1"))
        #expect(!workspaces.exists(folder: "nowhere", name: "1.1"))
        // What cannot be looked at may be there.
        #expect(workspaces.exists(folder: "p", name: String(repeating: "n", count: 300)))
    }

    @Test func descriptorsGetTheirNumbers() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let (first, second) = (try fixture.file("a"), try fixture.file("b"))
        let order = fixture.shell("echo one >&5; echo two >&1; ls /proc/self/fd | tr '\\n' ' ' >&5") {
            $0.descriptors = [5, 1]
        }
        #expect(try engine.run(order, descriptors: [first.number, second.number]).code == 0)
        #expect(readAll(second.number) == "two\n")
        #expect(readAll(first.number).hasPrefix("one\n0 1 2 3 5 "))
    }

    @Test func ordersRunFirstInFirstOutInTheirSlots() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine(slots: 2)
        let output = try fixture.file("out")
        for _ in 0..<20 {
            let order = fixture.shell("echo $ORCH_WORKER") { $0.descriptors = [1] }
            try engine.send(.launch(order), descriptors: [output.number])
        }
        try engine.wait("20 ends") { engine.ended.count == 20 }
        #expect(Set(readAll(output.number).split(separator: "\n")).isSubset(of: ["p/1", "p/2"]))
        let starts = (1...20).compactMap { engine.ended[$0]?.start.startedMonotonic }
        #expect(starts == starts.sorted())
    }

    @Test func noSlotsNoStartAndRevokeDecides() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine(slots: 0)
        try engine.send(.launch(fixture.order("true")), .launch(fixture.order("true")), .revoke(attempt: 1))
        try engine.wait("answer") { engine.revoked[1] != nil }
        #expect(engine.revoked[1] == true && engine.started.isEmpty)
        try engine.send(.stop(attempt: 2, grace: 0))
        try engine.wait("answer") { engine.revoked[2] != nil }
        try engine.send(.slots(pool: "p", count: 1), .launch(fixture.order("sleep", "100")))
        _ = try engine.start(of: 3)
        try engine.send(.revoke(attempt: 3))
        try engine.wait("answer") { engine.revoked[3] != nil }
        #expect(engine.revoked == [1: true, 2: true, 3: false])
        #expect(engine.ended.isEmpty)
    }

    @Test(arguments: modes) func manyShortAttemptsAreReportedOnce(cgroups: Bool) throws {
        let fixture = try Fixture(cgroups: cgroups)
        let engine = try fixture.engine(slots: 4)
        try engine.send(.gather(milliseconds: 5))
        #expect(try engine.run(fixture.order("true")).code == 0)
        let before = fixture.openDescriptors
        let count = 1000
        let output = try fixture.file("out")
        for _ in 0..<count {
            let order = fixture.order("true") { $0.descriptors = [1, 2] }
            try engine.send(.launch(order), descriptors: [output.number, output.number])
        }
        try engine.wait("all ends") { engine.ended.count == count + 1 }
        #expect(engine.endCount.values.allSatisfy { $0 == 1 })
        #expect(engine.ended.values.allSatisfy { $0.ending == .exited && $0.code == 0 })
        #expect(fixture.openDescriptors == before)
    }

    @Test func aMessageInMemoryIsTakenWithItsDescriptors() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let output = try fixture.file("out")
        let order = fixture.order("/bin/sh", "-c", "echo ${#1}", "x", String(repeating: "y", count: 100_000)) {
            $0.descriptors = [1]
        }
        let body = EngineMessage.launch(order).encoded()
        let memory = try Descriptor(linux_sealed_memfd("order", body, body.count), "memfd")
        try engine.sendBytes(inMemoryPacket, descriptors: [memory.number, output.number])
        #expect(try engine.end(of: order.attempt).code == 0)
        #expect(readAll(output.number) == "100000\n")
    }

    @Test func repeatedOrdersAreHarmless() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let order = fixture.order("true")
        _ = try engine.run(order)
        try engine.send(.launch(order), .launch(order), .launch(fixture.order("true")))
        _ = try engine.end(of: 2)
        #expect(engine.endCount == [1: 1, 2: 1])
    }
}

/// Looks again until it is so. For what the supervisor does without telling.
func eventually(_ what: String = "it", _ condition: () -> Bool) throws {
    for _ in 0..<3000 {
        if condition() { return }
        usleep(10_000)
    }
    throw TestFailure("\(what) never came true")
}
