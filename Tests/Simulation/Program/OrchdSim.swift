import ArgumentParser
import Foundation
import Simulation

/// Lives of the whole daemon on simulated time, each from a seed.
@main
struct OrchdSim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orchd-sim", abstract: "Run the real engine in a simulated world until a promise breaks.")

    @Option(help: "The seed of the first life. Without it, a random one.")
    var seed: UInt64?

    @Option(help: "How many lives; one where a seed is given.")
    var lives: Int?

    @Option(help: "For how many seconds, instead of a number of lives.")
    var seconds: Double?

    @Option(help: "How many hours a life has, in its own time.")
    var hours: Int?

    @Option(help: "A fault to put into the code, which must be found; \"all\" for one after the other.")
    var mutation: String?

    @Flag(
        help: "Lives of trees of tasks that start others through their doors; each mutation is looked for with --mutation all.")
    var doors = false

    @Flag(help: "Print everything that happens.")
    var trace = false

    @Flag(help: "Print a hash of all that happens in each life instead; the first is of seed 0 unless another is given.")
    var digest = false

    func run() throws {
        if digest { return printDigests() }
        if doors { return try mutation == nil ? liveWithDoors() : findWithDoors() }
        if mutation == "all" {
            var missed = 0
            for mutation in Mutation.allCases where try !find(mutation) { missed += 1 }
            if missed > 0 { throw ExitCode(1) }
            return
        }
        let fault = try mutation.map { name -> Mutation in
            guard let mutation = Mutation(rawValue: name) else {
                let names = Mutation.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("there is no mutation \"\(name)\"; there are \(names)")
            }
            return mutation
        }
        try live(fault)
    }

    private func printDigests() {
        let first = seed ?? 0
        for number in first..<first + UInt64(lives ?? 60) {
            let life = SimulatedRun(Plan(seed: number, hours: hours))
            say("\(number) \(String(life.trace.hash, radix: 16)) \(life.trace.lineCount) \(life.violations.first ?? "")")
        }
    }

    private func live(_ mutation: Mutation?) throws {
        let first = seed ?? .random(in: 0...UInt64(UInt32.max))
        let limit = lives ?? (seed != nil && seconds == nil ? 1 : seconds == nil ? 100 : .max)
        let began = Date()
        var total = Statistics()
        var count = 0
        var told = began
        say("lives from seed \(first)")
        while count < limit, seconds.map({ Date().timeIntervalSince(began) < $0 }) ?? true {
            let number = first &+ UInt64(count)
            let life = SimulatedRun(Plan(seed: number, hours: hours), mutation: mutation, keepsTrace: trace)
            count += 1
            total.add(life.statistics)
            // Whoever ends it by a time limit wants to know how far it came.
            if Date().timeIntervalSince(told) >= 10 {
                told = Date()
                say("\(count) lives, up to seed \(number), in \(rounded(told.timeIntervalSince(began))) s")
            }
            if trace { for line in life.trace.lines { say(line) } }
            guard life.isGood else {
                report(life, seed: number)
                throw ExitCode(1)
            }
        }
        let time = Date().timeIntervalSince(began)
        say(
            """
            \(count) lives from seed \(first) without a violation, in \(rounded(time)) s: \(total.turns) turns, \
            \(total.starts) starts, \(total.requests) requests, \(total.faults) faults (\(rounded(Double(total.faults) / time)) a second), \
            \(rounded(Double(total.virtualTime) / 3_600_000)) hours of their own
            """)
    }

    private func liveWithDoors() throws {
        let first = seed ?? .random(in: 0...UInt64(UInt32.max))
        let limit = lives ?? (seed != nil && seconds == nil ? 1 : seconds == nil ? 100 : .max)
        let began = Date()
        var (count, starts, loans) = (0, 0, 0)
        while count < limit, seconds.map({ Date().timeIntervalSince(began) < $0 }) ?? true {
            let life = try DoorLife(seed: first &+ UInt64(count))
            try life.run()
            guard life.violations.isEmpty else {
                say("seed \(first &+ UInt64(count)): \(life.violations.joined(separator: "\n  "))")
                throw ExitCode(1)
            }
            (count, starts, loans) = (count + 1, starts + life.starts, loans + life.loans)
        }
        let time = rounded(Date().timeIntervalSince(began))
        say("\(count) lives with doors from seed \(first) without a violation, in \(time) s: \(starts) starts, \(loans) loans")
    }

    private func findWithDoors() throws {
        var missed = 0
        for fault in DoorLife.Mutation.allCases where mutation == "all" || mutation == fault.rawValue {
            var found: String?
            for seed in 0..<UInt64(lives ?? 100) where found == nil {
                let life = try DoorLife(seed: seed, mutation: fault)
                try life.run()
                found = life.violations.first.map { "found after \(seed + 1) lives: \($0)" }
            }
            say("\(fault): \(found ?? "NOT FOUND")")
            if found == nil { missed += 1 }
        }
        if missed > 0 { throw ExitCode(1) }
    }

    private func find(_ mutation: Mutation) throws -> Bool {
        for number in 0..<UInt64(lives ?? 200) {
            let life = SimulatedRun(Plan(seed: number), mutation: mutation)
            guard life.isGood else {
                say("\(mutation): found after \(number + 1) lives: \(life.violations[0])")
                return true
            }
        }
        say("\(mutation): NOT FOUND")
        return false
    }

    private func report(_ life: SimulatedRun, seed: UInt64) {
        say("seed \(seed): \(life.violations.joined(separator: "\n  "))")
        var shrinker = Shrinker()
        let short = shrinker.shrink(life)
        say("\nShrunk from \(life.plan.count) steps to \(short.plan.count) in \(shrinker.lives) lives:\n\(short.plan)\n")
        for line in short.trace.lines.suffix(200) { say(line) }
        say("\n\(short.violations.joined(separator: "\n"))\n")
        let options = (hours.map { " --hours \($0)" } ?? "") + (life.mutation.map { " --mutation \($0)" } ?? "")
        say("To see it again: orchd-sim --seed \(seed)\(options) --trace")
    }

    private func rounded(_ number: Double) -> String { String(format: "%.1f", number) }

    /// At once, also into a file: whoever waits wants to see each line.
    private func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
}
