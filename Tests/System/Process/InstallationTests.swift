import Foundation
import Testing

/// What is named to people is there once it is installed: `make install` below a directory, with the programs of the tests.
@Suite(.onThreads) struct InstallationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// The files below a directory, by their paths from there.
    private static func files(below directory: String) -> [String] {
        (FileManager.default.enumerator(atPath: directory)?.allObjects as? [String] ?? []).filter { name in
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(directory)/\(name)", isDirectory: &isDirectory)
                && !isDirectory.boolValue
        }.sorted()
    }

    private static func run(_ script: String) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", script]
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, pipe)
        try process.run()
        let output = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }

    /// Installs, and removes again with the directory.
    private func install(_ directory: Directory, prefix: String) throws -> String {
        let tree = directory.file("tree")
        for name in [
            "bin/orchd", "bin/orchctl", "bin/orchd-supervisor", "bin/orchd-worktree", "bin/orchd-files", "bin/orch-discord",
            "completions/.made",
        ] {
            try directory.write("", to: "stage/" + name)
        }
        for name in ["orchd", "orchctl", "orch-discord"] {
            for shell in ["bash", "zsh", "fish"] { try directory.write("", to: "stage/completions/\(name).\(shell)") }
        }
        let make = "make -C '\(Self.root)' STAGE='\(directory.file("stage"))' DESTDIR='\(tree)' PREFIX=\(prefix)"
        let made = try Self.run("\(make) install-files install-discord install-config")
        try #require(made.status == 0, "\(made.output)")
        return tree
    }

    /// What people read: what is installed for them, and what the programs say, by where it stands.
    private func texts(_ tree: String) throws -> [(place: String, text: String)] {
        let isRead = ["/man/", "/doc/", "etc/orchd/", "/systemd/", "/workers/", "/tmpfiles.d/"]
        let installed = Self.files(below: tree).filter { name in
            isRead.contains { name.contains($0) } && !name.hasSuffix(".png")
        }
        var texts = try installed.map { ("/" + $0, try String(contentsOfFile: "\(tree)/\($0)", encoding: .utf8)) }
        for name in Self.files(below: Self.root + "/Sources") where name.hasSuffix(".swift") {
            let source = try String(contentsOfFile: "\(Self.root)/Sources/\(name)", encoding: .utf8)
            let said = source.split(separator: "\n").filter { line in
                line.contains("\"") && !line.drop { $0 == " " }.hasPrefix("//")
            }
            texts.append(("Sources/\(name)", said.joined(separator: "\n")))
        }
        return texts
    }

    @Test(arguments: ["/usr", "/usr/local"]) func everyPlaceAndPageThatIsNamedIsThere(prefix: String) throws {
        let directory = try Directory()
        let tree = try install(directory, prefix: prefix)
        let has = { (path: String) in FileManager.default.fileExists(atPath: tree + path) }
        var seen: Set<String> = []
        for (place, text) in try texts(tree) {
            for match in text.matches(of: #/\/(?:usr|etc)\/[A-Za-z0-9_.\/@-]*orchd[A-Za-z0-9_.\/-]*/#) {
                var path = String(match.output)
                while let last = path.last, [".", "/", "-"].contains(last) { path.removeLast() }
                // The user database and the like are not installed by us; the programs look for helpers in several places.
                guard !place.hasPrefix("Sources/"), !path.hasPrefix("/etc/orchd/secrets") else { continue }
                // A file in a configuration directory is an example.
                let isExample = path.hasPrefix("/etc/orchd/") && path.hasSuffix(".toml")
                let wanted = isExample ? URL(filePath: path).deletingLastPathComponent().path : path
                #expect(has(wanted), "\(place) names \(path)")
                seen.insert(path)
            }
            // A document of the sources is not where a reader of the installed files looks.
            if !place.contains("/doc/") {
                #expect(!text.contains(#/\bdocs/[a-z-]+\.md/#), "\(place) names a document that is only in the sources")
            }
            for match in text.matches(of: #/(orch[a-z.-]*)\(([1-8])\)/#) {
                let page = "\(prefix)/share/man/man\(match.2)/\(match.1).\(match.2)"
                #expect(has(page), "\(place) names \(match.0)")
            }
            for match in text.matches(of: #/\.Xr (orch[a-z.-]*) ([1-8])/#) {
                #expect(has("\(prefix)/share/man/man\(match.2)/\(match.1).\(match.2)"), "\(place) names \(match.0)")
            }
            guard place.contains("/doc/") else { continue }
            for match in text.matches(of: #/\]\(([a-z-]+\.(?:md|json))/#) {
                #expect(has("\(prefix)/share/doc/orchd/\(match.1)"), "\(place) links to \(match.1)")
            }
        }
        for name in ["agents.md", "routing.md", "security.md"] { #expect(seen.contains("\(prefix)/share/doc/orchd/\(name)")) }
        #expect(seen.contains("\(prefix)/share/orchd/workers"))
    }

    /// What a message or a document tells to type is a command that there is.
    @Test func everyCommandThatIsNamedIsOne() throws {
        let directory = try Directory()
        var verbs: [String: String] = [:]
        for (place, text) in try texts(install(directory, prefix: "/usr")) {
            for match in text.matches(of: #/(?:`|try: |\$ |\| |xargs )orchctl ((?:pool |agent |worker )?[a-z]+)/#) {
                verbs[String(match.1)] = place
            }
        }
        #expect(verbs.count > 15)
        for (verb, place) in verbs.sorted(by: { $0.key < $1.key }) {
            let help = try Self.run("'\(Program.folder)/orchctl' \(verb) --help")
            #expect(help.status == 0 && help.output.contains("USAGE: orchctl \(verb)"), "\(place) names orchctl \(verb)")
        }
    }

    /// Twice is as good as once, a file that somebody changed stays, and nothing is left when it is removed.
    @Test func whatIsInstalledTwiceAndRemovedLeavesNothing() throws {
        let directory = try Directory()
        let tree = try install(directory, prefix: "/usr/local")
        let before = Self.files(below: tree)
        _ = try install(directory, prefix: "/usr/local")
        #expect(Self.files(below: tree) == before)
        try directory.write("# mine\n", to: "tree/etc/orchd/agents/llm.toml")
        let make = "make -C '\(Self.root)' STAGE='\(directory.file("stage"))' DESTDIR='\(tree)' PREFIX=/usr/local"
        let again = try Self.run("\(make) install-files install-config")
        #expect(again.output.contains("agents/llm.toml was changed and stays as it is"), "\(again.output)")
        let removed = try Self.run("\(make) uninstall")
        #expect(removed.status == 0, "\(removed.output)")
        #expect(Self.files(below: tree) == ["etc/orchd/agents/llm.toml"])
    }
}
