import Glibc
import Presentation

/// What one check of `orchctl doctor` found.
struct Finding: Encodable, Equatable {
    enum Verdict: String, Encodable {
        case ok, warn, fail

        fileprivate var role: Style.Role { self == .ok ? .good : self == .warn ? .warning : .bad }
    }

    /// What was looked at.
    var name: String
    var verdict: Verdict
    /// What was found.
    var detail: String
    /// What to do about it, where there is something to do.
    var remedy: String?

    init(_ name: String, _ verdict: Verdict, _ detail: String, remedy: String? = nil) {
        self.name = name
        self.verdict = verdict
        self.detail = detail
        self.remedy = remedy
    }

    /// One line for each, and one for what to do.
    static func text(_ findings: [Finding], style: Style) -> String {
        let width = findings.map(\.name.count).max() ?? 0
        return findings.map { finding in
            let padding = String(repeating: " ", count: width - finding.name.count + 2)
            let margin = String(repeating: " ", count: width + 8)
            let verdict = finding.verdict.rawValue + (finding.verdict == .ok ? "  " : "")
            let line = "\(style(finding.verdict.role, verdict))  \(finding.name)\(padding)\(finding.detail)\n"
            return line + (finding.remedy.map { margin + style(.dim, "-> ") + $0 + "\n" } ?? "")
        }.joined()
    }
}

/// What the system says about itself.
enum SystemFile {
    /// The text of a file of /proc or /sys; nil where there is none.
    static func text(_ path: String) -> String? {
        (try? Input.bytes(of: ByteString(path))).map { String(decoding: $0, as: UTF8.self) }
    }

    static func line(_ path: String) -> String? {
        text(path).map { $0.split(separator: "\n").first.map(String.init) ?? "" }
    }

    static func number(_ path: String) -> Int? { line(path).flatMap { Int($0) } }
}
