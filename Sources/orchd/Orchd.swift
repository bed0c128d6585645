import ArgumentParser
import CLinux
import DaemonConfiguration
import Glibc
import OrchProtocol
import Presentation

@main
struct Orchd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orchd",
        abstract: "A durable task queue with a pool of single-use workers.",
        discussion: """
            `orchd run` runs a daemon in the foreground, for one user, without root and without configuration. `orchd serve` \
            is the engine of the system service, which systemd starts. Submit tasks with orchctl.

            EXAMPLES
              orchd run                            three slots, until Ctrl-C
              orchd run --workers 8 --state-dir .  eight slots, the queue in this directory
              orchd check                          is the configuration valid?
            """,
        version: "orchd \(Release.version)",
        subcommands: [Run.self, Serve.self, Check.self, Restore.self, MakePolicy.self])

    static func main() {
        linux_secure_start()
        do {
            let words = try ProcessText.textArguments()
            if let complaint = complaint(about: words[...]) {
                printError("orchd: \(complaint)")
                Glibc.exit(ExitCode.validationFailure.rawValue)
            }
            var command = try parseAsRoot(words)
            try command.run()
        } catch let error as NotText {
            Glibc.exit(fail(error, status: configurationStatus).rawValue)
        } catch {
            guard exitCode(for: error) == .success else { Glibc.exit(refused(error)) }
            // Help and the version travel as errors, too.
            Glibc.exit(printed(fullMessage(for: error)))
        }
    }

    /// What no option of ours can mean. An empty value would stand for the directory in which it is started.
    private static func complaint(about words: ArraySlice<String>) -> String? {
        // The parser's time grows with the square of their number.
        let most = 100
        guard words.count <= most else { return "there are \(words.count) arguments, and it takes at most \(most)" }
        for (before, word) in zip([""] + words, words) {
            if word.isEmpty {
                return before.has(prefix: "--") ? "the value of \(before) is empty; leave it out" : "an argument is empty"
            }
            if word.has(prefix: "--"), word.has(suffix: "=") { return "the value of \(word.dropLast()) is empty; leave it out" }
        }
        return nil
    }

    /// Says what is wrong, in the words that orchctl has for it; the exit status.
    private static func refused(_ error: any Error) -> Int32 {
        let code = exitCode(for: error).rawValue
        if error is ExitCode { return code }
        let verbs = configuration.subcommands.map { $0._commandName }
        let words = ProcessText.arguments.dropFirst().map(\.lossy)
        let name = words.first { !$0.has(prefix: "-") } ?? ""
        let verb = verbs.contains(name) ? "orchd \(name)" : "orchd"
        var complaint = ParserComplaint.reworded(message(for: error), verb: verb)
        if verb == "orchd", !name.isEmpty, words.first == name {
            let hint = nearest(name, in: verbs).map { "; did you mean orchd \($0)?" } ?? " (\(verbs.joined(separator: ", ")))"
            complaint = "there is no verb \"\(SafeText.line(name).shortened(to: 60))\"\(hint)"
        }
        printError("orchd: \(complaint)\ntry: \(verb) --help")
        return code
    }

    private static func printed(_ text: String) -> Int32 {
        do {
            if !text.isEmpty { try printOutput(text) }
            return 0
        } catch {
            return fail(error).rawValue
        }
    }
}
