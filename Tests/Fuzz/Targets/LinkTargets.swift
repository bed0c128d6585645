import Scheduling
import SupervisorLink

@testable import Engine

/// A packet from the engine, as the supervisor reads it: it says exactly what its bytes say, or is refused.
enum LinkToSupervisorTarget: FuzzTarget {
    static let name = "link-to-supervisor"

    static func check(_ input: [UInt8]) throws {
        if isInMemory(input[...]) { try hold(input == inMemoryPacket, "another packet is taken for one in memory") }
        guard let messages = try? EngineMessage.decode(input[...]) else { return }
        // Whatever else a newer engine says in its greeting is passed over.
        for case .hello in messages { return }
        try hold(messages.flatMap { $0.encoded() } == input, "other bytes for \(messages)")
    }
}

/// A packet from the supervisor, as the engine reads it.
enum LinkToEngineTarget: FuzzTarget {
    static let name = "link-to-engine"

    static func check(_ input: [UInt8]) throws {
        guard let messages = try? SupervisorMessage.decode(input[...]) else { return }
        try hold(messages.flatMap { $0.encoded() } == input, "other bytes for \(messages)")
        for message in messages {
            guard case .ended(let reports) = message else { continue }
            for report in reports {
                let end = AttemptEnd(report, program: "p", path: nil, directory: nil)
                try hold(end.attempt == Int64(truncatingIfNeeded: report.attempt), "the end of another attempt")
            }
        }
    }
}
