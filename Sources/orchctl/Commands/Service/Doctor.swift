import ArgumentParser
import OrchClient
import Presentation

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what is missing or wrong on this machine. Needs no daemon.",
        discussion: """
            Exits with 1 if any check fails.

            Examples:
              orchctl doctor
              orchctl doctor --socket /tmp/orchd.sock
              orchctl doctor --json | jq -r '.[] | select(.verdict == "fail") | .detail'
            """)

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let path = try SocketPath.choose(global.socket)
        let findings = DaemonChecks(path: path).all() + MachineChecks().all() + ProgramChecks().all()
        if global.json {
            try Client(global).printJSON(findings)
        } else {
            try Output.print(Finding.text(findings, style: Terminal.style))
        }
        if findings.contains(where: { $0.verdict == .fail }) { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}
