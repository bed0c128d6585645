import FoundationEssentials
import TestSupport

@testable import Engine

/// Output of a task, from its last lines on, and the index beside it that a crash may have torn.
enum OutputTarget: FuzzTarget {
    static let name = "output"

    static func check(_ input: [UInt8]) throws {
        guard let first = input.first else { return }
        let bytes = Array(input.dropFirst())
        let scratch = try ScratchDirectory()
        let path = scratch.path("output")
        try Data(bytes).write(to: URL(filePath: path))
        let lines = Int(first)
        let offset = LineTail.offset(in: path, lines: lines)
        try hold(offset == expected(bytes, lines: lines), "the last \(lines) lines begin at \(offset)")
        try Data(bytes).write(to: URL(filePath: path + OutputIndex.suffix))
        let since = OutputIndex.offset(in: path, writtenSince: 1_000)
        try hold(since >= 0 && since <= bytes.count, "output of \(bytes.count) bytes begins at \(since)")
    }

    private static func expected(_ bytes: [UInt8], lines: Int) -> Int64 {
        let ends = bytes.indices.dropLast().filter { bytes[$0] == 0x0A }
        if lines == 0 { return Int64(bytes.count) }
        return lines > ends.count ? 0 : Int64(ends[ends.count - lines] + 1)
    }
}
