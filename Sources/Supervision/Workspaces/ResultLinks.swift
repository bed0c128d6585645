import Glibc

/// Which attempts left a result file: symbolic links in the state directory, so that a new supervisor still finds it.
final class ResultLinks {
    struct Place: Equatable {
        let folder: String
        let name: String
    }

    private static let prefix = "result-"
    private let directory: OwnedDescriptor
    private var places: [UInt64: Place] = [:]

    /// Takes over the links of unacknowledged ends.
    init(in directory: OwnedDescriptor, unacknowledged: some Collection<UInt64>) {
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
