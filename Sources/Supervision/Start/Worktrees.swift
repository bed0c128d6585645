import CLinux
import Glibc
import Platform
import SupervisorLink

/// A pipe from the helpers that prepare the workspace of an attempt, `orchd-worktree` and `orchd-files`, which alone have the other end.
/// It closes when the program of the attempt runs; otherwise it says first what failed.
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

    /// Where a helper may be: beside this program, or installed.
    static func places(of helper: String) -> [ByteString] {
        ["\(ownDirectory)/\(helper)", "\(ownDirectory)/../libexec/orchd/\(helper)"]
    }

    private static let ownDirectory: ByteString = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        let own = path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
        return ByteString(own.prefix((own.lastIndex(of: UInt8(ascii: "/")) ?? 0)))
    }()
}

extension SpawnPlan {
    /// Puts the program that makes the worktree before the one of the order. It starts in the workspace, for there is no tree yet.
    mutating func makeWorktree(
        of repository: String, for order: LaunchOrder, in workspace: String, telling report: WorktreeReport
    ) {
        let tree = "\(workspace)/\(WorkspacePaths.treeName)"
        let branch = WorkspacePaths.branch(of: order.name)
        precede(with: "orchd-worktree", [ByteString(repository), ByteString(branch), ByteString(tree)], telling: report)
    }

    /// The same with the program that puts the files into a directory that came with the task.
    mutating func putFiles(from archive: Int32, into directory: String, telling report: WorktreeReport) {
        precede(with: "orchd-files", ["\(archive)", ByteString(directory)], telling: report)
    }

    private mutating func precede(with helper: String, _ own: [ByteString], telling report: WorktreeReport) {
        let taken = descriptors.map(\.to)
        // Fewer than these come with an order.
        let number = (Int32(3)...63).first { !taken.contains($0) } ?? 63
        arguments = [ByteString(helper), "\(number)"] + own + candidates + ["--"] + arguments
        candidates = Supervisor.places(of: helper)
        give(report.programs, as: number)
    }
}
