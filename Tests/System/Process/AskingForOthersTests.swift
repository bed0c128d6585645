import Foundation
import Glibc
import OrchProtocol
import TestSupport
import Testing

/// Users at the socket of a real daemon: owners, bridges and the people for whom they ask, grants.
@Suite(.onThreads) struct AskingForOthersTests {
    private static let (owner, bridge, granted, other) = (61_231, 61_232, 61_233, 61_234)

    private func daemon() throws -> Daemon {
        let daemon = try Daemon(
            pool: "slots = 2\n",
            configuration: """
                [access]
                bridges = ["\(Self.bridge)"]
                [access.grants]
                \(Self.granted) = ["task.cancel", "pool.pause"]
                """)
        daemon.openToAll()
        return daemon
    }

    @Test func whoAsksForWhomDecides() throws {
        guard geteuid() == 0 else {
            print("not tested: only root becomes another user")
            return
        }
        let daemon = try daemon()
        func submit(as user: Int, _ more: String...) throws -> String {
            let result = try daemon.orchctl(as: user, ["submit", "--hold"] + more + ["--", "true"])
            #expect(result.status == 0, "\(result)")
            return result.output.trimmingCharacters(in: .newlines)
        }
        let owners = try submit(as: Self.owner)
        let anns = try submit(as: Self.bridge, "--subject", "ann")
        let (owned, hers) = (["update", owners, "--priority", "1"], ["update", anns, "--priority", "1"])
        // A row: who, for whom, does what to which task; whether that is done.
        let rows: [(user: Int, subject: String?, verb: [String], isDone: Bool)] = [
            (Self.other, nil, owned, false),
            (Self.owner, nil, owned, true),
            (Self.owner, nil, hers, false),
            (Self.granted, nil, hers, false),
            (Self.bridge, "ann", hers, true),
            (Self.bridge, "ben", hers, false),
            (Self.bridge, nil, hers, true),
            (Self.bridge, "ann", owned, false),
            (Self.bridge, "\(Self.owner)", owned, false),
            (Self.bridge, "root", owned, false),
            (Self.owner, "ann", owned, false),
            (Self.other, "ann", hers, false),
            (Self.bridge, nil, ["pool", "pause", "default"], false), (Self.granted, nil, ["pool", "pause", "default"], true),
            (Self.granted, nil, ["pool", "resume", "default"], false), (Self.granted, nil, ["stop", "--daemon"], false),
            (Self.granted, nil, ["stop", owners, anns], true), (0, nil, ["retry", owners], true),
            (0, nil, owned, true),
            (0, "ann", owned, false), (0, nil, ["pool", "resume", "default"], true),
        ]
        for row in rows {
            let subject = row.subject.map { ["--subject", $0] } ?? []
            let result = try daemon.orchctl(as: row.user, row.verb.prefix(1) + subject + row.verb.dropFirst())
            #expect((result.status == 0) == row.isDone, "\(row): \(result)")
            #expect(row.isDone || !result.error.isEmpty, "\(row): \(result)")
        }
        let refused = try daemon.orchctl(as: Self.owner, ["submit", "--subject", "ann", "--", "true"])
        #expect(refused.status != 0 && refused.error.contains("[access] bridges"), "\(refused)")
        // Everybody sees whose it is, and who did what.
        let shown = try daemon.orchctl("show", anns)
        #expect(shown.output.contains("\(Self.bridge) for \"ann\""), "\(shown)")
        let json = try daemon.orchctl("show", "--json", anns).output
        #expect(json.contains(#""subject":"ann""#) && json.contains(#""submitter":\#(Self.bridge)"#), "\(json)")
        #expect(try daemon.orchctl("list", "--all", "--columns", "id,user").output.contains("for \"ann\""))
        let events = try daemon.orchctl("events").output
        #expect(events.contains("by \"ann\" of uid \(Self.bridge)") && events.contains("by uid \(Self.granted)"), "\(events)")
        try daemon.finish()
    }
}
