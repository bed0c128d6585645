import Glibc
import Supervision

@main
struct Main {
    static func main() { exit(SupervisorProgram.main(CommandLine.arguments)) }
}
