import CLinux
import Glibc
import Platform
import SupervisorLink
import Testing

@testable import Supervision

/// The files that attempts leave in their result directories, with a real supervisor.
@Suite struct ResultDirectoryTests {
    private func left(_ reason: ResultFiles.Reason, _ names: String...) -> ResultFiles.Left {
        ResultFiles.Left(reason, count: UInt32(names.count), names: names)
    }

    @Test func filesComeBeforeTheEndAndAgainUntilItIsAcknowledged() throws {
        let fixture = try Fixture()
        var engine = try fixture.engine()
        engine.acknowledges = false
        let order = fixture.shell(
            "cd $ORCH_RESULT_DIR; echo one > 'a b'; echo two > \u{E4}.txt; : > empty; echo r > $ORCH_RESULT_FILE")
        try engine.send(.launch(order))
        try engine.wait("the files") { engine.files[1]?.count == 3 }
        #expect(engine.ended[1] == nil && engine.results[1] == "r\n")
        #expect(engine.files[1] == ["a b": "one\n", "\u{E4}.txt": "two\n", "empty": ""])
        #expect(try engine.end(of: 1).code == 0)
        #expect(engine.left[1]?.isEmpty ?? true)
        // Killed in between, executed again, and with another engine: they are still there.
        for round in 0..<3 {
            switch round {
            case 0: break
            case 1:
                fixture.send(SIGUSR2)
                try engine.waitForClose()
            default:
                try fixture.end(SIGKILL)
                try fixture.start()
            }
            engine = try TestEngine(connecting: fixture.link)
            engine.acknowledges = round == 2
            try engine.greet()
            #expect(engine.files[1]?.count == 3 && engine.results[1] == "r\n" && engine.ended[1]?.code == 0, "round \(round)")
        }
        let next = try fixture.engine()
        #expect(next.files.isEmpty && next.ended.isEmpty)
    }

    @Test func onlyFilesOfTheUserComeAndTheOthersAreNamed() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let long = String(repeating: "l", count: 255)
        let script = """
            cd $ORCH_RESULT_DIR; ln -s /etc/shadow shadow; ln -s good link; mkfifo fifo; mkdir sub; echo x > sub/inner; echo g > good
            echo l > \(long); echo n > "$(printf 'new\\nline')"; echo u > "$(printf 'bad\\377')"; echo o > .orch-left; echo h > .hidden
            python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")' 2> /dev/null || mkfifo socket
            """
        #expect(try engine.run(fixture.shell(script)).code == 0)
        #expect(engine.files[1] == ["good": "g\n", long: "l\n", ".hidden": "h\n"])
        let expected = [
            left(.directory, "sub"), left(.special, "fifo", "link", "shadow", "socket"),
            left(.name, ".orch-left", "bad\u{FFFD}", "new\nline"),
        ]
        #expect(engine.left[1] == expected)
    }

    @Test(.enabled(if: geteuid() == 0)) func whatIsAnothersDoesNotCome() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        // Root's own pool, so that it can make them: a link to another's file, one given away, a device.
        let other = try fixture.file("other")
        fchown(other.number, 65534, 65534)
        let script = """
            cd $ORCH_RESULT_DIR; ln \(fixture.directory)/other linked; echo x > given; chown 65534 given; mknod null c 1 3
            echo own > own; ln own again
            """
        #expect(try engine.run(fixture.shell(script)).code == 0)
        #expect(engine.files[1] == ["own": "own\n", "again": "own\n"])
        #expect(engine.left[1] == [left(.special, "null"), left(.owner, "given", "linked")])
    }

    @Test func theFirst64Come() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        #expect(try engine.run(fixture.order("true")).code == 0)
        let before = fixture.openDescriptors
        #expect(
            try engine.run(fixture.shell("cd $ORCH_RESULT_DIR; for i in $(seq 1001 2000); do echo $i > $i; done")).code == 0)
        #expect(engine.files[2]?.keys.sorted() == (1001...1064).map(String.init))
        #expect(engine.files[2]?.allSatisfy { $0.value == $0.key + "\n" } == true)
        #expect(engine.left[2] == [.init(.tooMany, count: 936, names: (1065...1072).map(String.init))])
        #expect(fixture.openDescriptors == before)
    }

    /// More than a turn sends, to an engine that takes nothing for a while: each comes once on a connection.
    @Test func manyAttemptsWithManyFilesComeWhole() throws {
        let fixture = try Fixture()
        var engine = try fixture.engine(slots: 4)
        engine.acknowledges = false
        let count = 24
        let script = "cd $ORCH_RESULT_DIR; for i in $(seq 101 140); do echo $i > $i; done; mkdir sub"
        for _ in 0..<count { try engine.send(.launch(fixture.shell(script))) }
        try engine.wait("all ends") { engine.ended.count == count }
        engine = try TestEngine(connecting: fixture.link)
        try engine.send(.hello(version: LinkProtocol.version, oldest: LinkProtocol.oldestVersion))
        try engine.wait("inventory") { engine.hasInventory }
        for attempt in 1...UInt64(count) {
            #expect(engine.files[attempt]?.count == 40 && engine.left[attempt] == [left(.directory, "sub")], "\(attempt)")
        }
    }

    /// A program that wants nothing of it finds it anyway, and leaves no trace.
    @Test(.enabled(if: geteuid() == 0)) func emptyWorkspacesOfOtherUsersAreRemoved() throws {
        var template = Array("/tmp/orchd-policy-XXXXXX".utf8CString)
        close(mkstemp(&template))
        let policy = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try SmallFile.write("orchd-policy 1\npool p 65534 65534\n", to: policy)
        defer { unlink(policy) }
        let fixture = try Fixture(options: ["--policy", policy])
        let engine = try fixture.engine(slots: 40)
        let output = try fixture.file("out")
        // More at once than are kept.
        let gate = try fixture.file("gate")
        for _ in 0..<40 {
            let script = "stat -c %u-%a $ORCH_RESULT_DIR; until [ -s /dev/fd/3 ]; do sleep 0.01; done"
            let order = fixture.shell(script) { $0.descriptors = [1, 3] }
            try engine.send(.launch(order), descriptors: [output.number, gate.number])
        }
        try engine.wait("all starts") { engine.started.count == 40 }
        #expect(write(gate.number, "x", 1) == 1)
        try engine.wait("all ends") { engine.ended.count == 40 }
        #expect(readAll(output.number) == String(repeating: "65534-700\n", count: 40))
        #expect(entries(of: fixture.directory + "/work/p") == 16)
        #expect(try engine.run(fixture.order("/no/such/program")).ending == .spawnFailed)
        #expect(entries(of: fixture.directory + "/work/p") == 15)
        try fixture.end(SIGTERM)
        #expect(entries(of: fixture.directory + "/work/p") == 0)
    }

    private func entries(of path: String) -> Int {
        guard let directory = try? Descriptor(opening: path, O_RDONLY) else { return -1 }
        return directoryNames(in: directory).count
    }
}
