import Foundation
import OrchProtocol
import Storage
import TestSupport
import Testing

@testable import Scheduling

/// The tables of attempts, workers and tasks, as the architecture shows them: every pair of a state and an event.
@Suite struct StateTableTests {
    /// - Returns: the rows of the table under a heading, by their first word, each with its words by the column's name.
    private static func table(under heading: String) throws -> [String: [String: String]] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/architecture.md"), encoding: .utf8)
        let part = try #require(text.components(separatedBy: "\n### \(heading)\n").dropFirst().first)
        let rows = part.split(separator: "\n").drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }.map {
            $0.dropFirst().dropLast().split(separator: "|").map { $0.filter { $0 != "`" }.trimmingCharacters(in: .whitespaces) }
        }
        let names = try #require(rows.first).dropFirst()
        return Dictionary(
            uniqueKeysWithValues: rows.dropFirst(2).map { row in
                (row[0], Dictionary(uniqueKeysWithValues: zip(names, row.dropFirst())))
            })
    }

    private func hold<State: CaseIterable, Event: CaseIterable, Target: Equatable>(
        _ heading: String, _ states: State.Type, _ events: Event.Type, _ step: (State, Event) -> Step<Target>,
        _ name: (Target) -> String
    ) throws {
        let shown = try Self.table(under: heading)
        #expect(shown.count == Event.allCases.count)
        for event in Event.allCases {
            let row = try #require(shown["\(event)"], "\(heading) does not show \(event)")
            #expect(row.count == State.allCases.count)
            for state in State.allCases {
                let entry =
                    switch step(state, event) {
                    case .to(let target): name(target)
                    case .stale: "·"
                    case .refused: "no"
                    case .impossible: "✗"
                    }
                #expect(row["\(state)"] == entry, "\(heading): \(state), \(event)")
            }
        }
    }

    @Test func theArchitectureShowsAttempts() throws {
        try hold("Attempts", AttemptStanding.self, AttemptEvent.self, { $0.step(on: $1) }, { "\($0.next)" })
    }

    @Test func theArchitectureShowsWorkers() throws {
        try hold("Workers", WorkerStanding.self, WorkerEvent.self, { $0.step(on: $1) }, { "\($0.next)" })
    }

    @Test func theArchitectureShowsTasks() throws {
        try hold("Tasks", Phase.self, TaskEvent.self, { $0.step(on: $1) }) {
            switch $0 {
            case .phase(let phase): "\(phase)"
            case .queue: "queue"
            }
        }
    }

    /// What holds of every pair of the table of attempts.
    @Test func attemptsKeepTheirPromises() {
        for state in AttemptStanding.allCases {
            for event in AttemptEvent.allCases {
                guard case .to(let move) = state.step(on: event) else { continue }
                #expect(state != .ended, "nothing comes after the end: \(event)")
                #expect((move.next == .ended) == (event == .ended || event == .revoked), "\(state), \(event)")
                let isBeforeStart = state == .ordered || state == .withdrawing
                #expect(move.actions.contains(.giveBack) == (event == .revoked) && (event != .revoked || isBeforeStart))
                #expect(move.actions.contains(.noteStart) == (isBeforeStart && (event == .started || event == .found)))
                // Once something wants its end, nothing makes it run again.
                if state == .stopping || state == .withdrawing { #expect([.stopping, .ended].contains(move.next)) }
                // What may have begun with its task goes to no other.
                if state == .running || state == .closing { #expect(move.next != .offered && move.next != .rejected) }
            }
        }
    }

    @Test func everyStateCanBeReached() {
        func reached<State: Hashable>(from first: Set<State>, _ next: (State) -> [State]) -> Set<State> {
            var (all, new) = (first, first)
            while !new.isEmpty {
                new = Set(new.flatMap(next)).subtracting(all)
                all.formUnion(new)
            }
            return all
        }
        let attempts = reached(from: [AttemptStanding.ordered, .offered]) { state in
            AttemptEvent.allCases.compactMap { if case .to(let move) = state.step(on: $0) { move.next } else { nil } }
        }
        #expect(attempts == Set(AttemptStanding.allCases))
        let workers = reached(from: [WorkerStanding.launched]) { state in
            WorkerEvent.allCases.compactMap { if case .to(let move) = state.step(on: $0) { move.next } else { nil } }
        }
        #expect(workers == Set(WorkerStanding.allCases))
        let tasks = reached(from: [Phase.ready]) { phase in
            TaskEvent.allCases.flatMap { event -> [Phase] in
                switch phase.step(on: event) {
                case .to(.phase(let phase)): [phase]
                case .to(.queue): [.ready, .delayed]
                default: []
                }
            }
        }
        #expect(tasks == Set(Phase.allCases))
    }

    // MARK: Rows that no state has

    /// The state is read back from the columns that it is written to.
    @Test func theRowOfAWorkerSaysItsState() {
        for state in WorkerStanding.allCases where state != .gone {
            var worker = Worker(id: 1, pool: "p", fingerprint: 1, since: 0)
            if state != .launched && state != .withdrawn { worker.pid = 7 }
            worker.enter(state, at: Now(wall: 1, monotonic: 1), wakeAt: state == .leaving ? 5 : nil)
            #expect(worker.standing == state)
        }
    }

    @Test func aDamagedRowIsSetAsideAndEverythingElseGoesOn() throws {
        let rig = try Rig(slots: 2)
        try rig.connect()
        let ids = try rig.submit(many: [.command("a"), .command("b")])
        try rig.start(1)
        try rig.start(2)
        _ = try rig.store.transaction { transaction in
            var damaged = try #require(try transaction.attempt(1))
            damaged.startedMonotonic = nil
            try transaction.update(damaged, from: .running)
            return TurnResult()
        }
        let turn = try rig.end(1)
        #expect(turn.problems.count == 1 && turn.problems[0].text.contains("attempt 1 of task \(ids[0]) was set aside"))
        #expect(try rig.phases(ids) == [.failed, .active])
        #expect(try rig.attempt(1).outcome?.kind == .lost)
        #expect(try rig.end(1).problems.isEmpty, "it is told once")
        try rig.end(2)
        #expect(try rig.task(ids[1]).phase == .succeeded)
    }
}
