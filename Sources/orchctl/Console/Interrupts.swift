import CLinux
import Glibc
import OrchClient

/// Ctrl-C and SIGTERM as bytes in a pipe, so that a wait for the daemon is a wait for them as well.
enum Interrupts {
    /// What to do while the daemon is waited for and somebody presses Ctrl-C: to throw ends the wait.
    static func watches(_ onSignal: @escaping (_ descriptor: Int32) throws -> Void) -> [Watch] {
        descriptor().map { descriptor in [Watch(descriptor: descriptor) { try onSignal(descriptor) }] } ?? []
    }

    /// The end to read from, one byte for each signal; nil if there can be no pipe.
    private static func descriptor() -> Int32? {
        var ends: [Int32] = [-1, -1]
        guard linux_pipe(&ends, false) == 0 else { return nil }
        writingEnd = ends[1]
        // A shell that puts us in the background has us ignore Ctrl-C, which then means somebody else.
        for number in [SIGINT, SIGTERM] where !linux_ignores(number) {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { _ in
                let saved = errno
                var byte: UInt8 = 1
                _ = write(writingEnd, &byte, 1)
                errno = saved
            }
            action.sa_flags = SA_RESTART
            sigaction(number, &action, nil)
        }
        return ends[0]
    }
}

/// Written once, before the handler that reads it is installed.
nonisolated(unsafe) private var writingEnd: Int32 = -1
