import ArgumentParser
import DaemonConfiguration
import Engine
import Foundation
import Glibc
import OrchProtocol
import Platform
import Storage
import Text

struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replace the queue with a backup, while the daemon is stopped.",
        discussion: """
            `orchctl backup` makes such a backup. orchd reads all of it before it changes anything. The present queue stays \
            beside the new one, and can be restored, too. Ids that were given out since the backup are not used again.

            A backup does not have the output and the results of tasks. Those on this machine stay as they are. A task that \
            had not ended at the time of the backup runs again, even if it has ended since.

            EXAMPLES
              systemctl stop orchd.socket orchd && orchd restore /backup/queue.db && systemctl start orchd
              orchd restore --state-dir ~/.local/state/orchd monday.db
            """)

    @Argument(help: ArgumentHelp("The backup.", valueName: "file"), transform: ArgumentText.path)
    var file: String
    @Option(
        help: ArgumentHelp(
            "The directory of the queue; by default /var/lib/orchd for root, $XDG_STATE_HOME/orchd for others.",
            valueName: "dir"),
        transform: ArgumentText.path)
    var stateDir: String?

    func run() throws {
        let directory =
            try stateDir ?? (geteuid() == 0 ? Places.systemStateDirectory : ForegroundEnvironment.usersStateDirectory())
        do {
            let outcome = try Restoration.restore(file, to: directory)
            let contents = outcome.contents
            let when =
                contents.madeAt.milliseconds > 0
                ? ", as of \(Date(timeIntervalSince1970: Double(contents.madeAt.milliseconds) / 1000))" : ""
            try printOutput("restored \(counted(contents.tasks, "task")) (\(contents.unfinished) not ended)\(when)")
            if let kept = outcome.kept { try printOutput("the previous queue is kept as \(kept)") }
            for remark in outcome.remarks { try printOutput(remark) }
            try printOutput(
                "the output and the results of tasks are not in a backup; those in \(directory)/output stay as they were")
        } catch {
            throw fail(error)
        }
    }
}
