import Engine
import OrchProtocol
import Scheduling
import SupervisorLink
import TestSupport

/// The lives of warm workers. What they and the engine say to each other goes through real sockets, and takes its time.
extension World {
    enum WorkerDeed {
        case getReady
        /// Something has been said to it.
        case read
        case write
        case accept
        case progress
        case finish
        case exit(Int32)
    }

    /// One of many, the same for the same seed.
    func makeManner() -> WorkerBehaviour {
        guard !isCalm, random.chance(plan.workerFaults) else { return .good }
        return WorkerBehaviour.allCases.randomElement(using: &random) ?? .good
    }

    func beginWorker(_ process: SimulatedProcess) {
        guard let worker = process.worker else { return }
        worker.manner = makeManner()
        note("worker \(process.order.name) is \(worker.manner)")
        if process.attempt % 2 == 0 { process.write(wall: clock.now.wall) }
        let start: Int64
        switch worker.manner {
        case .neverReady: return
        case .diesBeforeReady: return laterOf(process, .exit(1), in: .random(in: 0...400, using: &random))
        case .slow:
            let limit = pools.first { $0.name == process.order.pool }?.warm?.readyTimeout ?? 1_000
            start = .random(in: limit / 2...limit + 50, using: &random)
        default: start = .random(in: 0...300, using: &random)
        }
        laterOf(process, .getReady, in: start)
    }

    private func laterOf(_ process: SimulatedProcess, _ deed: WorkerDeed, in milliseconds: Int64) {
        later(.worker(process.attempt, deed), in: milliseconds)
    }

    /// Talk is on its way: until it has arrived, the two sides need not agree.
    private func talk(_ process: SimulatedProcess, _ deed: WorkerDeed, in milliseconds: Int64) {
        talking += 1
        laterOf(process, deed, in: milliseconds)
    }

