import CLinux
import Glibc
import SupervisorLink

/// A pipe from `orchd-worktree`, which has the only other end. It closes when the program of the attempt runs in its new worktree;
/// otherwise it says first what failed.
struct WorktreeReport {
    let supervisors: OwnedDescriptor
    let programs: OwnedDescriptor

    init() throws(SpawnFailure) {
        var ends: [Int32] = [-1, -1]
        guard linux_pipe(&ends) == 0 else { throw SpawnFailure(step: .resources, code: errno) }
        supervisors = OwnedDescriptor(ends[0])
        programs = OwnedDescriptor(ends[1])
    }

    enum News: Equatable {
        /// It is still at work.
        case nothing
        /// The program runs, or it was killed before it could say anything.
        case closed
        case failed(SpawnFailure)
    }

    /// What has been said by now. A report is smaller than what a pipe takes at once, so it comes whole.
    static func read(_ pipe: OwnedDescriptor) -> News {
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
