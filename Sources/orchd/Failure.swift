import ArgumentParser
import Engine
import Glibc
import Storage

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

/// EX_CONFIG of sysexits.h: the next start would end the same way, so a service manager need not try.
let configurationStatus: Int32 = 78

/// The exit status for an error that ends the start. A configuration or a database that is refused stays so until somebody has
/// done something about it; anything else, such as a state directory that another daemon still has, may have passed by the
/// next time.
func startStatus(_ error: any Error) -> Int32 {
    switch error {
    case is ConfigurationError: configurationStatus
    case let error as StorageError where error.code == .damaged || error.code == .newer: configurationStatus
    default: 1
    }
}
