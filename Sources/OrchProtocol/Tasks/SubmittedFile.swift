import FoundationEssentials

/// A file that comes with a task, and is in its directory before it starts.
public struct SubmittedFile: Codable, Sendable, Equatable {
    /// Where in that directory: `notes.txt`, `data/notes.txt`.
    public var name: String
    /// The bytes; base64 in JSON.
    public var base64: Data

    public init(name: String, base64: Data) {
        self.name = name
        self.base64 = base64
    }

    public enum CodingKeys: String, CodingKey, CaseIterable { case name, base64 }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        base64 = try container.decode(Data.self, forKey: .base64)
    }

    /// How many a task may have, and how many bytes they may have together.
    public static let most = 100
    public static let mostBytes = 25 << 20
}

/// The files of a task where the engine keeps them, apart from the queue.
package struct KeptFiles: Codable, Sendable, Equatable {
    /// The name of the one file that has them all.
    package var archive: String
    package var files: [ResultFile]

    package init(archive: String, files: [ResultFile]) {
        self.archive = archive
        self.files = files
    }

    package var size: Int64 { files.reduce(0) { $0 + $1.size } }
}
