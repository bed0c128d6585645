import ArgumentParser
import FoundationEssentials
import Glibc
import OrchProtocol

/// `PATH[:NAME]` of `--file`.
enum FileArgument {
    /// The name is that of the file, or what follows the last colon where there is no file with the whole as its path.
    static func read(_ argument: ByteString) throws -> SubmittedFile {
        var (path, name) = (argument, nil as ByteString?)
        let exists = argument.withCString { access($0, F_OK) == 0 }
        if !exists, let colon = argument.bytes.lastIndex(of: UInt8(ascii: ":")) {
            (path, name) = (ByteString(argument.bytes[..<colon]), ByteString(argument.bytes[(colon + 1)...]))
        }
        let own = path.bytes.lastIndex(of: UInt8(ascii: "/")).map { ByteString(path.bytes[($0 + 1)...]) } ?? path
        guard let text = (name ?? own).text, !text.isEmpty else {
            throw ValidationError("--file \(argument.shellQuoted()): give it a name that is UTF-8 text, after a colon")
        }
        let bytes = try Input.bytes(of: path == "-" ? "./-" : path, atMost: SubmittedFile.mostBytes)
        return SubmittedFile(name: text, base64: Data(bytes))
    }
}
