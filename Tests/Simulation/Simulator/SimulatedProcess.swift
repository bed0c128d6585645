import Engine
import Glibc
import OrchProtocol
import Platform
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
    /// It is the program of a rule, and this is how it goes.
    let ask: RouteBehaviour?
    private let question: JSONValue?
    /// They stay open for as long as it lives.
    private let descriptors: [Descriptor]
    var flags: EndReport.Flags = []
    /// How many it has written.
    private(set) var lines = 0
    /// When it is killed, on the monotonic clock.
    var killAt: Int64?
    /// It stands still.
    var isFrozen = false
    /// It was to end while it stood still.
    var isOverdue = false

    init?(_ order: LaunchOrder, _ descriptors: [Descriptor], channel: Descriptor?, start: StartReport) {
        let number = order.name.split(separator: ".").last.flatMap { Int($0) } ?? 1
        let arguments = order.arguments.map(\.lossy)
        isAgent = arguments.first == SimulatedAgent.name
        let words = isAgent ? (arguments.last ?? "").split(separator: " ").map(String.init) : arguments
        // How a worker ends depends on what it will be told.
        let ofWorker: (Int64, Job.Ending, Int64)? = channel.map { _ in (0, .hang, 0) }
        question = arguments.first == RouteBehaviour.program ? Self.question(order, descriptors) : nil
        ask = question.flatMap(RouteBehaviour.init)
        let ofRouter: (Int64, Job.Ending, Int64)? = ask.map { ($0.duration, $0.ending, 0) }
        guard let part = ofWorker ?? ofRouter ?? Job.part(of: words, attempt: number) else { return nil }
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
        if ask != nil {
            guard case .object(let members) = question else { return false }
            return members["task"] == .integer(task)
        }
        guard let index = order.descriptors.firstIndex(of: 0) else { return true }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = pread(descriptors[index].number, &buffer, buffer.count, 0)
        return ByteString(buffer.prefix(max(count, 0))) == order.arguments.last
    }

    private static func question(_ order: LaunchOrder, _ descriptors: [Descriptor]) -> JSONValue? {
        guard let index = order.descriptors.firstIndex(of: 0) else { return nil }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = pread(descriptors[index].number, &buffer, buffer.count, 0)
        return try? JSONValue(Array(buffer.prefix(max(count, 0))))
    }

    /// A program of a rule says what it has to say.
    func answer() {
        guard let ask, let index = order.descriptors.firstIndex(of: 1) else { return }
        let text = Array(ask.answer.text.utf8)
        _ = Glibc.write(descriptors[index].number, text, text.count)
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
