import CLinux
import Glibc
import Platform
import SupervisorLink
import Testing

@testable import Supervision

/// An engine that does not read costs nobody anything.
@Suite struct SlowEngineTests {
    @Test func whatItDidNotTakeIsToldLater() throws {
        let fixture = try Fixture()
        var engine = try fixture.engine(slots: 4)
        engine.acknowledges = false
        let count = 3000
        let names = (0..<count).map { _ in fixture.order("no-such-program") }
        // Nothing is read meanwhile: the socket of the engine fills up.
        for order in names { try engine.send(.launch(order)) }
        let exits = fixture.directory + "/state/exits"
        try eventually("the last end") {
            var status = stat()
            return stat(exits, &status) == 0 && status.st_size == off_t(count * EndReport.size)
        }
        try engine.wait("all ends") { engine.ended.count == count }
        #expect(engine.endCount.values.allSatisfy { $0 == 1 })
        #expect(engine.ended.values.allSatisfy { $0.step == .execute && $0.code == ENOENT })
        engine = try fixture.engine()
        #expect(engine.ended.count == count)
        // All were acknowledged: the file is empty again.
        try eventually("an empty file") {
            var status = stat()
            return stat(exits, &status) == 0 && status.st_size == 0
        }
    }

    @Test func strangersAndVersionsAreRefused() throws {
        let fixture = try Fixture()
        let newer = try TestEngine(connecting: fixture.link)
        try newer.send(.hello(version: 9, oldest: LinkProtocol.version + 1))
        try newer.waitForClose()
        let rude = try TestEngine(connecting: fixture.link)
        try rude.send(.slots(pool: "p", count: 1))
        try rude.waitForClose()
        let both = try TestEngine(connecting: fixture.link)
        try both.send(.hello(version: 9, oldest: 1))
        try both.wait("inventory") { both.hasInventory }
        #expect(both.welcome?.version == LinkProtocol.version)
        #expect(both.welcome?.program.release == "0.1.0")
        var status = stat()
        #expect(stat(fixture.link, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    /// An engine of the version before: it would not understand more than it knows.
    @Test func anOlderEngineIsServedInItsOwnWords() throws {
        let fixture = try Fixture()
        let engine = try TestEngine(connecting: fixture.link)
        try engine.sendBytes([1, 0, 8, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0])
        try engine.wait("inventory") { engine.hasInventory }
        #expect(engine.welcome?.version == 4 && engine.welcome?.program.release == "0.1.0")
        try engine.send(.slots(pool: "p", count: 1))
        #expect(try engine.run(fixture.shell("exit 4")).code == 4)
    }

    /// Whoever does what the link does not allow is told why it ends, also when more of it has not been read; an older one is not.
    @Test(arguments: [4, 5] as [UInt32]) func anEngineIsToldWhyItIsLetGo(version: UInt32) throws {
        let fixture = try Fixture()
        let engine = try TestEngine(connecting: fixture.link)
        try engine.send(.hello(version: version, oldest: 4))
        try engine.wait("inventory") { engine.hasInventory }
        try engine.sendBytes([99, 0, 0, 0, 0, 0])
        for _ in 0..<100 where (try? engine.send(.revoke(attempt: 1))) == nil { break }
        try engine.waitForClose()
        #expect(engine.closing == (version == 4 ? nil : "sent something that does not decode (unknownKind(99))"))
        let other = try fixture.engine()
        _ = try fixture.engine()
        try other.waitForClose()
        #expect(other.closing == "was replaced by another one that has connected")
    }

    @Test func anUnsealedFileIsNotRead() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let file = try temporaryFile()
        try engine.sendBytes(inMemoryPacket, descriptors: [file.number])
        try engine.waitForClose()
        _ = try fixture.engine()
    }

    @Test func longSocketPathsWork() throws {
        var template = Array("/tmp/orchd-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw TestFailure("mkdtemp") }
        let folder = String(cString: made) + "/" + String(repeating: "d", count: 150)
        let path = folder + "/link"
        defer {
            unlink(path)
            rmdir(folder)
            rmdir(template)
        }
        mkdir(folder, 0o700)
        let listener = try Descriptor(linux_unix_listen(path, Int32(SOCK_STREAM.rawValue), 0o600, 1), "listen")
        let client = try Descriptor(linux_unix_connect(path, Int32(SOCK_STREAM.rawValue)), "connect")
        let server = try Descriptor(linux_accept(listener.number), "accept")
        var peer = linux_peer()
        #expect(linux_peer_credentials(server.number, &peer) == 0 && peer.pid == getpid() && peer.uid == getuid())
        var groups = [gid_t](repeating: 0, count: 64)
        #expect(linux_peer_groups(client.number, &groups, groups.count) >= 0)
    }
}
