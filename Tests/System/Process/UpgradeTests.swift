import Foundation
import Glibc
import OrchClient
import OrchProtocol
import Synchronization
import Testing

/// Both programs are replaced again and again while tasks run and clients come and go.
@Suite(.onThreads) struct UpgradeTests {
    private static let isTorture = ProcessInfo.processInfo.environment["ORCHD_TORTURE"] != nil
    private static let rounds = isTorture ? 100 : 6

    /// What `orchctl upgrade --json` prints.
    private struct Report: Decodable {
        struct Program: Decodable {
            var replaced: Bool
            var to: String?
        }
        var engine: Program
        var supervisor: Program
        var running: Int
        var lost: [Int64]
        var pause: Double
        var problems: [String]
    }

    @Test func upgradesUnderLoadEndNoTaskRefuseNobodyAndLoseNoExit() throws {
        let daemon = try Daemon(workers: 8)
        let directory = daemon.directory
        let wait = "while [ ! -e gate ]; do sleep 0.05; done"
        let long: [(script: String, code: Int)] = [
            ("echo $$ > plain; \(wait); exit 41", 41),
            ("setsid -f sh -c 'echo $$ > child; exec sleep 1000'; echo $$ > parent; \(wait); exit 42", 42),
            ("trap '' TERM INT HUP USR1 USR2; echo $$ > stubborn; \(wait); exit 43", 43),
            ("echo $$ > writer; i=0; while [ ! -e gate ]; do echo $((i += 1)); sleep 0.01; done; exit 44", 44),
            ("echo $$ > stopped; kill -STOP $$; exit 45", 45),
        ]
        let ids = try long.map { try daemon.shell($0.script) }
        let names = ["plain", "parent", "stubborn", "writer", "stopped", "child"]
        let pids = try names.map { try directory.number($0) }
        let supervisor = try daemon.supervisor

        let load = Load(daemon)
        load.start()
        var pauses: [Double] = []
        var descriptors = 0
        for round in 1...Self.rounds {
            let before = load.accepted
            let result = try daemon.orchctl("upgrade", "--json")
            let report = try #require(try? Wire.decode(Report.self, from: Data(result.bytes)), "round \(round): \(result)")
            #expect(result.status == 0 && report.problems.isEmpty, "round \(round): \(result)")
            #expect(report.engine.replaced && report.supervisor.replaced && report.supervisor.to != nil, "round \(round)")
            #expect(report.running >= ids.count && report.lost.isEmpty, "round \(round): \(report)")
            pauses.append(report.pause)
            #expect(try daemon.supervisor == supervisor, "round \(round)")
            #expect(pids.allSatisfy(isAlive), "round \(round)")
            try eventually("accepted tasks after round \(round)") { load.accepted > before }
            if round == 1 { descriptors = openDescriptors(supervisor) }
        }
        load.end()
        let short = load.tasks
        #expect(load.refused == 0, "\(load.refused) connections were refused")
        #expect(load.failures.isEmpty, "\(load.failures.prefix(3))")

        // Each ran once, and ended as it was to.
        let records = try daemon.wait(short.map(\.id), within: 4 * patience)
        for (record, task) in zip(records, short) {
            #expect(record.attemptCount == 1, "\(record)")
            #expect(record.attempts.last?.outcome == Outcome(.exited, code: task.code), "\(record)")
        }
        kill(pids[4], SIGCONT)
        try directory.write("", to: "gate")
        let ends = try daemon.wait(ids)
        #expect(ends.map { $0.attempts.last?.outcome } == long.map { Outcome(.exited, code: $0.code) })
        #expect(ends.allSatisfy { $0.attemptCount == 1 })
        try eventually("the end of the child") { !isAlive(pids[5]) }
        // Not a line of output is missing.
        let lines = try daemon.orchctl("logs", String(ids[3])).output.split(separator: "\n").map(String.init)
        #expect(lines.count > 10 && lines == (1...lines.count).map(String.init))
        #expect(openDescriptors(supervisor) <= descriptors + 4)
        #expect(children(of: supervisor).isEmpty, "\(children(of: supervisor).map(describe))")
        let sorted = pauses.sorted().map { Int($0 * 1000) }
        print(
            "\(Self.rounds) upgrades with \(short.count) tasks accepted meanwhile: clients waited",
            "\(sorted[sorted.count / 2]) ms in the middle, \(sorted[sorted.count - 1]) ms at the most")
        try daemon.finish()
    }

