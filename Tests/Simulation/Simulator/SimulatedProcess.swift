import Engine
import Glibc
import SupervisorLink

/// A process of the simulated machine: it does what its arguments say.
final class SimulatedProcess {
    let order: LaunchOrder
    let start: StartReport
    let ending: Job.Ending
    let duration: Int64
    let chatter: Int64
    /// They stay open for as long as it lives.
    private let descriptors: [Descriptor]
    var flags: EndReport.Flags = []
    /// How many it has written.
    private(set) var lines = 0
    /// When it is killed, on the monotonic clock.
    var killAt: Int64?

    init?(_ order: LaunchOrder, _ descriptors: [Descriptor], start: StartReport) {
        let number = order.name.split(separator: ".").last.flatMap { Int($0) } ?? 1
        guard let part = Job.part(of: order.arguments, attempt: number) else { return nil }
        self.order = order
        self.descriptors = descriptors
        self.start = start
        (duration, ending, chatter) = part
    }

    var attempt: UInt64 { start.attempt }
    var task: Int64 { Int64(order.name.prefix { $0 != "." }) ?? 0 }
    /// Without anybody's doing.
    var endsByItself: Bool { ending == .success || ending == .failure || ending == .crash }

    /// Whether what it finds on its standard input is what its task was given.
    var hasItsInput: Bool {
        guard let index = order.descriptors.firstIndex(of: 0) else { return true }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = pread(descriptors[index].number, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self) == order.arguments.last
    }

    /// Writes a line; the file then says that it was written now, by the simulated clock.
    func write(wall: Int64) {
        guard let index = order.descriptors.firstIndex(of: 1) else { return }
        let line = Array("\(order.name)\n".utf8)
        _ = Glibc.write(descriptors[index].number, line, line.count)
        lines += 1
        let time = timespec(tv_sec: Int(wall / 1000), tv_nsec: Int(wall % 1000) * 1_000_000)
        futimens(descriptors[index].number, [time, time])
    }
}
