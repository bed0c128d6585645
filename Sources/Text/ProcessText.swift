import CLinux
import Glibc

/// What a process was started with, as the bytes that it is. `CommandLine.arguments` and `ProcessInfo` make other names of what is not
/// UTF-8.
public enum ProcessText {
    /// The name of the program and its arguments.
    public static var arguments: [ByteString] {
        let pointers = UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc))
        return pointers.compactMap { $0.map { ByteString(cString: $0) } }
    }

    /// A variable of the environment; nil where it is not set.
    public static func variable(_ name: String) -> ByteString? { getenv(name).map { ByteString(cString: $0) } }

    /// All variables, as `NAME=value`.
    public static var environment: [ByteString] {
        var variables: [ByteString] = []
        guard var next = linux_environment() else { return [] }
        while let variable = next.pointee {
            variables.append(ByteString(cString: variable))
            next += 1
        }
        return variables
    }

    /// The working directory; nil where it has been removed.
    public static var directory: ByteString? {
        guard let path = getcwd(nil, 0) else { return nil }
        defer { free(path) }
        return ByteString(cString: path)
    }

    /// What is wrong with the arguments and some variables for a program that takes only text; nil where nothing is.
    public static func complaint(arguments: [ByteString] = [], variables: [String]) -> String? {
        if let argument = arguments.first(where: { $0.text == nil }) {
            return "the argument \(argument.shellQuoted()) is not UTF-8, and here only names in UTF-8 can be used"
        }
        for name in variables {
            guard let value = variable(name), value.text == nil else { continue }
            return "the environment variable \(name) is not UTF-8: \(value.shellQuoted()); set it to another path"
        }
        return nil
    }
}
