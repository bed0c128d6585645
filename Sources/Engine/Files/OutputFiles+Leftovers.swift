import Foundation
import Glibc

extension OutputFiles {
    /// Removes what is left of tasks that are no more: an engine may go down between forgetting them and removing their files.
    ///
    /// - Parameter tasks: those that there are, of a range of ids.
    func removeLeftovers(tasks: (ClosedRange<Int64>) throws -> Set<Int64>) rethrows {
        let manager = FileManager.default
        for shard in (try? manager.contentsOfDirectory(atPath: root))?.compactMap({ Int64($0) }) ?? [] {
            // Listed before the tasks are asked for: a file that comes later is of a task that comes later.
            let names = (try? manager.contentsOfDirectory(atPath: "\(root)/\(shard)")) ?? []
            let kept = try tasks(shard * 1000...shard * 1000 + 999)
            for name in names {
                guard let task = Int64(name.prefix { $0 != "." }), !kept.contains(task) else { continue }
                let path = "\(root)/\(shard)/\(name)"
                if unlink(path) != 0, errno == EISDIR { Self.removeFiles(path) }
            }
        }
    }
}
