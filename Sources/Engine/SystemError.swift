import Glibc

/// A system call that failed: which, on what, and why.
public struct SystemError: Error, Sendable, CustomStringConvertible {
    public var number: Int32
    /// What was being done: "create /path".
    public var action: String

    public init(_ number: Int32, _ action: String) {
        self.number = number
        self.action = action
    }

    public var description: String { "cannot \(action): \(Self.text(number))" }

    static func text(_ number: Int32) -> String { String(cString: strerror(number)) }

    /// Whether the machine is short of something, so that a later try may well succeed.
    var isShortage: Bool { [ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM, EAGAIN].contains(number) }
}

/// A file descriptor that is closed when nobody holds it any more.
package final class Descriptor: Sendable {
    package let number: Int32

    /// - Throws: ``SystemError`` if the number is that of a failed call.
    package init(_ number: Int32, _ action: @autoclosure () -> String) throws(SystemError) {
        guard number >= 0 else { throw SystemError(number == -1 ? errno : -number, action()) }
        self.number = number
    }

    deinit { close(number) }
}
