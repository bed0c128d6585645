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
            try rig.subscribe(parameters)
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

    /// A task sees the events of those below it, and is told which numbers it does not see: none is left out without a word, but for those
    /// after the last that it sees, which are fewer than a thousand.
    @Test func aTaskSeesWhatIsBelowItAndHearsOfTheGaps() throws {
        for seed in 0..<60 {
            var random = SeededGenerator(UInt64(seed))
            let rig = try StreamRig(isClientSlow: random.chance(50))
            defer { rig.end() }
            let other = try rig.submit()
            let own = try rig.submit()
            let child = try rig.submit(below: own)
            let foreign = try rig.submit(below: other)
            let grandchild = try rig.submit(below: child)
            let (all, seen) = ([other, own, child, foreign, grandchild, 999], Set([child, grandchild]))
            var parameters = SubscribeParameters(after: 0)
            let isLong = seed == 0
            parameters.follow = random.chance(50)
            var expected: [Int64] = []
            var number: Int64 = 0
            func happen() throws {
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let events = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                        Event.of(all.randomElement(using: &random) ?? 0, .taskStarted)
                    }
                    for event in events {
                        number += 1
                        if event.task.map(seen.contains) ?? false { expected.append(number) }
                    }
                    try rig.turn { _ in events }
                }
                if isLong {
                    number += 1500
                    try rig.turn { _ in Array(repeating: .of(other, .taskStarted), count: 1500) }
                }
            }
            try happen()
            try rig.subscribe(parameters, as: own)
            try rig.settle()
            if parameters.follow == true {
                try happen()
                try rig.settle()
            }
            var told: Int64 = 0
            var events: [Int64] = []
            for notification in rig.client.notifications {
                switch notification {
                case .event(_, let event):
                    #expect(event.seq == told + 1, "seed \(seed)")
                    events.append(event.seq)
                    told = event.seq
                case .omitted(_, let omission):
                    #expect(omission.first == told + 1 && omission.last >= omission.first, "seed \(seed)")
                    told = omission.last
                default: Issue.record("\(notification)")
                }
            }
            #expect(events == expected && number - told < 1000, "seed \(seed)")
            if parameters.follow != true { #expect(rig.client.result(SubscribeEnd.self)?.last == number, "seed \(seed)") }
        }
    }

    @Test func nobodyListensForAClientThatIsGone() throws {
        let rig = try StreamRig()
        defer { rig.end() }
        try rig.subscribe(SubscribeParameters())
        try rig.settle()
        rig.client.close()
        try rig.turn { _ in [.of(1, .taskQueued)] }
        try rig.settle()
        #expect(rig.client.notifications.isEmpty)
    }
}
