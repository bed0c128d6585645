import CLinux
import Glibc
import SupervisorLink

extension Supervisor {
    /// The worktree of an attempt is made, or cannot be.
    ///
    /// - Parameter isOver: its leader has ended, so nothing more can come.
    func worktreeReported(_ number: UInt64, isOver: Bool = false) {
        guard let attempt = running[number], let pipe = attempt.worktree else { return }
        switch WorktreeReport.read(pipe.descriptor) {
        case .nothing where !isOver: return
        case .nothing, .closed: break
        case .failed(let failure): attempt.startFailure = failure
        }
        loop.remove(pipe.token)
        attempt.worktree = nil
    }

    /// Where `orchd-worktree` may be: beside this program, or installed.
    static let worktreePrograms: [ByteString] = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        let own = path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
        let place = ByteString(own.prefix((own.lastIndex(of: UInt8(ascii: "/")) ?? 0)))
        return ["\(place)/orchd-worktree", "\(place)/../libexec/orchd/orchd-worktree"]
    }()
}

extension SpawnPlan {
    /// Puts the program that makes the worktree before the one of the order. It starts in the workspace, for there is no tree yet.
    mutating func makeWorktree(
        of repository: String, for order: LaunchOrder, in workspace: String, telling report: WorktreeReport
    ) {
        let taken = descriptors.map(\.to)
        // Fewer than these come with an order.
        let number = (Int32(3)...63).first { !taken.contains($0) } ?? 63
        let tree = "\(workspace)/\(WorkspacePaths.treeName)"
        let branch = WorkspacePaths.branch(of: order.name)
        arguments =
            ["orchd-worktree", "\(number)", ByteString(repository), ByteString(branch), ByteString(tree)] + candidates + ["--"]
            + arguments
        candidates = Supervisor.worktreePrograms
        descriptors.append(spawn_descriptor(from: report.programs.number, to: number))
    }
}
