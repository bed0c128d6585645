import Foundation
import Glibc
import OrchProtocol
import Testing

/// A foreground run at a terminal.
@Suite(.onThreads) struct TerminalInputTests {
    /// A daemon whose standard input and error are a terminal that the test types at.
    private final class Terminal {
        let daemon: Daemon
        let screen: Capture
        private let master: Int32

        init() throws {
            master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
            var isLocked: Int32 = 0
            var number: Int32 = 0
            // TIOCSPTLCK and TIOCGPTN of ioctl_tty(2), which Swift does not import.
            guard ioctl(master, 0x4004_5431, &isLocked) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
                throw Failure("no terminal: \(errno)")
            }
            screen = Capture(reading: master)
            // The leader of a new session gets the first terminal that it opens as the session's own.
            let script = #"exec "$@" < "$0" 2> "$0""#
            daemon = try Daemon(workers: 2, prefix: ["/bin/sh", "-c", script, "/dev/pts/\(number)"])
        }

        func press(_ key: Character) { write(master, [key.asciiValue ?? 0], 1) }
    }

    @Test func sShowsTheStatusAndQDrains() throws {
        let terminal = try Terminal()
        let daemon = terminal.daemon
        try terminal.screen.read("the keys") { $0.text.contains("keys: s status, q drain and quit, Ctrl-C stop") }
        try daemon.shell("echo $$ > task; while [ ! -e gate ]; do sleep 0.02; done") { $0.name = "the-name-of-it" }
        _ = try daemon.directory.number("task")
        // The task may be there before the engine has been told.
        try eventually("a busy worker") {
            try daemon.call(.workerList, .init()).workers.contains { $0.state == .busy }
        }
        terminal.press("s")
        try terminal.screen.read("the status") { $0.text.contains("the-name-of-it") && $0.text.contains("default/2") }
        terminal.press("q")
        try terminal.screen.read("the answer to q") { $0.text.contains("draining: no more tasks start, 1 running") }
        try daemon.directory.write("", to: "gate")
        #expect(try daemon.launcher.wait() == 0)
        try daemon.expectNothingLeft()
    }

    @Test func controlCStopsAtOnce() throws {
        let terminal = try Terminal()
        try terminal.screen.read("the keys") { $0.text.contains("Ctrl-C stop") }
        try terminal.daemon.shell("echo $$ > task; sleep 1000")
        let pid = try terminal.daemon.directory.number("task")
        terminal.press("\u{03}")
        #expect(try terminal.daemon.launcher.wait() == 0)
        try terminal.daemon.expectNothingLeft()
        #expect(!isAlive(pid))
    }
}
