import Foundation
import Glibc
import OrchClient
import OrchProtocol
import TestSupport
import Testing

/// Every call by which the engine and the supervisor change files, each in turn failing, doing half of its work, or being the
/// last one of the process: what was promised holds afterwards.
@Suite(.onThreads, .serialized) struct StorageFaultTests {
    @Test func theEngineInAFreshDirectory() throws {
        try tryAll(.engine, name: "engine, fresh") { try Directory() }
    }

    @Test func theEngineThatTakesUpWhatOneLeftThatWasKilled() throws {
        let template = try Directory()
        let daemon = try Daemon(workers: 0, directory: template)
        _ = try daemon.submit(FaultRun.tasks.map(\.spec))
        daemon.launcher.signal(SIGKILL)
        try daemon.launcher.wait()
        try daemon.expectProcessesEnd()
        try tryAll(.engine, name: "engine, left") {
            let copy = try Directory()
            try FileManager.default.copyItem(atPath: template.file("state"), toPath: copy.file("state"))
            return copy
        }
    }

    @Test func theSupervisor() throws {
        try tryAll(.supervisor, name: "supervisor") { try Directory() }
    }

    private func tryAll(_ target: Fault.Target, name: String, _ make: @escaping @Sendable () throws -> Directory) throws {
        let seed = Torture.seed()
        var random = SeededGenerator(seed)
        let traced = FaultRun(nil, target, try make())
        try traced.perform()
        let calls = Fault.calls(traced.directory)
        #expect(calls > 10, "the library counts nothing")
        // A few more than that: which thread comes first is not the same each time.
        let writes = Fault.writes(traced.directory)
        var faults = (1...(calls + 5)).flatMap { number in
            Fault.Action.allCases.filter { !$0.isPartial || writes.contains(number) || number > calls }.map {
                Fault(program: target, action: $0, number: number)
            }
        }
        faults = Array(faults.shuffled(using: &random).prefix(Torture.amount(8, full: .max)))
        let tally = FaultTally(faults)
        let worker: @Sendable () throws -> Void = {
            while let fault = tally.next() {
                let run = FaultRun(fault, target, try make())
                do {
                    try run.perform()
                    tally.done(Fault.trace(run.directory))
                } catch {
                    let place = Fault.trace(run.directory) ?? "never happened"
                    tally.failed("\(name), seed \(seed): \(fault) (\(place)): \(error)\n\(run.log)")
                }
            }
        }
        try concurrently([worker, worker, worker])
        for failure in tally.failures { Issue.record("\(failure)") }
        print("\(name), seed \(seed): \(calls) calls, \(faults.count) faults, of which \(tally.happened) happened")
    }
}
