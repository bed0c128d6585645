/// What `PRAGMA user_version` says: which version the tables have, and from which version on a program can work with them.
///
/// A migration that only adds — tables, indexes, columns that may be NULL or have a default — leaves `oldestReader` where it was, and the
/// previous program can still open the database; one that changes what a former program relies on raises it to its own version.
/// The number is in the header of the file, where ``FileCheck`` reads it before SQLite is let near: thousands for the oldest
/// reader, the rest for the version. Without thousands, the version itself is the oldest reader.
struct SchemaVersion: Equatable {
    let version: Int
    let oldestReader: Int

    init(version: Int, oldestReader: Int) {
        self.version = version
        self.oldestReader = oldestReader
    }

    init(userVersion: Int) {
        version = userVersion % 1000
        oldestReader = userVersion >= 1000 ? userVersion / 1000 : version
    }

    var userVersion: Int { oldestReader * 1000 + version }

    /// Whether a program that knows the tables up to a version can work with these.
    func isReadable(by known: Int) -> Bool { version <= known || oldestReader <= known }
}
