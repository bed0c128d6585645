import ArgumentParser
import Glibc
import OrchProtocol
import Platform
import Presentation

/// Bytes to standard output and standard error, as they are.
enum Output {
    /// Writes all of it.
    ///
    /// A reader that has gone, as in `orchctl logs 42 | head`, ends orchctl without a word, with the status that a shell
    /// shows for SIGPIPE.
    static func write(_ bytes: [UInt8], to descriptor: Int32 = STDOUT_FILENO, named name: String = "standard output") throws {
        switch DescriptorWriter.write(bytes, to: descriptor) {
        case 0: return
        case EPIPE: throw ExitCode(128 + SIGPIPE)
        case let error: throw Failure(.failed, DescriptorWriter.problem(error, name))
        }
    }

    /// Writes a value of the protocol to standard output, as a line of JSON for a program.
    static func print(line value: some Encodable) throws { try write([UInt8](Wire.line(value)) + [0x0A]) }

    /// Writes text to standard output.
    static func print(_ text: String) throws { try write(Array(text.utf8)) }

    /// Writes a remark, which is not part of the result, to standard error. It never fails: there is nobody to tell.
    static func remark(_ text: String, endsLine: Bool = true) {
        try? write(Array("orchctl: \(text)\(endsLine ? "\n" : "")".utf8), to: STDERR_FILENO)
    }

    /// Writes an error as JSON to standard error, for `--json`.
    static func fault(_ failure: Failure) {
        guard let line = try? Wire.line(["error": failure]) else { return remark(failure.message) }
        try? write([UInt8](line) + [0x0A], to: STDERR_FILENO)
    }
}

/// A line at the bottom of the terminal about what takes longer than a second. Elsewhere there is none.
final class Progress {
    private let name: String
    private let began = ContinuousClock.now
    private var shownAt: ContinuousClock.Instant?

    init(_ name: String) { self.name = name }

    func show(_ done: Int64, of all: Int64, _ what: String) {
        let now = ContinuousClock.now
        guard Terminal.isError, now - began > .seconds(1), now - (shownAt ?? began) > .milliseconds(200) else { return }
        shownAt = now
        let percent = all > 0 ? min(100, done * 100 / all) : 0
        write("\r\u{1B}[K\(name): \(percent) % of \(ByteText.text(all)), \(what)")
    }

    func clear() { if shownAt != nil { write("\r\u{1B}[K") } }

    private func write(_ text: String) { try? Output.write(Array(text.utf8), to: 2) }
}

/// What is known about who reads the output.
enum Terminal {
    static var isOutput: Bool { isatty(STDOUT_FILENO) == 1 }
    static var isInput: Bool { isatty(STDIN_FILENO) == 1 }
    static var isError: Bool { isatty(STDERR_FILENO) == 1 }

    /// The columns of the terminal; nil if the output is not a terminal, so nothing is cut off in a file.
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
