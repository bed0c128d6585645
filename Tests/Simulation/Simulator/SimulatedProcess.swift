import Engine
import Glibc
import OrchProtocol
import SupervisorLink

/// A process of the simulated machine: it does what its arguments say.
final class SimulatedProcess {
    let order: LaunchOrder
    let start: StartReport
    let ending: Job.Ending
    let duration: Int64
    let chatter: Int64
    /// What it does where it is a warm worker.
    let worker: SimulatedWorker?
    /// It was started for a prompt.
    let isAgent: Bool
    /// They stay open for as long as it lives.
    private let descriptors: [Descriptor]
    var flags: EndReport.Flags = []
    /// How many it has written.
    private(set) var lines = 0
    /// When it is killed, on the monotonic clock.
    var killAt: Int64?

    init?(_ order: LaunchOrder, _ descriptors: [Descriptor], channel: Descriptor?, start: StartReport) {
        let number = order.name.split(separator: ".").last.flatMap { Int($0) } ?? 1
        isAgent = order.arguments.first == SimulatedAgent.name
        let words = isAgent ? (order.arguments.last ?? "").split(separator: " ").map(String.init) : order.arguments
        // How a worker ends depends on what it will be told.
        let ofWorker: (Int64, Job.Ending, Int64)? = channel.map { _ in (0, .hang, 0) }
        guard let part = ofWorker ?? Job.part(of: words, attempt: number) else { return nil }
        worker = channel.map(SimulatedWorker.init)
        self.order = order
        self.descriptors = descriptors
        self.start = start
        (duration, ending, chatter) = part
    }

    var attempt: UInt64 { start.attempt }
    var task: Int64 { Int64(order.name.prefix { $0 != "." }) ?? 0 }
    /// Without anybody's doing.
    var endsByItself: Bool { ![.hang, .stubborn, .missing].contains(ending) }

    /// The name that its output has in the end; nil for a worker without a task.
    var outputName: String? {
        guard let worker else { return order.name }
        return worker.task.map { "\($0.id).\($0.attempt)" }
    }

    /// Whether what it finds on its standard input is what its task was given.
    var hasItsInput: Bool {
        guard let index = order.descriptors.firstIndex(of: 0) else { return true }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = pread(descriptors[index].number, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self) == order.arguments.last
    }

    /// Writes a line to its standard error.
    func complain(_ text: String) {
        guard let index = order.descriptors.firstIndex(of: 2) else { return }
        let line = Array("\(text)\n".utf8)
        _ = Glibc.write(descriptors[index].number, line, line.count)
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
