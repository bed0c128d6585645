import OrchProtocol

/// The files that an attempt has left, one a row: `orchctl files`.
public enum FileTable {
    public static func make(_ files: [ResultFile]) -> Table {
        var table = Table([.init("FILE", shrinks: true), .init("SIZE", alignsRight: true)])
        for file in files { table.add([.init(SafeText.line(file.name)), .init(ByteText.text(file.size))]) }
        return table
    }

    /// What is not there, and why: `3 left behind, a directory: only the files at the top are kept: a, b, c`.
    public static func text(_ left: LeftBehind) -> String {
        let more = left.count > left.names.count ? ", …" : ""
        let names = left.names.map { SafeText.line($0) }.joined(separator: ", ")
        return "\(left.count) not kept (\(SafeText.line(left.reason))): \(names)\(more)"
    }
}
