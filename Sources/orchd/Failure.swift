import ArgumentParser
import Engine
import Glibc

/// Ends a program that cannot go on, with the reason on standard error.
///
/// - Parameter status: 1, or what `systemd.exec(5)` and sysexits.h mean by it.
func fail(_ error: any Error, status: Int32 = 1) -> ExitCode {
    printError("orchd: \(error)")
    return ExitCode(status)
}

func printError(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = write(STDERR_FILENO, line, line.count)
}

/// The exit status where another start is of no use before somebody has done something, as about a configuration that is not
/// valid: EX_CONFIG of sysexits.h.
let configurationStatus: Int32 = 78
