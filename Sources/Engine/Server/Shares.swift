import DaemonConfiguration
import OrchProtocol
import Scheduling
import Synchronization

/// What clients hold at the moment of what is there for all of them.
///
/// Everybody who asks has a share of each thing, so that nobody takes all of it: a user by `[limits] share`, a task at its door as a user
/// of whom nothing is said. Root, administrators and the user of the daemon may have what is left, and the last connections are for
/// them alone: who has to look what is wrong gets in.
final class Shares: Sendable {
    enum Thing: CaseIterable {
        case connections
        /// Requests that may last for as long as their connection does.
        case streams
        /// Bytes of requests whose end has not come yet.
        case bytes
    }

    /// Of all streams and bytes; of the connections the configuration and the descriptors decide.
    private static let mostStreams = 8_192
    private static let mostBytes = 1 << 30
    /// With less nobody could work, whatever the part of them: a client that follows, and another one; one whole request.
    private static let fewestConnections = 4
    private static let fewestStreams = 64

    private struct Held {
        var all = 0
        var each: [Principal: Int] = [:]
    }

    private let configuration: CurrentConfiguration
    private let descriptors: DescriptorBudget
    private let held = Mutex<[Thing: Held]>([:])

    init(_ configuration: CurrentConfiguration, _ descriptors: DescriptorBudget) {
        self.configuration = configuration
        self.descriptors = descriptors
    }

    /// Takes so much, if the share of who asks allows it; who has taken gives it back with ``give(_:_:of:)``.
    ///
    /// - Returns: why not.
    func take(_ thing: Thing, _ count: Int = 1, of requester: Requester) -> WireError? {
        let configuration = configuration.value
        let most = most(of: thing, configuration)
        let share = requester.isAdministrator ? most : share(of: requester, in: thing, configuration)
        let free = requester.isAdministrator ? most : most - reserve(of: thing, configuration)
        let isOver: (own: Bool, all: Bool) = held.withLock { held in
            var those = held[thing] ?? Held()
            let own = those.each[requester.principal, default: 0]
            guard own + count <= share else { return (true, false) }
            guard those.all + count <= free else { return (false, true) }
            those.all += count
            those.each[requester.principal] = own + count
            held[thing] = those
            return (false, false)
        }
        if isOver.own { return complaint(thing, share, requester) }
        guard isOver.all else { return nil }
        return switch thing {
        case .connections: descriptors.refusal(configuration)
        case .streams: WireError(.tooBusy, "clients have all streams that there are")
        case .bytes: WireError(.tooBusy, "clients have all bytes for requests that there are")
        }
    }

    func give(_ thing: Thing, _ count: Int = 1, of requester: Requester) {
        held.withLock { held in
            let principal = requester.principal
            let own = held[thing]?.each[principal] ?? 0
            assert(own >= count, "more is given back than was taken")
            held[thing]?.all -= count
            held[thing]?.each[principal] = own > count ? own - count : nil
        }
    }

    private func most(of thing: Thing, _ configuration: Configuration) -> Int {
        switch thing {
        case .connections: descriptors.connections(configuration)
        case .streams: Self.mostStreams
        case .bytes: Self.mostBytes
        }
    }

    /// What is kept for administrators.
    private func reserve(of thing: Thing, _ configuration: Configuration) -> Int {
        thing == .connections ? min(16, most(of: thing, configuration) / 8) : 0
    }

    private func share(of requester: Requester, in thing: Thing, _ configuration: Configuration) -> Int {
        let percent = requester.isTask ? Configuration.usualShare : configuration.share(of: requester.uid)
        let part = most(of: thing, configuration) * percent / 100
        return switch thing {
        case .connections: max(Self.fewestConnections, part)
        case .streams: max(Self.fewestStreams, part)
        case .bytes: max(Wire.maximumSubmissionLength, part)
        }
    }

    private func complaint(_ thing: Thing, _ share: Int, _ requester: Requester) -> WireError {
        let (who, more) =
            requester.isTask
            ? ("\(requester.principal)", "")
            : ("uid \(requester.uid)", "; [limits.share] of orchd.toml can give this user more")
        return switch thing {
        case .connections: WireError(.tooManyConnections, "\(who) has \(share) connections already, which is its share\(more)")
        case .streams: WireError(.tooBusy, "\(who) has \(share) streams open, which is its share\(more)")
        case .bytes:
            WireError(.tooBusy, "\(who) has sent \(share >> 20) MiB of requests without their ends, which is its share\(more)")
        }
    }
}
