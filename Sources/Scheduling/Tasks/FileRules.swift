import OrchProtocol
import Text

/// What files a task may bring along.
extension SpecRules {
    /// Bytes of a name, of each of its parts, and how many parts it may have.
    private static let longestName = (whole: 1024, part: 255, parts: 16)

    public static func check(files: [SubmittedFile]?, _ path: String?) throws(WireError) {
        guard let files else { return }
        guard files.count <= SubmittedFile.most else {
            return try fail("must be at most \(SubmittedFile.most) files, not \(files.count)", "files", path)
        }
        let size = files.reduce(0) { $0 + $1.base64.count }
        guard size <= SubmittedFile.mostBytes else {
            return try fail(
                "must have at most \(SubmittedFile.mostBytes >> 20) MiB together, not \(size) bytes; let the task fetch what is larger",
                "files", path)
        }
        var names: Set<[UInt8]> = []
        for (index, file) in files.enumerated() {
            let field = "files[\(index)].name"
            try fail(complaint(ofFile: file.name), field, path)
            guard names.insert(Array(file.name.utf8)).inserted else {
                return try fail("must not be the name of two files: \"\(file.name.shortened(to: 60))\"", field, path)
            }
        }
        for (index, file) in files.enumerated() {
            let name = Array(file.name.utf8)
            for slash in name.indices where name[slash] == UInt8(ascii: "/") && names.contains(Array(name[..<slash])) {
                try fail("must not be in a directory that is a file, too", "files[\(index)].name", path)
            }
        }
    }

    /// What is wrong with a name, as one that leads out of the directory; nil if nothing is.
    static func complaint(ofFile name: String) -> String? {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let shown = "\"\(SafeText.line(name.shortened(to: 60)))\""
        if name.hasControls { return "must have no control characters" }
        if name.utf8.first == UInt8(ascii: "/") { return "must be relative to the directory of the task, not \(shown)" }
        if parts.contains(where: { $0.isEmpty || $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }) {
            return "must be a name such as \"data/notes.txt\", without empty parts, \".\" and \"..\", not \(shown)"
        }
        if name.utf8.count > longestName.whole || parts.count > longestName.parts
            || parts.contains(where: { $0.count > longestName.part })
        {
            return
                "must have at most \(longestName.whole) bytes and \(longestName.parts) parts, each of at most \(longestName.part)"
        }
        if name.has(prefix: ".orch-") { return "must not begin with \".orch-\", as orchd's own files do" }
        return nil
    }
}
