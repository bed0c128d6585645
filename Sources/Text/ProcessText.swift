import CLinux
import Glibc

/// What a process was started with, as the bytes that it is. `CommandLine.arguments` and `ProcessInfo` make other names of what is not
/// UTF-8, and the former is empty where there is no /proc.
public enum ProcessText {
    /// The name of the program and its arguments.
    public static var arguments: [ByteString] {
        all(from: linux_arguments())
    }

    /// A variable of the environment; nil where it is not set.
    public static func variable(_ name: String) -> ByteString? { getenv(name).map { ByteString(cString: $0) } }

    /// All variables, as `NAME=value`.
    public static var environment: [ByteString] {
        all(from: linux_environment())
    }

    private static func all(from list: UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> [ByteString] {
        var strings: [ByteString] = []
        guard var next = list else { return [] }
        while let string = next.pointee {
            strings.append(ByteString(cString: string))
            next += 1
        }
        return strings
    }

    /// The working directory; nil, with errno set, where it has been removed.
    public static var directory: ByteString? { taken(getcwd(nil, 0)) }

    /// The path of a file without links in it; nil, with errno set, where there is none.
    public static func realPath(_ path: ByteString) -> ByteString? { taken(path.withCString { realpath($0, nil) }) }

    /// Where a symbolic link leads; nil for what is not one.
    public static func target(of path: String) -> ByteString? {
        var room = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &room, room.count)
        return count < 0 ? nil : ByteString(room[..<count])
    }

    private static func taken(_ path: UnsafeMutablePointer<CChar>?) -> ByteString? {
        guard let path else { return nil }
        defer { free(path) }
        return ByteString(cString: path)
    }

    /// The arguments, for a program that takes only text.
    public static func textArguments() throws(NotText) -> [String] {
        var words: [String] = []
        for argument in arguments.dropFirst() { words.append(try argument.text(as: "an argument")) }
        return words
    }
}
