import Engine
import OrchProtocol
import Scheduling

extension World {
    func perform(_ deed: Deed) throws {
        guard deed.isFault else { return perform(request: deed) }
        statistics.faults += 1
        note("fault: \(deed)")
        switch deed {
        case .engine(.killed): killEngine("at rest")
        case .engine(.killedBeforeCommit): killsNextCommit = true
        case .engine(.killedAfterEffects(let count)): killAfterEffects = count
        case .engine(.restarted): try endEngine()
        case .supervisor(.killed): killSupervisor()
        case .supervisor(.replaced): replaceSupervisor()
        case .supervisor(.terminated): terminateSupervisor()
        case .boot: boot()
        case .linkLostWithLaunch: losesNextLaunch = true
        case .linkLost(let times): loseLink(times: times)
        case .linkSlow(let by, let time): linkDelay = (by, clock.elapsed + time)
        case .clock(let step):
            clock.set(by: step)
            ledger.isClockSet = true
            clockSetAt = disk.commits
            if engine == nil { isClockUncertain = true }
            wakeEngine()
        case .diskFull(let time): fullUntil = clock.elapsed + time
        case .diskFails(let times): failingCommits = times
        case .shortage(let time):
            shortUntil = clock.elapsed + time
            supervisor.isShort = true
            later(.shortageEnds, in: time)
        case .reload(let pools):
            self.pools = pools
            reload()
        case .poisonPool(let pool, let poison):
            poisons[pool] = poison
            reload()
        case .changeRoutes(let routes):
            self.routes = routes
            reload()
        case .changeLimits(let limits):
            self.limits = limits
            reload()
        case .changeBudgets(let budgets):
            self.budgets = budgets
            reload()
        case .outputLimit(let number):
            let live = ledger.live.keys.sorted()
            guard !live.isEmpty else { return }
            engine?.core.push([.outputLimitReached(attempt: live[number % live.count])])
            wakeEngine()
        case .repeatReports:
            supervisor.repeatReports()
            turnSupervisor()
        default: break
        }
    }

    func loseLink(times: Int) {
        guard times > 0, !isCalm else { return }
        breakLink(keeping: .random(in: 0...(links[generation]?.toSupervisor.count ?? 0), using: &random))
        later(.linkBreaks(times: times - 1), in: .random(in: 30...200, using: &random))
    }

    /// The machine stops, and starts again with what is on its disk.
    private func boot() {
        note("boot")
        if isSupervisorUp { goDown() }
        links = [:]
        supervisor.boot()
        clock.boot()
        killEngine("with the machine")
    }

    func reload() {
        // A turn that takes these finds them, and no commit comes before it.
        if engine != nil { ledger.apply(limits, budgets, routes, pools) }
        engine?.reload(configuration, number: requests.count)
        wakeEngine()
    }
}
