import Platform
import Scheduling
import SupervisorLink

/// The order of messages on one connection: first `welcome`, then the inventory, then news.
package struct LinkSession {
    private enum Stage {
        case greeting
        case inventory(Inventory)
        case connected
    }

    private var stage = Stage.greeting
    private let generation: UInt64
    private let isQuiet: Bool
    private let reports: EndEnricher
    private(set) var peer: SupervisorMessage.Welcome?
    /// Why the supervisor is about to end the connection, where it says so.
    private(set) var closing: String?
    /// Those that nobody has taken yet.
    private var channels: [(worker: Int64, channel: Descriptor)] = []
    private var doors: [(attempt: Int64, listener: Descriptor)] = []
    /// Those of attempts whose end has not come yet; nil for one whose files cannot be kept, or are kept already.
    private var files: [UInt64: FileCollection?] = [:]
    /// What attempts have used whose end has not come yet.
    private var measures: [UInt64: Measures] = [:]

    /// - Parameter isQuiet: whether the connection is news to nobody, as those before it have not lasted.
    init(generation: UInt64, isQuiet: Bool = false, reports: EndEnricher) {
        self.generation = generation
        self.isQuiet = isQuiet
        self.reports = reports
    }

    package var isConnected: Bool { if case .connected = stage { true } else { false } }

    /// Hands on what follows from messages, with the channels of workers that have come; of these none before the inventory is whole.
    ///
    /// What follows from the inputs may be to say something to the workers; but what they say must not overtake the news of their
    /// starts.
    mutating func deliver(_ inputs: [Input], into inbox: Inbox) {
        let found = isConnected ? channels : []
        if isConnected { channels = [] }
        for (worker, channel) in found { reports.channels.adopt(worker, channel) }
        if !inputs.isEmpty { inbox.push(inputs) }
        for (worker, _) in found { reports.channels.listen(to: worker) }
        for (attempt, listener) in doors { reports.doors.open(attempt, listener) }
        doors = []
    }

    /// - Throws: ``LinkError`` for a message that may not come now.
    package mutating func take(_ messages: [SupervisorMessage], _ descriptors: [Descriptor]) throws(LinkError) -> [Input] {
        var inputs: [Input] = []
        var descriptors = descriptors[...]
        for message in messages {
            switch (message, stage) {
            case (.result(let attempt), _):
                guard let file = descriptors.popFirst() else { throw .invalid("result without a descriptor") }
                reports.keepResult(of: Int64(truncatingIfNeeded: attempt), from: file)
            case (.resultFiles(let handed), _):
                guard descriptors.count >= handed.names.count else { throw .invalid("result files without descriptors") }
                keep(handed, descriptors.prefix(handed.names.count))
                descriptors = descriptors.dropFirst(handed.names.count)
            case (.measured(let reports), _):
                for report in reports { measures[report.attempt] = report.measures }
            case (.closing(let reason), _): closing = reason
            case (.door(let attempt), _):
                guard let listener = descriptors.popFirst() else { throw .invalid("door without a descriptor") }
                doors.append((Int64(truncatingIfNeeded: attempt), listener))
            case (.channel(let attempt), _):
                guard let channel = descriptors.popFirst() else { throw .invalid("channel without a descriptor") }
                channels.append((Int64(truncatingIfNeeded: attempt), channel))
            case (.welcome(let welcome), .greeting):
                guard (LinkProtocol.oldestVersion...LinkProtocol.version).contains(welcome.version) else {
                    throw .invalid("version")
                }
                peer = welcome
                let heardUpTo = Int64(truncatingIfNeeded: welcome.heardUpTo)
                var inventory = Inventory(connection: generation, store: welcome.store, heardUpTo: heardUpTo)
                inventory.isQuiet = isQuiet
                stage = .inventory(inventory)
            case (_, .greeting): throw .invalid("first message")
            case (_, .inventory(var inventory)):
                if let connected = try note(message, in: &inventory) { inputs.append(connected) }
            case (.started(let starts), .connected): inputs += starts.map { .started($0) }
            case (.ended(let ends), .connected): inputs += ends.map { .ended(end($0)) }
            case (.revoked(let attempt, let accepted), .connected):
                inputs.append(.revoked(attempt: Int64(truncatingIfNeeded: attempt), accepted: accepted))
            case (_, .connected): throw .invalid("message after the inventory")
            }
        }
        return inputs
    }

    /// - Returns: the whole inventory, once this has been its end.
    private mutating func note(_ message: SupervisorMessage, in inventory: inout Inventory) throws(LinkError) -> Input? {
        switch message {
        case .waiting(let attempts): inventory.waiting += attempts.map { Int64(truncatingIfNeeded: $0) }
        case .started(let starts): inventory.started += starts
        case .ended(let ends): inventory.ended += ends.map { end($0) }
        case .inventoryEnd:
            inventory.channels = Set(channels.map(\.worker))
            stage = .connected
            return .connected(inventory)
        default: throw .invalid("message in the inventory")
        }
        stage = .inventory(inventory)
        return nil
    }

    private mutating func keep(_ handed: ResultFiles, _ descriptors: ArraySlice<Descriptor>) {
        var collection = files[handed.attempt] ?? reports.collection(of: handed.attempt)
        for (name, file) in zip(handed.names, descriptors) { collection?.take(name, from: file) }
        collection?.leave(handed.left)
        files[handed.attempt] = .some(collection)
    }

    private mutating func end(_ report: EndReport) -> AttemptEnd {
        if let collection = files.removeValue(forKey: report.attempt) ?? nil { reports.finish(collection, of: report.attempt) }
        var end = reports.end(report, channel(of: report))
        end.measures = measures.removeValue(forKey: report.attempt)
        return end
    }

    /// The channel of a worker that ended before anybody could adopt it.
    private mutating func channel(of end: EndReport) -> Descriptor? {
        let worker = Int64(truncatingIfNeeded: end.attempt)
        return channels.firstIndex { $0.worker == worker }.map { channels.remove(at: $0).channel }
    }
}

/// Whether the connection to the supervisor breaks again and again, and when the next one is tried.
///
/// A supervisor that is replaced or restarted ends a connection once. The same one that does it twice for the same reason will do
/// it forever: what one of the two says, the other does not take. That is a problem with a name and a slow pace, not news each
/// time.
struct LinkTrouble: Equatable {
    /// How long a connection has to last, in milliseconds, before those that broke are forgotten.
    static let trial: Int64 = 10_000
    private static let shortestDelay = 20
    private static let longestDelay = 5_000

    /// What has ended.
    struct Drop: Equatable {
        /// Why, as a sentence without its subject: "sent something that …".
        var reason: String
        /// Which execution of the supervisor's program it was; nil if it had not said so yet.
        var program: Int64?
    }

    private var last: Drop?
    private(set) var count = 0

    /// Whether the next connection is on trial.
    var isOnTrial: Bool { count > 0 }
    var isNamed: Bool { count >= 2 }

    /// - Returns: whether it has now become a problem.
    mutating func note(_ drop: Drop) -> Bool {
        count = drop == last ? count + 1 : 1
        last = drop
        return count == 2
    }

    /// The connection has lasted.
    mutating func forget() { self = LinkTrouble() }

    /// Milliseconds before the next connection is tried.
    var delay: Int {
        guard count > 1 else { return Self.shortestDelay }
        return min(Self.longestDelay, Self.shortestDelay << min(count * 2, 16))
    }

    /// What is wrong; nil if nothing is.
    var problem: String? {
        guard isNamed, let last else { return nil }
        return "the link to the supervisor breaks repeatedly: \(last.reason)"
    }
}
