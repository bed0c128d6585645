import CLinux
import Glibc
import Platform
import Text

/// The program `orchd-supervisor`.
public enum SupervisorProgram {
    static let help = """
        Usage: orchd-supervisor --link PATH --state-dir DIR --work-dir DIR [options]

        Starts and ends the tasks of orchd, and keeps their exit records until orchd has them.
        systemd or `orchd run` starts it; do not run it by hand.

          --link PATH         the socket that the engine connects to
          --state-dir DIR     the directory of the exit records; best on a file system in memory
          --work-dir DIR      the directory of the workspaces of attempts
          --policy FILE       which pool runs as which user; without it, all run as the supervisor's user
          --engine-user USER  a user that may connect, besides root and the supervisor's own
          --cgroup WHERE      auto (the default), own, none, or the path of a cgroup v2 directory to use
          --stop-grace SECS   from SIGTERM to SIGKILL when the supervisor ends (10)
          --ready-fd N        write a line feed to this descriptor and close it when the socket is ready
          --lifeline-fd N     stop, as after SIGTERM, when this pipe ends: its starter has died
          --can-hold WORDS    only tell, by the exit status, whether this version can take over these from
                              a running one: doors
          --help, --version
        """

    /// Runs it, and returns its exit status: 0 after a signal has ended it, 1 if it could not start, 2 for wrong arguments.
    public static func main() -> Int32 {
        linux_default_all_signals()
        let options: Options
        do {
            options = try Options(parsing: ProcessText.textArguments())
        } catch {
            let message = (error as? Options.UsageError)?.message ?? "\(error)"
            say("orchd-supervisor: \(message)\nTry 'orchd-supervisor --help'.", to: STDERR_FILENO)
            return 2
        }
        switch options {
        case .help: return answer(help)
        case .version: return answer("orchd-supervisor \(Release.version)")
        case .canHold(let words): return Successor.known.isSuperset(of: words) ? 0 : 1
        case .serve(let configuration): return serve(configuration)
        }
    }

    private static func serve(_ configuration: SupervisorConfiguration) -> Int32 {
        _ = linux_block_all_signals()
        if let complaint = Surroundings.complaint {
            Log.error("cannot start: \(complaint)")
            return 1
        }
        do {
            let policy = try configuration.policy.map { path throws(StartFailure) in try Policy.load(path) }
            try Supervisor(configuration, policy: policy, handover: try Handover.inherited()).run()
            return 0
        } catch let failure as StartFailure {
            Log.error("cannot start: \(failure.message)")
        } catch {
            Log.error("cannot start: \(error)")
        }
        return 1
    }

    /// Prints what was asked for; the exit status.
    private static func answer(_ text: String) -> Int32 {
        let error = say(text, to: STDOUT_FILENO)
        guard error != 0 else { return 0 }
        say("orchd-supervisor: \(DescriptorWriter.problem(error))", to: STDERR_FILENO)
        return 1
    }

    @discardableResult
    private static func say(_ text: String, to descriptor: Int32) -> Int32 {
        DescriptorWriter.write(Array((text + "\n").utf8), to: descriptor)
    }
}
