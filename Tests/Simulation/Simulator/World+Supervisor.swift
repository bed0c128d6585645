import Engine
import Scheduling
import SupervisorLink

extension World {
    /// As the real one: first starts what can start, then says what there is to say.
    func turnSupervisor() {
        guard isSupervisorUp else { return }
        for process in supervisor.startWaiting() {
            guard process.worker == nil else {
                beginWorker(process)
                continue
            }
            note("attempt \(process.order.name) starts: \(process.ending) after \(process.duration)")
            if process.endsByItself { later(.processEnds(process.attempt), in: process.duration) }
            if process.chatter > 0 { later(.processWrites(process.attempt), in: process.chatter) }
        }
        // News without an engine wait for one.
        let size = [1, 3, 400].randomElement(using: &random) ?? 400
        let (messages, time) = supervisor.news(
            reportsPerMessage: size, room: links[generation]?.roomToEngine ?? .max)
        for (message, descriptors) in messages { sendToEngine(message, descriptors) }
        if let time { later(.supervisorWakes, in: max(time - clock.now.monotonic, 0)) }
        if supervisor.isStopping, supervisor.processes.isEmpty { endSupervisor() }
    }

    func startSupervisor() {
        guard !isSupervisorUp else { return }
        note("the supervisor starts")
        isSupervisorUp = true
    }

    /// It has ended all it ran.
    private func endSupervisor() {
        note("the supervisor ends")
        supervisor.forgetMemory()
        goDown()
    }

    func killSupervisor() {
        guard isSupervisorUp else { return }
        note("the supervisor is killed")
        supervisor.kill()
        goDown()
    }

    func replaceSupervisor() {
        guard isSupervisorUp, !supervisor.isStopping else { return }
        note("the supervisor executes its new version")
        breakLink()
        supervisor.replace()
        turnSupervisor()
    }

    func terminateSupervisor() {
        guard isSupervisorUp, !supervisor.isStopping else { return }
        note("the supervisor is told to end")
        supervisor.terminate(grace: 2_000)
        for attempt in supervisor.processes.keys.sorted() { processStopped(attempt) }
        turnSupervisor()
    }

    func goDown() {
        breakLink()
        isSupervisorUp = false
        later(.supervisorStarts, in: .random(in: 10...2_000, using: &random))
    }

    // MARK: Processes

    func processEnds(_ attempt: UInt64) {
        guard let process = supervisor.processes[attempt] else { return }
        guard !process.isFrozen else {
            process.isOverdue = true
            return
        }
        switch process.ending {
        case _ where process.flags.contains(.stopped) && !process.endsByItself: end(process, .signalled, 15)
        case .success: end(process, .exited, 0)
        case .failure, .limited, .limitedUntil: end(process, .exited, 1)
        default: end(process, .signalled, 11)
        }
    }

    /// It goes on, and does what it would have done.
    func processThawed(_ attempt: UInt64) {
        guard let process = supervisor.processes[attempt], process.isOverdue, !process.isFrozen else { return }
        process.isOverdue = false
        later(.processEnds(attempt), in: 0)
    }

    /// It was sent SIGTERM.
    func processStopped(_ attempt: UInt64) {
        guard let process = supervisor.processes[attempt], let killAt = process.killAt else { return }
        later(.processKilled(attempt), in: max(killAt - clock.now.monotonic, 0))
        // Most end in time. Some of them as if they had finished.
        let isStubborn = process.ending == .stubborn || process.worker?.manner == .stubborn
        if !isStubborn { later(.processEnds(attempt), in: .random(in: 0...50, using: &random)) }
    }

    func processKilled(_ attempt: UInt64) {
        guard let process = supervisor.processes[attempt], let killAt = process.killAt, killAt <= clock.now.monotonic else {
            return
        }
        process.flags.insert(.killed)
        end(process, .signalled, 9)
    }

    private func tellOfLimit(_ process: SimulatedProcess) {
        let until = process.ending == .limitedUntil ? clock.now.wall / 1000 + .random(in: 1...300, using: &random) : nil
        guard process.isAgent else { return }
        process.complain("usage limit reached" + (until.map { "|\($0)" } ?? ""))
        truth.metLimit(Int64(process.attempt))
    }

    private func tellOfUsage(_ process: SimulatedProcess) {
        let cents = SimulatedAgent.cents(of: process.attempt)
        guard process.isAgent, cents > 0 else { return }
        process.complain("cost 0.0\(cents)")
        truth.used(Int64(process.attempt), cost: cents * SimulatedAgent.cent)
    }

    func processWrites(_ attempt: UInt64) {
        guard let process = supervisor.processes[attempt] else { return }
        guard !process.isFrozen else { return later(.processWrites(attempt), in: process.chatter) }
        process.write(wall: clock.now.wall)
        truth.wrote(Int64(attempt), at: clock.now.monotonic)
        later(.processWrites(attempt), in: process.chatter)
    }

    func endWorker(_ process: SimulatedProcess, _ ending: EndReport.Ending, _ code: Int32) { end(process, ending, code) }

    private func end(_ process: SimulatedProcess, _ ending: EndReport.Ending, _ code: Int32) {
        note("attempt \(process.order.name) ends: \(ending) \(code)")
        // Some have said nothing all the time: their files are used again. An agent that says nothing has failed.
        let isLimit = process.ending == .limited || process.ending == .limitedUntil
        if ending == .exited, process.ask != nil { process.answer() }
        if process.ask == nil, process.attempt % 3 == 0 || process.isAgent { process.write(wall: clock.now.wall) }
        tellOfUsage(process)
        if isLimit, ending == .exited, code == 1 { tellOfLimit(process) }
        supervisor.ended(process, ending, code: code)
        turnSupervisor()
    }
}
