import Glibc
import Platform
import Presentation

/// What has to be installed, and the room to work in.
struct ProgramChecks {
    func all() -> [Finding] { [systemd(), program("orchd"), program("orchd-supervisor")] }

    private func systemd() -> Finding {
        guard access("/run/systemd/system", F_OK) == 0 else {
            return Finding(
                "systemd", .warn, "this machine was not booted with it", remedy: "run orchd in the foreground: orchd run")
        }
        return Self.systemd(version: Subprocess.output(of: ["systemctl", "--version"]) ?? "")
    }

    /// - Parameter version: the first line that systemctl prints: `systemd 252 (252.22-1~deb12u1)`.
    static func systemd(version: String) -> Finding {
        let words = version.split { $0 == " " || $0 == "\n" }
        guard words.count > 1, words[0] == "systemd", let number = Int(words[1].prefix { $0.isNumber }) else {
            return Finding("systemd", .warn, "its version is unknown", remedy: "systemctl --version")
        }
        if number >= 249 { return Finding("systemd", .ok, String(number)) }
        return Finding("systemd", .warn, "\(number): orchd is tested with 249 and newer")
    }

    private func program(_ name: String) -> Finding {
        // The units name libexec paths of their own, so a supervisor need not be in PATH.
        let path: ByteString = "\(Environment.own.searchPath):/usr/libexec/orchd:/usr/lib/orchd:/usr/sbin"
        if let found = ProgramSearch.candidates(for: ByteString(name), in: path).first(where: ProgramSearch.isProgram) {
            return Finding(name, .ok, found.shellQuoted())
        }
        return Finding(name, .fail, "not found in PATH", remedy: "install it: make install, or the package orchd")
    }

    /// Where the state of a daemon usually is: the service's, or else that of a user's own; nil for a user without a home.
    static var usualStateDirectory: String? {
        access(Places.systemStateDirectory, F_OK) == 0 ? Places.systemStateDirectory : (try? Places())?.stateDirectory
    }

    /// The file system of a state directory.
    ///
    /// - Parameter isGuess: no daemon has said that it is there.
    static func storage(of wanted: String, isGuess: Bool = false) -> Finding {
        // Of what is not there yet, the directory that it would be made in.
        var path = wanted
        while path.utf8.count > 1, access(path, F_OK) != 0 {
            path = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? ""
            if path.isEmpty { path = "/" }
        }
        let name = isGuess ? "\(wanted) (a guess, because no daemon answers)" : wanted
        var info = statvfs()
        guard statvfs(path, &info) == 0 else {
            return Finding("storage", .warn, "\(name): \(String(cString: strerror(errno)))")
        }
        let free = UInt64(info.f_bavail) * UInt64(info.f_frsize)
        // Some file systems (btrfs) have no fixed number of files, and say 0.
        let hasFiles = info.f_files == 0 || info.f_favail > 10_000
        return storage(path: name, free: free, hasFiles: hasFiles)
    }

    static func storage(path: String, free: UInt64, hasFiles: Bool) -> Finding {
        let detail = "\(path): \(free >> 20) MiB free" + (hasFiles ? "" : ", but hardly any inode")
        let remedy = "free some space, or make orchd keep less (retention in orchd.toml)"
        if free < 100 << 20 || !hasFiles { return Finding("storage", .fail, detail, remedy: remedy) }
        if free < 1 << 30 { return Finding("storage", .warn, detail, remedy: remedy) }
        return Finding("storage", .ok, detail)
    }
}

/// The configuration and the queue of a daemon that does not run, as far as this user may look.
struct StateChecks {
    /// Where the queue is.
    let directory: String

    func all() -> [Finding] { [configuration(), queue()].compactMap(\.self) }

    private func configuration() -> Finding? {
        let file = Places.systemConfiguration
        guard access(file, R_OK) == 0 else { return nil }
        return Self.finding("configuration", ["orchd", "check", "--config", file], remedy: "edit it, then: orchd check")
    }

    private func queue() -> Finding? {
        let file = directory + "/queue.db"
        guard access(directory, F_OK) == 0 else { return nil }
        guard access(directory, R_OK | X_OK) == 0, access(file, F_OK) != 0 || access(file, R_OK) == 0 else {
            return Finding("queue", .warn, "you may not look into \(directory)", remedy: "sudo orchctl doctor")
        }
        return Self.finding(
            "queue", ["orchd", "check", "--state-dir", directory], remedy: "orchd restore FILE puts a backup in its place")
    }

    private static func finding(_ name: String, _ command: [String], remedy: String) -> Finding? {
        guard let (status, output) = try? Subprocess(command).result() else { return nil }
        let lines = output.split(separator: "\n").map { line in
            SafeText.line(line.hasPrefix("orchd: ") ? String(line.dropFirst("orchd: ".count)) : String(line))
        }
        let detail = lines.joined(separator: " ")
        return status == 0 ? Finding(name, .ok, detail) : Finding(name, .fail, detail, remedy: remedy)
    }
}
