import Glibc

/// A system call that failed: what it was for, and why.
public struct SystemError: Error, Sendable, CustomStringConvertible {
    /// What was being done: "create /path".
    public let action: String
    /// The errno.
    public let code: Int32

    public init(_ action: String, code: Int32 = errno) {
        self.action = action
        self.code = code
    }

    public var description: String { "cannot \(action): \(Self.text(code))" }

    /// What an errno means.
    public static func text(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }

    /// Whether the machine is short of something, so that a later try may well succeed.
    public var isShortage: Bool { [ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM, EAGAIN].contains(code) }

    /// Checks the result of a call that returns a negative errno.
    @discardableResult
    public static func check(_ action: @autoclosure () -> String, _ result: Int32) throws(SystemError) -> Int32 {
        guard result >= 0 else { throw SystemError(action(), code: -result) }
        return result
    }
}

/// Why a program cannot start, in a sentence that says what to do.
public struct StartError: Error, Sendable, CustomStringConvertible {
    public var description: String
    /// Whether the next start will fail for the same reason, so that somebody has to do something first.
    public var isLasting: Bool

    public init(_ description: String, isLasting: Bool = false) {
        self.description = description
        self.isLasting = isLasting
    }
}
