import Text

/// The id that a task had in an old queue file, kept in its key.
public enum LegacyID {
    /// In bytes: as long as the name of a task may be, which it becomes, too.
    public static let maximum = 200
    private static let prefix = "import:"

    /// The key of the task with this id; nil where no task could be named so.
    static func key(_ id: String) -> String? {
        let isPrintable = !id.hasControls
        return isPrintable && !id.isEmpty && id.utf8.count <= maximum ? prefix + id : nil
    }

    /// The old id that is in a key; nil for one of a task that was not imported.
    public static func id(ofKey key: String) -> String? {
        // By bytes: an id may begin with what combines with the prefix's last character.
        guard key.utf8.starts(with: prefix.utf8), key.utf8.count > prefix.utf8.count else { return nil }
        return String(Substring(key.utf8.dropFirst(prefix.utf8.count)))
    }
}
