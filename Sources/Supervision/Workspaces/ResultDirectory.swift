import Glibc
import Platform
import SupervisorLink

/// An open directory in which an attempt has left files. It is its user's, who may still change it, and so is judged at each step,
/// and opened with no more than the user's rights.
struct ResultDirectory {
    /// Nothing that a name leads to may keep us waiting, become our terminal, or be elsewhere.
    static let fileFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    /// The most entries that are looked at; nobody counts those beyond.
    static let maximumEntries = 1024

    let descriptor: Descriptor
    let owner: uid_t

    /// What is in a directory, in the order of the names.
    struct Contents {
        /// The names of those to be handed over.
        var files: [String] = []
        var count = 0
        private var tally: [ResultFiles.Reason: ResultFiles.Left] = [:]

        var left: [ResultFiles.Left] { tally.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value) }

        mutating func leave(_ name: [UInt8], _ reason: ResultFiles.Reason) {
            var left = tally[reason] ?? ResultFiles.Left(reason, count: 0, names: [])
            left.count += 1
            // Whatever it is, it can be shown, and is valid on the link.
            if left.names.count < ResultFiles.Left.examples { left.names.append(String(decoding: name, as: UTF8.self)) }
            tally[reason] = left
        }
    }

    func contents() -> Contents { asFileUser(owner) { list() } }

    private func list() -> Contents {
        var contents = Contents()
        for name in entries() {
            contents.count += 1
            if let reason = reason(name) {
                contents.leave(name, reason)
            } else if contents.files.count == ResultFiles.maximum {
                contents.leave(name, .tooMany)
            } else {
                contents.files.append(String(decoding: name, as: UTF8.self))
            }
        }
        return contents
    }

    /// Nil if it is no longer what it was.
    func open(_ name: String) -> Descriptor? {
        guard let file = asFileUser(owner, { try? Descriptor(opening: name, in: descriptor, Self.fileFlags) }),
            let status = try? file.status(), Self.reason(status, owner) == nil
        else { return nil }
        return file
    }

    /// What keeps something from being handed over.
    static func reason(_ status: stat, _ owner: uid_t) -> ResultFiles.Reason? {
        switch status.st_mode & S_IFMT {
        case S_IFREG: status.st_uid == owner ? nil : .owner
        case S_IFDIR: .directory
        default: .special
        }
    }

    private func reason(_ name: [UInt8]) -> ResultFiles.Reason? {
        // Looked at before it is opened: to open a device may do something.
        var status = stat()
        let path = name.map { CChar(bitPattern: $0) } + [0]
        guard fstatat(descriptor.number, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return .unreadable }
        if let reason = Self.reason(status, owner) { return reason }
        guard let text = String(validating: name, as: UTF8.self), isResultFileName(text), !text.hasControls else {
            return .name
        }
        return nil
    }

    /// The names of what is in it, sorted.
    private func entries() -> [[UInt8]] {
        directoryEntries(in: descriptor, most: Self.maximumEntries).map(\.name).sorted { $0.lexicographicallyPrecedes($1) }
    }
}

/// Which attempts left a result file: symbolic links in the state directory, so that a new supervisor still finds it.
final class ResultLinks {
    struct Place: Equatable {
        let folder: String
        let name: String
    }

    private static let prefix = "result-"
    private let directory: Descriptor
    private var places: [UInt64: Place] = [:]

    /// Takes over the links of unacknowledged ends.
    init(in directory: Descriptor, unacknowledged: some Collection<UInt64>) {
        self.directory = directory
        for attempt in unacknowledged {
            var target = [CChar](repeating: 0, count: 256)
            let count = readlinkat(directory.number, Self.prefix + String(attempt), &target, target.count)
            guard count > 0, count < target.count else { continue }
            let words = String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: "/")
            if words.count == 2 { places[attempt] = Place(folder: String(words[0]), name: String(words[1])) }
        }
    }

    func place(of attempt: UInt64) -> Place? { places[attempt] }

    func add(_ attempt: UInt64, folder: String, name: String) {
        places[attempt] = Place(folder: folder, name: name)
        symlinkat("\(folder)/\(name)", directory.number, Self.prefix + String(attempt))
    }

    func remove(_ attempt: UInt64) {
        guard places.removeValue(forKey: attempt) != nil else { return }
        unlinkat(directory.number, Self.prefix + String(attempt), 0)
    }
}