    @Test func anUpgradeThatCannotStartChangesNothing() throws {
        let directory = try Directory()
        // Programs of its own, so that they can be replaced.
        let programs = directory.file("bin")
        mkdir(programs, 0o755)
        for name in ["orchd", "orchd-supervisor"] {
            try FileManager.default.copyItem(atPath: "\(Program.folder)/\(name)", toPath: "\(programs)/\(name)")
        }
        let daemon = try Daemon(workers: 1, directory: directory, programs: programs)
        let id = try daemon.shell("echo $$ > pid; while [ ! -e gate ]; do sleep 0.05; done; exit 9")
        let pid = try directory.number("pid")
        let (engine, supervisor) = (try daemon.engine, try daemon.supervisor)
        for name in ["orchd-supervisor", "orchd"] {
            let file = "\(programs)/\(name)"
            rename(file, file + ".good")
            try directory.write("#!/bin/sh\necho this is broken >&2; exit 1\n", to: "bin/\(name)")
            chmod(file, 0o755)
            let result = try daemon.orchctl("upgrade", "--json", "--timeout", "2s")
            #expect(result.status == 1 && result.error.contains("still the old one"), "\(result)")
            try eventually("the reason") { daemon.log.contains("not upgraded: \(file)") }
            rename(file + ".good", file)
        }
        #expect(try daemon.engine == engine && daemon.supervisor == supervisor && isAlive(pid))
        #expect(try daemon.orchctl("upgrade").status == 0)
        #expect(try daemon.engine != engine && daemon.supervisor == supervisor && isAlive(pid))
        try directory.write("", to: "gate")
        #expect(try daemon.end(of: id).attempts.map(\.outcome) == [Outcome(.exited, code: 9)])
        try daemon.finish()
    }

    private func openDescriptors(_ pid: pid_t) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd"))?.count ?? 0
    }
}

/// Clients that submit short tasks, each on a connection of its own, until they are told to end.
private final class Load: Sendable {
    struct Task {
        var id: Int64
        var code: Int
    }

    private struct State {
        var tasks: [Task] = []
        var refused = 0
        var failures: [String] = []
        var isEnding = false
        var number = 0
    }

    private let socket: String
    private let directory: String
    private let state = Mutex(State())
    private let group = DispatchGroup()

    init(_ daemon: Daemon) {
        socket = daemon.socket
        directory = daemon.directory.path
    }

    var tasks: [Task] { state.withLock { $0.tasks } }
    var accepted: Int { state.withLock { $0.tasks.count } }
    var refused: Int { state.withLock { $0.refused } }
    var failures: [String] { state.withLock { $0.failures } }

    func start() {
        for _ in 0..<2 {
            group.enter()
            Thread {
                while !self.state.withLock({ $0.isEnding }) { self.submit() }
                self.group.leave()
            }.start()
        }
    }

    func end() {
        state.withLock { $0.isEnding = true }
        group.wait()
    }

    private func submit() {
        let number = state.withLock { state in
            state.number += 1
            return state.number
        }
        let code = number % 7
        var spec = TaskSpec(command: ["/bin/sh", "-c", "exit \(code)"])
        spec.key = "load-\(number)"
        spec.cwd = directory
        // What is cut off in the middle is asked again; with its key that makes no second task.
        for _ in 0..<100 {
            do {
                let result = try Connection(path: socket).call(
                    .submit, .one(spec), deadline: .now + .seconds(patience))
                return state.withLock { $0.tasks += result.all.map { Task(id: $0.id, code: code) } }
            } catch ClientError.lost {
                continue
            } catch let error as WireError where error.kind == .stopping {
                continue
            } catch ClientError.noDaemon {
                return state.withLock { $0.refused += 1 }
            } catch {
                return state.withLock { $0.failures.append("\(error)") }
            }
        }
        state.withLock { $0.failures.append("task \(number) was cut off a hundred times") }
    }
}
