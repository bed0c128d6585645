import Glibc

/// Single keys from a terminal. Ctrl-C stays a signal.
struct TerminalInput {
    private let saved: termios

    /// Nil where standard input is not a terminal, or this process is not in its foreground.
    init?() {
        guard isatty(STDIN_FILENO) == 1, tcgetpgrp(STDIN_FILENO) == getpgrp() else { return nil }
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        saved = settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
        guard tcsetattr(STDIN_FILENO, TCSANOW, &settings) == 0 else { return nil }
    }

    func restore() {
        var settings = saved
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }

    /// The keys that have been pressed; nil when the terminal is gone.
    func read() -> [Character]? {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return buffer[..<count].map { Character(UnicodeScalar($0)) }
    }
}
