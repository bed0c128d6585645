import ArgumentParser
import Glibc
import OrchProtocol
import Text

/// What tasks have written, to standard output and standard error. Only a terminal does not get every byte.
///
/// A task could otherwise set the terminal's title, write to the clipboard, or overwrite what stands above.
final class TaskOutput {
    private var filters: [Int32: TerminalFilter]

    /// - Parameter raw: whether a terminal gets everything, too.
    init(raw: Bool) {
        filters = [:]
        guard !raw else { return }
        if Terminal.isOutput { filters[STDOUT_FILENO] = TerminalFilter() }
        if Terminal.isError { filters[STDERR_FILENO] = TerminalFilter() }
    }

    func write(_ bytes: [UInt8], to descriptor: Int32 = STDOUT_FILENO) throws {
        try Output.write(filters[descriptor]?.pass(bytes) ?? bytes, to: descriptor)
    }

    func write(_ bytes: [UInt8], of chunk: OutputChunk) throws {
        try write(bytes, to: chunk.stream == .stdout ? STDOUT_FILENO : STDERR_FILENO)
    }

    /// Writes the result of a task to standard output.
    ///
    /// - Parameter isLine: whether it must end with a line feed, where it has none of its own.
    func print(_ result: TaskResult, isLine: Bool, ofTask id: Int64) throws {
        let needsFeed = isLine && !result.text.isEmpty && result.text.utf8.last != UInt8(ascii: "\n")
        try write(Array((result.text + (needsFeed ? "\n" : "")).utf8))
        try finish()
        if result.truncated { Output.remark("this is only the beginning; orchctl logs \(id) has all") }
    }

    /// Ends what the tasks have left begun, such as a colour.
    func finish() throws {
        for descriptor in filters.keys {
            if let rest = filters[descriptor]?.finish(), !rest.isEmpty { try Output.write(rest, to: descriptor) }
        }
    }
}

/// Whether a terminal gets what tasks have written as it is.
struct RawOption: ParsableArguments {
    @Flag(help: "Also send a terminal what could change it, such as the codes that move its cursor.")
    var raw = false
}
