import CLinux
import Glibc
import Supervision

@main
struct Main {
    static func main() {
        linux_secure_start()
        exit(SupervisorProgram.main())
    }
}
