import Foundation
import OrchClient
import OrchProtocol
import Testing

/// What decides where and when a task may run, seen from outside.
@Suite(.onThreads) struct ChoiceTests {
    private func waiting(_ daemon: Daemon, _ id: Int64) throws -> String {
        let task = try daemon.task(id)
        return "\(task.waiting?.rawValue ?? task.state.rawValue): \(task.reason ?? "")"
    }

    @Test func aLimitHoldsBackWhatItIsAboutAndSaysSo() throws {
        let daemon = try Daemon(pool: "slots = 3", configuration: "[limit.gpu]\nmax = 1\nlabel = \"gpu\"\n")
        let first = try daemon.shell("echo $$ > running; while [ ! -e gate ]; do sleep 0.02; done") { $0.labels = ["gpu": "1"] }
        _ = try daemon.directory.number("running")
        let second = try daemon.submit("true") { $0.labels = ["gpu": "2"] }
        #expect(try daemon.end(of: daemon.submit("true")).state == .succeeded)
        #expect(try waiting(daemon, second) == "limited: limit gpu: 1 of 1 running")
        #expect(try daemon.status().gates == [GateRecord(name: "limit:gpu", reason: "limit gpu: 1 of 1 running", waiting: 1)])
        #expect(try daemon.orchctl("status").output.contains("limit:gpu"))
        #expect(try daemon.orchctl("show", String(second)).output.contains("limit gpu: 1 of 1 running"))
        try daemon.directory.write("", to: "gate")
        #expect(try daemon.wait([first, second]).map(\.state) == [.succeeded, .succeeded])
        #expect(try daemon.status().gates == [])
        try daemon.finish()
    }

    @Test func aTaskWaitsForWhatNobodyOffersUntilAReload() throws {
        let daemon = try Daemon(pool: "slots = 1")
        let submitted = try daemon.orchctl("submit", "--needs", "gpu,net", "--", "true")
        #expect(submitted.error.contains("no worker offers \"gpu\", \"net\"; the task waits until that changes"))
        let id = try #require(Int64(submitted.output.dropLast()))
        #expect(try waiting(daemon, id) == "blocked: no worker offers \"gpu\", \"net\"")
        try daemon.directory.write("slots = 1\ncapabilities = [\"gpu\", \"net\"]", to: "pools.d/gpus.toml")
        #expect(try daemon.orchctl("reload").status == 0)
        let record = try daemon.end(of: id)
        #expect(record.state == .succeeded && record.pool == "gpus" && record.needs == ["gpu", "net"])
        try daemon.finish()
    }

    /// Both of what it lacks is said: the one does not help without the other.
    @Test func aTaskThatIsLimitedTooSaysBoth() throws {
        let daemon = try Daemon(pool: "slots = 2", configuration: "[limit.team]\nmax = 1\nlabel = \"team\"\n")
        let first = try daemon.shell("echo $$ > running; while [ ! -e gate ]; do sleep 0.02; done") {
            $0.labels = ["team": "a"]
        }
        _ = try daemon.directory.number("running")
        let second = try daemon.submit("true") {
            $0.labels = ["team": "b"]
            $0.needs = ["gpu"]
        }
        #expect(try waiting(daemon, second) == "blocked: no worker offers \"gpu\"; limit team: 1 of 1 running")
        try daemon.directory.write("", to: "gate")
        try daemon.wait([first])
        #expect(try waiting(daemon, second) == "blocked: no worker offers \"gpu\"")
        try daemon.finish()
    }

    @Test func aTaskThatOnlyLacksASlotSaysSo() throws {
        let daemon = try Daemon(workers: 1)
        let first = try daemon.shell("echo $$ > running; while [ ! -e gate ]; do sleep 0.02; done")
        _ = try daemon.directory.number("running")
        let second = try daemon.submit("true")
        #expect(try waiting(daemon, second) == "ready: all slots of the pool \"default\" are taken (1)")
        #expect(try daemon.orchctl("pool", "resize", "default", "0").status == 0)
        #expect(try waiting(daemon, second).hasSuffix("has no slots; `orchctl pool resize default 1` gives it one"))
        #expect(try daemon.orchctl("pool", "resize", "default", "1").status == 0)
        try daemon.directory.write("", to: "gate")
        try daemon.wait([first, second])
        try daemon.finish()
    }
}
