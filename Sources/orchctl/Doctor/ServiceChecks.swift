import Glibc
import OrchClient
import Platform
import Presentation

/// What systemd knows of the two services, and for an engine that does not run, why.
struct ServiceChecks {
    /// The socket of the daemon that is meant.
    let path: String

    /// Nothing if no unit makes the socket.
    func all() -> [Finding] {
        guard access("/run/systemd/system", F_OK) == 0, path == SocketPath.system || isOwn else { return [] }
        return ["orchd", "orchd-supervisor"].map { unit in
            let properties = Subprocess.output(
                of: ["systemctl"] + scope + ["show", "--property=" + Self.properties, unit + ".service"])
            let journal = Subprocess.output(
                of: ["journalctl"] + scope + ["--unit=" + unit, "--lines=20", "--output=cat", "--quiet"])
            return Self.finding(unit, properties ?? "", journal: journal ?? "", scope: scope.map { $0 + " " }.joined())
        }
    }

    private var isOwn: Bool { (try? Places())?.ownSockets.contains(path) ?? false }

    private var scope: [String] { path == SocketPath.system ? [] : ["--user"] }

    private static let properties = "LoadState,ActiveState,SubState,Result,ExecMainStatus,StatusText"

    /// - Parameters:
    ///   - properties: lines of `systemctl show`.
    ///   - journal: the latest lines of the unit, where this user may read them.
    static func finding(_ unit: String, _ properties: String, journal: String, scope: String = "") -> Finding {
        var values: [Substring: Substring] = [:]
        for line in properties.split(separator: "\n") {
            guard let mark = line.firstIndex(of: "=") else { continue }
            values[line[..<mark]] = line[line.index(after: mark)...]
        }
        let name = "\(unit).service"
        let start = "systemctl \(scope)start orchd"
        switch (values["LoadState"], values["ActiveState"]) {
        case (nil, _): return Finding("service", .warn, "systemctl does not know \(name)")
        case ("not-found", _):
            return Finding("service", .warn, "\(name) is not installed", remedy: "make install, or the package orchd")
        case (_, "active"), (_, "reloading"):
            return Finding("service", .ok, "\(name) is active")
        case (_, "inactive") where values["Result"] == "success":
            return Finding("service", .fail, "\(name) is stopped", remedy: start)
        default: break
        }
        let status = values["ExecMainStatus"].map(String.init) ?? ""
        let reason = reason(values["StatusText"].map(String.init) ?? "", journal)
        let detail = "\(name) does not run: \(reason ?? "it ended with \(values["Result"] ?? "?"), status \(status)")"
        let remedy: String
        switch (status, values["Result"]) {
        case ("78", _):
            remedy =
                "fix that, then run: \(start); orchd check and orchd check --state-dir DIR check again; orchd restore puts a backup back"
        case (_, "start-limit-hit"):
            remedy = "fix that, then run: systemctl \(scope)reset-failed orchd orchd-supervisor; \(start)"
        default: remedy = "journalctl \(scope)-u \(unit) -n 50"
        }
        return Finding("service", .fail, SafeText.line(detail), remedy: remedy)
    }

    /// Its own words for why it could not start: in the status, or else the last such line in the journal.
    private static func reason(_ status: String, _ journal: String) -> String? {
        if status.hasPrefix("Cannot start: ") { return String(status.dropFirst("Cannot start: ".count)) }
        let marks = ["orchd: ", "orchd-supervisor: "]
        let line = journal.split(separator: "\n").last { line in marks.contains { line.hasPrefix($0) } }
        return line.map { $0.split(separator: ":", maxSplits: 1).last.map { String($0.drop { $0 == " " }) } ?? String($0) }
    }
}
