import Glibc
import Presentation

/// The configuration and the queue of a daemon that does not run, as far as this user may look.
struct StateChecks {
    /// Where the queue is.
    let directory: String

    func all() -> [Finding] { [configuration(), queue()].compactMap(\.self) }

    private func configuration() -> Finding? {
        let file = "/etc/orchd/orchd.toml"
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
