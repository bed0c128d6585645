import Foundation
import Glibc
import OrchClient
import OrchProtocol
import Testing

/// Where a task is to run is looked at when it is submitted, where that can be known: in a daemon of one's own, by each door.
@Suite(.onThreads) struct WorkingDirectoryTests {
    /// A directory, and what the refusal says of it; nil for one that can be entered.
    private static let places: [(path: String, says: String?)] = [
        ("there", nil), ("there/", nil), ("link", nil), ("there/../there", nil), ("/", nil), ("new\nline", nil),
        ("sp ace", nil),
        ("nowhere", "does not exist; make it first, or name another"), ("there/nor/here", "does not exist"),
        ("dangling", "does not exist"),
        ("file", "is not a directory"), ("file/below", "is not a directory"), ("fifo", "is not a directory"),
        ("round", "is a circle of links"), (String(repeating: "x", count: 300), "is longer than the longest path of Linux"),
        (String(repeating: "x/", count: 2100), "must be a path of fewer than 4096 bytes"),
    ]

    private func prepare(_ home: Home) throws {
        try home.run(
            "mkdir there $'new\\nline' 'sp ace'; touch file; mkfifo fifo; ln -s there link; ln -s nothing dangling; ln -s round round"
        )
    }

    @Test func whatCannotBeEnteredIsRefusedByEveryDoor() throws {
        let home = try Home()
        try prepare(home)
        let daemon = try home.daemon()
        let connection = try Connection(path: home.path + "/.local/state/orchd/orchd.sock")
        var made = 0
        for place in Self.places {
            let path = place.path.hasPrefix("/") ? place.path : "\(home.path)/\(place.path)"
            let quoted = "'\(path)'"
            var spec = TaskSpec(command: ["true"])
            spec.cwd = path
            try (Wire.line(spec) + Data("\n".utf8)).write(to: URL(filePath: home.path + "/batch"))
            let doors = [
                ("--cwd", "orchctl submit --cwd \(quoted) -- true"), ("--cwd", "orchctl run --cwd \(quoted) -- true"),
                ("\"cwd\"", "orchctl submit --batch batch"),
            ]
            for (field, door) in doors {
                let result = try home.run(door)
                guard let says = place.says else {
                    #expect(result.status == 0, "\(door): \(result)")
                    made += 1
                    continue
                }
                #expect(result.status == (door.contains(" run ") ? 125 : 2), "\(door): \(result)")
                #expect(result.error.contains("\(field) must be a ") && result.error.contains(says), "\(door): \(result.error)")
            }
            let answer = Result { try connection.call(.submit, .one(spec)) }
            guard let says = place.says else {
                #expect(throws: Never.self) { try answer.get() }
                made += 1
                continue
            }
            let error = #expect(throws: WireError.self) { try answer.get() }
            #expect(
                error?.kind == .invalidParameter && error?.data?.field == "cwd" && error?.message.contains(says) ?? false,
                "\(answer)")
        }
        // Relative ones are the client's, and say as much.
        for (path, why) in [("nowhere", "No such file"), ("file", "not a directory"), ("round", "Too many levels")] {
            let result = try home.run("orchctl submit --cwd \(path) -- true")
            #expect(result.status == 2 && result.error.contains(why) && result.error.contains(path), "\(result)")
        }
        // Nothing of a batch is taken with one that is wrong, and the line is named.
        let lines = ["/", "/nowhere/at/all"].map { "{\"command\":[\"true\"],\"cwd\":\"\($0)\"}\n" }.joined()
        try Data(lines.utf8).write(to: URL(filePath: home.path + "/batch"))
        let batch = try home.run("orchctl submit --batch batch")
        #expect(
            batch.status == 2 && batch.error.contains("line 2 of batch: \"cwd\" must be a directory to start in: /nowhere"),
            "\(batch)")
        #expect(try home.run("orchctl list --all --json | tr '}' '\\n' | grep -c '\"id\":'").output == "\(made)\n")
        // What was there and is gone is what the start says.
        let late = try home.run(
            "mkdir gone; id=$(orchctl submit --hold --cwd gone -- true); rmdir gone; orchctl release $id; orchctl wait $id")
        #expect(late.status == 1 && (late.output + late.error).contains("cannot enter the directory"), "\(late)")
        // A repeat of what was taken is answered, whatever has become of its directory.
        let again = try home.run(
            "mkdir was; for i in 1 2; do orchctl submit --key k --cwd \"$PWD/was\" -- true; rm -rf was; done")
        let ids = again.output.split(separator: "\n")
        #expect(again.status == 0 && ids.count == 2 && ids.first == ids.last, "\(again)")
        try home.end(daemon)
    }
}
