import Glibc
import Platform
import Presentation

/// What is known about who reads the output.
enum Terminal {
    static var isOutput: Bool { isatty(STDOUT_FILENO) == 1 }
    static var isError: Bool { isatty(STDERR_FILENO) == 1 }

    /// The columns of the terminal; nil where the output is none, so that nothing is cut off in a file.
    static var width: Int? {
        guard isOutput else { return nil }
        var size = winsize()
        if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        return environment(.columns).flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 80
    }

    /// The rows of the terminal.
    static var height: Int {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_row > 0 ? Int(size.ws_row) : 24
    }

    static var style: Style {
        let isWanted = isOutput || !["", "0"].contains(environment(.forceColor) ?? "")
        return Style(isTerminal: isWanted, noColor: environment(.noColor), term: environment(.terminal))
    }

    static var errorStyle: Style {
        Style(isTerminal: isError, noColor: environment(.noColor), term: environment(.terminal))
    }

    private static func environment(_ variable: Variable) -> String? { Environment.own[variable] }
}