    func act(_ attempt: UInt64, _ deed: WorkerDeed) {
        switch deed {
        case .read, .write: talking -= 1
        default: break
        }
        guard let process = supervisor.processes[attempt], let worker = process.worker else { return }
        switch deed {
        case .getReady: getReady(process, worker)
        case .read: for received in worker.read() { take(received, process, worker) }
        case .write: write(process, worker)
        case .accept: say(#"{"type":"accepted"}"#, .accepted, process, worker)
        case .progress:
            guard let part = worker.part else { return }
            say(#"{"type":"progress","percent":5}"#, .nothing, process, worker)
            let cents = SimulatedAgent.cents(of: process.attempt)
            if cents > 0 { say(#"{"type":"usage","cost":0.0\#(cents)}"#, .nothing, process, worker) }
            laterOf(process, .progress, in: part.chatter)
        case .finish: finish(process, worker)
        case .exit(let status): endWorker(process, status: status)
        }
        if let second = worker.secondTask, let first = worker.task {
            violations.add("worker \(process.order.name) has task \(first.id) and was given task \(second.id)")
        }
    }

    private func getReady(_ process: SimulatedProcess, _ worker: SimulatedWorker) {
        if worker.manner == .garbageFirst { return say("warming up ...", .nonsense, process, worker) }
        if worker.manner == .diesIdle { laterOf(process, .exit(3), in: .random(in: 0...12_000, using: &random)) }
        say(#"{"type":"ready","version":"simulated 1"}"#, .ready, process, worker)
    }

    private func say(_ text: String, _ meaning: SimulatedWorker.Meaning, _ process: SimulatedProcess, _ worker: SimulatedWorker)
    {
        note("worker \(process.order.name) says \(text.prefix(60))")
        let isFirst = !worker.hasSomethingToSay
        worker.say(text, meaning)
        if isFirst { talk(process, .write, in: 0) }
    }

    private func write(_ process: SimulatedProcess, _ worker: SimulatedWorker) {
        let limit = worker.manner == .stutters ? Int.random(in: 1...30, using: &random) : .max
        for meaning in worker.write(limit) { mean(meaning, process, worker) }
        if worker.hasSomethingToSay { talk(process, .write, in: .random(in: 0...20, using: &random)) }
        engineReadsLater()
    }

    private func mean(_ meaning: SimulatedWorker.Meaning, _ process: SimulatedProcess, _ worker: SimulatedWorker) {
        let id = Int64(process.attempt)
        switch meaning {
        case .ready, .nothing: break
        case .nonsense: truth.spokeNonsense(id)
        case .accepted:
            guard let task = worker.task, let part = worker.part else { return }
            truth.accepted(id, task: task.id, number: task.attempt)
            if part.chatter > 0 { laterOf(process, .progress, in: part.chatter) }
            switch part.ending {
            case .hang, .stubborn: break
            default: laterOf(process, .finish, in: part.duration)
            }
        case .result(let isSuccess):
            truth.reported(id, isSuccess: isSuccess)
            if worker.manner != .lingers { laterOf(process, .exit(0), in: .random(in: 0...50, using: &random)) }
        }
    }

    private func take(_ received: SimulatedWorker.Heard, _ process: SimulatedProcess, _ worker: SimulatedWorker) {
        switch received {
        case .task(let task):
            note("worker \(process.order.name) reads task \(task.id).\(task.attempt)")
            switch worker.manner {
            case .deaf: break
            case .diesOnTask: laterOf(process, .exit(0), in: .random(in: 0...50, using: &random))
            case .slow: laterOf(process, .accept, in: .random(in: 9_900...10_050, using: &random))
            case .garbageLater where process.attempt % 2 == 0: say("Traceback", .nonsense, process, worker)
            default: laterOf(process, .accept, in: .random(in: 0...20, using: &random))
            }
        case .exit, .end:
            guard worker.manner != .staysOnExit, worker.task == nil else { return }
            laterOf(process, .exit(0), in: .random(in: 0...50, using: &random))
        }
    }

    private func finish(_ process: SimulatedProcess, _ worker: SimulatedWorker) {
        guard let part = worker.part else { return }
        let isSuccess = part.ending == .success
        let reason = #""reason":"it says \"\\\u001f\u00e9\ud83d\ude42""#
        let result = { isSuccess in #"{"type":"result","status":"\#(isSuccess ? "success" : "failure")",\#(reason)}"# }
        switch (worker.manner, part.ending) {
        case (_, .crash): endWorker(process, .signalled, 11)
        case (.noResult, _): endWorker(process, status: 0)
        case (.garbageLater, _):
            say(#"{"type":"resul"#, .nonsense, process, worker)
            say(result(isSuccess), .result(isSuccess: isSuccess), process, worker)
        case (.endless, _): say(String(repeating: "x", count: 70_000), .nonsense, process, worker)
        case (.twoResults, _):
            say(result(isSuccess), .result(isSuccess: isSuccess), process, worker)
            say(result(!isSuccess), .result(isSuccess: !isSuccess), process, worker)
        default: say(result(isSuccess), .result(isSuccess: isSuccess), process, worker)
        }
    }

    private func endWorker(_ process: SimulatedProcess, status: Int32) { endWorker(process, .exited, status) }

    // MARK: The engine's side

    func letOut(_ bytes: [UInt8], to worker: Int64) {
        note("engine tells worker \(worker): \(String(decoding: bytes.prefix(60), as: UTF8.self).trimmingNewlines)")
        engine?.core.channels.send(bytes, to: worker)
        if let process = supervisor.processes[UInt64(worker)] {
            talk(process, .read, in: .random(in: 0...plan.linkTime / 10 + 1, using: &random))
        }
    }

    /// It dies somewhere within a message.
    func cutShort(_ item: EffectTap.Item?) {
        guard case .toWorker(let worker, let bytes)? = item, random.chance(70) else { return }
        letOut(Array(bytes.prefix(.random(in: 0...bytes.count, using: &random))), to: worker)
    }

    func engineReadsLater() {
        guard let engine else { return }
        talking += 1
        later(.engineReads(life: engine.life), in: .random(in: 0...2, using: &random))
    }

    func engineReads(_ life: Int) {
        talking -= 1
        guard let engine, engine.life == life else { return }
        engine.core.readWorkers()
        wakeEngine()
    }
}

extension String {
    fileprivate var trimmingNewlines: String { String(split(separator: "\n").joined(separator: " ")) }
}
