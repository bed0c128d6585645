import CLinux
import Glibc
import Platform
import SupervisorLink

/// A pipe from `orchd-worktree`, which has the only other end. It closes when the program of the attempt runs in its new worktree;
/// otherwise it says first what failed.
struct WorktreeReport {
    let supervisors: Descriptor
    let programs: Descriptor

    init() throws(SpawnFailure) {
        do throws(SystemError) {
            (supervisors, programs) = try Descriptor.pipe(waits: false)
        } catch {
            throw SpawnFailure(step: .resources, code: error.code)
        }
    }

    enum News: Equatable {
        /// It is still at work.
        case nothing
        /// The program runs, or it was killed before it could say anything.
        case closed
        case failed(SpawnFailure)
    }

    /// What has been said by now. A report is smaller than what a pipe takes at once, so it comes whole.
    static func read(_ pipe: Descriptor) -> News {
        var report: [Int32] = [0, 0]
        let size = MemoryLayout<Int32>.size * report.count
        let count = Glibc.read(pipe.number, &report, size)
        if count < 0 { return errno == EAGAIN || errno == EINTR ? .nothing : .closed }
        guard count == size, let number = UInt8(exactly: report[0]), let step = EndReport.Step(rawValue: number) else {
            return .closed
        }
        return .failed(SpawnFailure(step: step, code: report[1]))
    }
}

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
        give(report.programs, as: number)
    }
}
