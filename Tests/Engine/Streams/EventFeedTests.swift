import OrchProtocol
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// A feed has every event after its number, once and in order, wherever new ones fall between what it does; and one that does not
/// follow ends with the newest there was when it began.
@Suite struct EventFeedTests {
    @Test(arguments: [false, true]) func noEventIsMissed(follows: Bool) throws {
        for seed in 0..<150 {
            var random = SeededGenerator(UInt64(seed))
            let rig = try StreamRig(isClientSlow: random.chance(50))
            defer { rig.end() }
            let before = Int.random(in: 0...5, using: &random)
            for number in 0..<before { try rig.turn { _ in [.of(Int64(number), .taskQueued)] } }
            let after = Int.random(in: 0...before, using: &random)
            let generator = Mutex(random)
            rig.onLook {
                let count = generator.withLock { $0.chance(40) ? Int.random(in: 1...3, using: &$0) : 0 }
                if count > 0, try rig.store.lastEvent() < 40 {
                    try rig.turn { _ in Array(repeating: .of(1, .taskStarted), count: count) }
                }
            }
            var parameters = SubscribeParameters()
            parameters.after = Int64(after)
            parameters.follow = follows
            try rig.streams.subscribe(parameters, rig.responder())
            try rig.settle()
            try rig.turn { _ in [.of(2, .taskFinished)] }
            try rig.settle()

            var seen: [Int64] = []
            for case .event(_, let event) in rig.client.notifications { seen.append(event.seq) }
            let last = follows ? try rig.store.lastEvent() : Int64(before)
            let expected = Array(Int64(after + 1)..<(last + 1))
            #expect(seen == expected, "seed \(seed)")
            if follows {
                #expect(rig.client.answers.isEmpty, "seed \(seed)")
            } else {
                #expect(rig.client.result(SubscribeEnd.self)?.last == last, "seed \(seed)")
            }
        }
    }

    @Test func nobodyListensForAClientThatIsGone() throws {
        let rig = try StreamRig()
        defer { rig.end() }
        try rig.streams.subscribe(SubscribeParameters(), rig.responder())
        try rig.settle()
        rig.client.close()
        try rig.turn { _ in [.of(1, .taskQueued)] }
        try rig.settle()
        #expect(rig.client.notifications.isEmpty)
    }
}
