import ArgumentParser
import Glibc
import OrchClient
import OrchProtocol
import Presentation
import Text

struct Backup: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a copy of the whole queue to a file, while the daemon works.",
        discussion: """
            The copy has all tasks, attempts, pools and events at one moment. It does not have the output and the results of \
            tasks, which are files in the state directory. The file must not exist yet, and only you can read it. `orchd \
            restore` puts it back. Only admins may do this.

            Examples:
              orchctl backup queue-$(date +%F).db
              sudo orchctl backup /backup/queue.db
              orchctl backup - | ssh vault 'cat > queue.db'
            """)

    @Argument(help: ArgumentHelp("A new file; \"-\" is standard output.", valueName: "file"))
    var file: ByteString

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let client = try Client(global)
        guard file != "-" || !Terminal.isOutput else {
            throw Failure(.usage, "a backup is not for a terminal", hint: "name a file, or redirect the output")
        }
        let target = try Download(file, what: "a backup")
        client.session.watches = Interrupts.watches { _ in throw ExitCode(128 + SIGINT) }
        let progress = Progress("backup")
        let bytes = try client.session.answer(to: Call(.backup)) { notification in
            guard case .backup(_, let part) = notification else { return }
            if let base64 = part.base64 { try target.take(base64, at: part.offset) }
            progress.show(part.offset, of: part.size, part.base64 == nil ? "the daemon makes the copy" : "receiving it")
        }
        progress.clear()
        let result = try Method.backup.decode(bytes)
        try target.finish(size: result.size)
        guard !target.isStandardOutput else { return }
        if global.json { return try client.printJSON(bytes) }
        let tasks = "\(counted(result.tasks, "task")) (\(result.unfinished) not ended)"
        try Output.print("\(SafeText.line(file)): \(tasks), \(ByteText.text(result.size))\n")
    }
}
