import ArgumentParser
import Engine
import Glibc
import Platform
import Settings
import Text

/// Ends a program that cannot continue, with the reason on standard error.
///
/// - Parameter status: 1, or what `systemd.exec(5)` and sysexits.h mean by it.
func fail(_ error: any Error, status: Int32 = 1) -> ExitCode {
    printError("orchd: \(error)")
    return ExitCode(status)
}

func printError(_ text: String) { _ = DescriptorWriter.write(Array((text + "\n").utf8), to: STDERR_FILENO) }

/// Prints a line of what was asked for.
///
/// - Throws: ``StartError`` where nobody can have read it.
func printOutput(_ text: String, terminator: String = "\n") throws {
    let error = DescriptorWriter.write(Array((text + terminator).utf8), to: STDOUT_FILENO)
    guard error == 0 else { throw StartError(DescriptorWriter.problem(error)) }
}

/// EX_CONFIG of sysexits.h: the next start would end the same way, so a service manager need not try.
let configurationStatus: Int32 = 78

/// The exit status for an error that ends the start.
func startStatus(_ error: any Error) -> Int32 {
    switch error {
    case is ConfigurationError, is NotText: configurationStatus
    case let error as StartError where error.isLasting: configurationStatus
    default: 1
    }
}
