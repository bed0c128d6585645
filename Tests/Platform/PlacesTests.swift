import Foundation
import Glibc
import Testing
import Text

@testable import Platform

/// Where a user's own daemon is, and is looked for.
@Suite struct PlacesTests {
    private static func places(_ variables: [String: String], user: uid_t = 4_000_000, account: ByteString? = "/account") throws
        -> Places
    {
        try Places(Environment(variables), user: user, accountHome: account)
    }

    /// Relative and empty ones are ignored, wherever they come from.
    @Test(arguments: ["", "relative", "./x", "~", " /x"]) func aDirectoryThatIsNoneIsIgnored(_ value: String) throws {
        let none = try Self.places([:])
        for name in ["HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"] {
            let odd = try Self.places([name: value])
            #expect(odd.home == none.home && odd.stateDirectory == none.stateDirectory, "\(name)")
            #expect(odd.configurationDirectory == none.configurationDirectory && odd.sockets == none.sockets, "\(name)")
        }
        #expect(none.stateDirectory == "/account/.local/state/orchd" && none.configurationDirectory == "/account/.config/orchd")
    }

    @Test func aSlashAtTheEndIsNoOtherPlace() throws {
        let places = try Self.places(["HOME": "/h//", "XDG_STATE_HOME": "/", "XDG_CONFIG_HOME": "/c/"])
        #expect(places.home == "/h" && places.stateDirectory == "/orchd" && places.configurationDirectory == "/c/orchd")
    }

    @Test func whoeverHasNoHomeHasNoPlace() throws {
        let places = try Self.places([:], account: nil)
        #expect(places.stateDirectory == nil && places.fixedSocket == nil && places.sockets == [Places.systemSocket])
    }

    /// The state may be elsewhere; where the daemon is found is not.
    @Test func theFixedSocketDependsOnTheHomeAlone() throws {
        let fixed = try Self.places(["HOME": "/h"]).fixedSocket
        #expect(fixed == "/h/.local/state/orchd/orchd.sock")
        let odd = ["HOME": "/h", "XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c", "XDG_RUNTIME_DIR": "/nowhere"]
        #expect(try Self.places(odd).fixedSocket == fixed)
    }

    /// Only a directory of one's own, in which nobody else may write, is that of one's session.
    @Test func aRuntimeDirectoryIsTrustedOrNotUsed() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "orchd-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for (mode, isTrusted) in [(0o700, true), (0o755, true), (0o777, false), (0o1777, false)] as [(mode_t, Bool)] {
            chmod(directory, mode)
            let own = try Self.places(["XDG_RUNTIME_DIR": directory], user: geteuid())
            #expect((own.sessionSocket == directory + "/orchd.sock") == isTrusted, "\(mode)")
            #expect(try Self.places(["XDG_RUNTIME_DIR": directory]).sessionSocket == nil, "it is another user's")
        }
    }

    /// The first place that somebody serves, then the first that is there.
    @Test func aClientTakesTheFirstThatIsServed() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "orchd-\(UUID().uuidString)").path
        let state = directory + "/.local/state/orchd"
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        chmod(directory, 0o700)
        let places = try Self.places(["HOME": directory, "XDG_RUNTIME_DIR": directory], user: geteuid())
        let (session, fixed) = (directory + "/orchd.sock", state + "/orchd.sock")
        try Data().write(to: URL(filePath: fixed))
        #expect(places.socket { _ in false } == fixed || access(Places.systemSocket, F_OK) == 0)
        try Data().write(to: URL(filePath: session))
        #expect(places.socket { _ in false } == session)
        #expect(places.socket { $0 == fixed } == fixed)
        #expect(places.socket { _ in true } == session)
    }

    /// What a program reads, its manual says.
    @Test func everyVariableIsInTheManual() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let manual = try ["orchd.8", "orchctl.1", "orch-discord.8"].map {
            try String(contentsOf: root.appending(path: "docs/man/" + $0), encoding: .utf8)
        }.joined()
        let words = Set(manual.split { " \n,".contains($0) })
        for variable in Variable.allCases { #expect(words.contains(Substring(variable.rawValue)), "\(variable.rawValue)") }
    }
}
