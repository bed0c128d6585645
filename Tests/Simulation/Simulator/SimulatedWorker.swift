import Engine
import Foundation
import Glibc
import OrchProtocol
import Platform

/// The program at the other end of a channel: it speaks the worker protocol, more or less.
final class SimulatedWorker {
    enum Heard {
        case task(WorkerTask)
        case exit
        /// Nobody will say anything more.
        case end
    }

    /// What it means that a line has been said as a whole.
    enum Meaning {
        case ready
        case accepted
        case result(isSuccess: Bool)
        /// Nothing after it counts.
        case nonsense
        case nothing
    }

    var manner = WorkerBehaviour.good
    private(set) var task: WorkerTask?
    private let socket: Descriptor
    private var unread: [UInt8] = []
    private var unsaid: [(bytes: [UInt8], meaning: Meaning)] = []
    /// It has been given a task after its first, which a worker does not take.
    private(set) var secondTask: WorkerTask?

    init(_ socket: Descriptor) { self.socket = socket }

    /// The two ends of a channel.
    static func channel() -> (engines: Descriptor, workers: Descriptor)? {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0,
            let engines = try? Descriptor(pair[0], "make a channel"), let workers = try? Descriptor(pair[1], "make a channel")
        else { return nil }
        return (engines, workers)
    }

    /// How its task is to go, by the words of its command or its prompt.
    var part: (duration: Int64, ending: Job.Ending, chatter: Int64)? {
        guard let task else { return nil }
        let words = task.command ?? task.prompt?.split(separator: " ").map(String.init) ?? []
        return Job.part(of: words, attempt: task.attempt)
    }

    /// All that has been said to it since the last time. It takes one task, ever, and ignores what is no message.
    func read() -> [Heard] {
        var received: [Heard] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(socket.number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 { unread += buffer[..<count] }
            if count == 0 { received.append(.end) }
            guard count > 0 else { break }
        }
        while let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
            let line = Data(unread[..<end])
            unread.removeFirst(end + 1)
            if line.elementsEqual(WorkerProtocol.exit) { received.append(.exit) }
            guard let task = try? JSONDecoder().decode(WorkerTask.self, from: line) else { continue }
            if self.task == nil {
                self.task = task
                received.append(.task(task))
            } else if self.task != task {
                secondTask = task
            }
        }
        return received
    }

    func say(_ text: String, _ meaning: Meaning) { unsaid.append((Array("\(text)\n".utf8), meaning)) }

    var hasSomethingToSay: Bool { !unsaid.isEmpty }

    /// Writes what it has to say, or so many bytes of it.
    ///
    /// - Returns: the meanings of the lines that are out now.
    func write(_ limit: Int) -> [Meaning] {
        var limit = limit
        var out: [Meaning] = []
        while limit > 0, let (bytes, meaning) = unsaid.first {
            let count = send(
                socket.number, bytes, min(bytes.count, limit), Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            guard count > 0 else {
                // Nobody is there any more, or nobody listens to one that never ends.
                unsaid = []
                break
            }
            limit -= count
            if count == bytes.count {
                unsaid.removeFirst()
                out.append(meaning)
            } else {
                unsaid[0].bytes.removeFirst(count)
            }
        }
        return out
    }
}
