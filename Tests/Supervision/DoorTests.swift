import CLinux
import Glibc
import Platform
import SupervisorLink
import TestSupport
import Testing

@testable import Supervision

/// The listeners of doors: made with their attempt, held over engines and versions, and gone with it.
@Suite struct DoorTests {
    /// Says where its door is, and stays.
    private static let script = "echo \"$ORCHD_SOCKET\"; exec sleep 1000"

    private func path(_ output: Descriptor) throws -> String {
        try eventually { readAll(output.number).hasSuffix("\n") }
        return String(readAll(output.number).dropLast())
    }

    private func launch(_ fixture: Fixture, _ engine: TestEngine, _ script: String = DoorTests.script) throws -> String {
        let output = try fixture.file("out")
        ftruncate(output.number, 0)
        let order = fixture.shell(script) {
            $0.descriptors = [1]
            $0.hasDoor = true
            // Whatever is given is another daemon's.
            $0.environment.append("ORCHD_SOCKET=/given")
        }
        try engine.send(.launch(order), descriptors: [output.number])
        return try path(output)
    }

    @Test func itsPathIsPutIntoTheArguments() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let output = try fixture.file("out")
        let order = fixture.shell("echo \"$0\"; echo \"$1\"; echo \"$ORCHD_SOCKET\"") {
            $0.descriptors = [1]
            $0.hasDoor = true
            $0.arguments += ["", "a:é:"]
            $0.socketPlaces = [
                .init(argument: 3, offset: 0), .init(argument: 4, offset: 2), .init(argument: 4, offset: 5),
            ]
        }
        try engine.send(.launch(order), descriptors: [output.number])
        try eventually { readAll(output.number).count { $0 == "\n" } == 3 }
        let lines = readAll(output.number).split(separator: "\n").map(String.init)
        #expect(lines.first == lines.last && lines.last?.hasPrefix("/") == true)
        #expect(lines.dropFirst().first == "a:\(lines[0])é:\(lines[0])")
    }

    private func connect(_ path: String) -> Int32 { linux_unix_connect(path, Int32(SOCK_STREAM.rawValue)) }

    /// Takes a connection, and what was said on it.
    private func hear(_ door: Descriptor?) throws -> String {
        let door = try #require(door)
        var connection: Int32 = -1
        try eventually {
            connection = linux_accept(door.number)
            return connection >= 0
        }
        defer { close(connection) }
        var buffer = [UInt8](repeating: 0, count: 100)
        var count = 0
        try eventually {
            count = recv(connection, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return count > 0
        }
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    /// Connects and says something; the connection.
    private func say(_ text: String, to path: String) throws -> Descriptor {
        let connection = try Descriptor(connect(path), "connect")
        let bytes = Array(text.utf8)
        #expect(send(connection.number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
        return connection
    }

    private func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o777 : nil
    }

    @Test(arguments: LifeTests.modes) func whatConnectsIsHeardByWhicheverEngineIsThere(cgroups: Bool) throws {
        let fixture = try Fixture(cgroups: cgroups)
        var engine = try fixture.engine()
        let path = try launch(fixture, engine)
        #expect(path.utf8.count <= 107 && mode(path) == 0o600)
        try engine.wait("the door") { engine.doors[1] != nil }
        #expect(engine.started[1] != nil, "the start comes first")
        var connections = [try say("one", to: path)]
        #expect(try hear(engine.doors[1]) == "one")
        // What nobody has taken waits for the next engine, and for the next version of the supervisor.
        connections.append(try say("two", to: path))
        engine = try fixture.engine()
        #expect(try hear(engine.doors[1]) == "two")
        var before = 0
        for round in 0..<3 {
            connections.append(try say("\(round)", to: path))
            fixture.send(SIGUSR2)
            try engine.waitForClose()
            connections.append(try say("and \(round)", to: path))
            engine = try fixture.engine()
            #expect(try hear(engine.doors[1]) == "\(round)" && hear(engine.doors[1]) == "and \(round)")
            if round == 0 { before = fixture.openDescriptors }
        }
        #expect(fixture.openDescriptors == before)
        #expect(connections.count == 8)
        try engine.send(.stop(attempt: 1, grace: 0))
        _ = try engine.end(of: 1)
        #expect(mode(path) == nil && mode(String(path.dropLast(2))) == nil)
        let last = try fixture.engine()
        #expect(last.doors.isEmpty)
    }

    @Test func withoutADoorTheVariableIsWhatTheOrderSays() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let output = try fixture.file("out")
        let order = fixture.shell("echo \"${ORCHD_SOCKET-none}\"") { $0.descriptors = [1] }
        try engine.send(.launch(order), descriptors: [output.number])
        #expect(try path(output) == "none" && engine.end(of: 1).code == 0)
        #expect(engine.doors.isEmpty)
    }

    /// Neither a program that cannot be started, nor a supervisor that is killed.
    @Test func nothingIsLeft() throws {
        let fixture = try Fixture()
        var engine = try fixture.engine()
        let missing = fixture.order("/nonexistent") { $0.hasDoor = true }
        #expect(try engine.run(missing).step == .execute)
        let doors = try Descriptor(opening: fixture.directory + "/state/doors", O_RDONLY | O_DIRECTORY)
        #expect(directoryNames(in: doors) == [])
        let path = try launch(fixture, engine)
        try fixture.end(SIGKILL)
        #expect(mode(path) != nil)
        try fixture.start()
        engine = try fixture.engine()
        #expect(mode(path) == nil && directoryNames(in: doors) == [])
    }

    /// It is asked before it is executed, and tasks go on.
    @Test(arguments: ["/bin/false", "/nonexistent"]) func aProgramThatCannotHoldADoorIsNotExecuted(other: String) throws {
        let directory = try ScratchDirectory()
        let program = directory.path("supervisor")
        #expect(symlink(Fixture.program, program) == 0)
        let fixture = try Fixture(program: program)
        var engine = try fixture.engine()
        let path = try launch(fixture, engine)
        unlink(program)
        #expect(symlink(other, program) == 0)
        fixture.send(SIGHUP)
        // An engine that is there is not sent away.
        try engine.send(.launch(fixture.shell("exit 3")), .slots(pool: "p", count: 2))
        #expect(try engine.end(of: 2).code == 3)
        let connection = try say("still", to: path)
        #expect(try hear(engine.doors[1]) == "still" && connection.number > 0)
        // The right one again.
        unlink(program)
        #expect(symlink(Fixture.program, program) == 0)
        fixture.send(SIGHUP)
        try engine.waitForClose()
        engine = try fixture.engine()
        #expect(engine.doors[1] != nil)
    }

    @Test(arguments: LifeTests.modes) func theMarkNamesTheAttemptOfAProcess(cgroups: Bool) throws {
        let fixture = try Fixture(cgroups: cgroups)
        let engine = try fixture.engine()
        let output = try fixture.file("out")
        let order = fixture.shell("(setsid sleep 1000 & echo $!); exec sleep 1000") { $0.descriptors = [1] }
        try engine.send(.launch(order), descriptors: [output.number])
        let pid = try #require(pid_t(try path(output)))
        switch try #require(engine.welcome?.mark) {
        case .cgroup(let tasks): #expect(cgroups && ProcessTraits.cgroup(of: pid) == tasks + "/1.1")
        case .limit(let base): #expect(!cgroups && ProcessTraits.realtimeLimit(of: pid) == base + 1)
        }
    }

    @Test func onlyPoolsWithDoorsInThePolicyGetThem() throws {
        let policy = try Policy(parsing: "orchd-policy 1\npool p 1 1\npool q 1 1\ndoor q\n")
        let check = PolicyCheck(policy: policy, ownOOMScore: 0)
        func order(_ pool: String, _ hasDoor: Bool) -> LaunchOrder {
            var order = LaunchOrder(attempt: 1, name: "1.1", pool: pool, arguments: ["/bin/true"])
            order.hasDoor = hasDoor
            return order
        }
        #expect(check.check(order("p", true)) == .refused(.door))
        for allowed in [order("p", false), order("q", false), order("q", true)] {
            guard case .allowed = check.check(allowed) else {
                Issue.record("\(allowed.pool) \(allowed.hasDoor)")
                continue
            }
        }
        #expect(throws: Policy.Invalid.self) { try Policy(parsing: "orchd-policy 1\ndoor q\n") }
    }

    /// A path of a socket has 107 bytes.
    @Test func aStateDirectoryWithALongPathHasItsDoorsElsewhere() throws {
        let directory = try ScratchDirectory()
        let state = directory.path(String(repeating: "a", count: 100))
        mkdir(state, 0o700)
        let door = try Doors(in: state, keeping: []).open(for: nil)
        #expect(door.path.utf8.count <= 107 && connect(door.path) >= 0)
        // What lives is kept.
        let next = Doors(in: state, keeping: [door.listener.number])
        #expect(connect(door.path) >= 0)
        #expect(Doors.inherited(door.listener)?.path == door.path)
        next.close(door)
        #expect(connect(door.path) == -ENOENT)
    }
}
