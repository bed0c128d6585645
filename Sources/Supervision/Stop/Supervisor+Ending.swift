import CLinux
import Glibc
import Platform
import SupervisorLink

extension Supervisor {
    /// The leader of an attempt has ended: its status is taken, and whatever else of it is alive is killed.
    func leaderEnded(_ number: UInt64) {
        guard let attempt = running[number], attempt.leaderEnd == nil else { return }
        var ended = linux_exit()
        switch linux_wait_pidfd(attempt.pidfd.number, false, &ended) {
        case 0: return
        case 1: break
        default:
            // Nobody else can have reaped it; but if so, it is gone, and how is not known.
            ended.signalled = true
            ended.code = SIGKILL
        }
        worktreeReported(number, isOver: true)
        attempt.leaderEnd = ended
        loop.remove(attempt.leaderToken)
        leaders[attempt.start.pid] = nil
        if let cgroup = attempt.cgroup {
            endCgroup(cgroup, of: attempt)
        } else {
            mustLookForOrphans = true
        }
    }

    private func endCgroup(_ cgroup: Cgroup, of attempt: RunningAttempt) {
        guard cgroup.isPopulated else { return finish(attempt) }
        attempt.flags.insert(.survivors)
        do throws(SystemError) {
            let events = try cgroup.openEvents()
            attempt.cgroupEvents = events
            attempt.cgroupToken = try loop.add(events, .priority, .cgroup(attempt.attempt))
        } catch {
            Log.error("the end of \(attempt.name) is watched by timer: \(error)")
        }
        cgroup.kill()
        // Once more until it is empty, where the kernel has no cgroup.kill or no event can be had.
        attempt.killAt = Clock.monotonic + 100
        stopping.insert(attempt.attempt)
        // What ended before the registration raises no event.
        cgroupChanged(attempt.attempt)
    }

    func cgroupChanged(_ number: UInt64) {
        guard let attempt = running[number], attempt.leaderEnd != nil, let cgroup = attempt.cgroup else { return }
        let isPopulated = attempt.cgroupEvents.map { Cgroup.isPopulated($0) } ?? cgroup.isPopulated
        if !isPopulated { finish(attempt) }
    }

    /// Reaps orphans that have ended, kills those whose attempt is over, and ends the attempts that have none left.
    func settleOrphans() {
        mustLookForOrphans = false
        guard let orphans else { return }
        for _ in 0..<Supervisor.reapsPerTurn {
            let (alive, didReap) = reapOrphans(orphans)
            for attempt in alive.compactMap({ running[$0] }) { roundUp(attempt) }
            guard didReap else {
                for attempt in running.values where attempt.leaderEnd != nil && !alive.contains(attempt.attempt) {
                    finish(attempt)
                }
                return
            }
        }
        // They come faster than they can be reaped; others have their turn in between.
        mustLookForOrphans = true
    }

    /// Returns the attempts that are over and of which some are alive, and whether any orphan had ended: its own children are ours
    /// now, and perhaps were not in this listing.
    private func reapOrphans(_ orphans: Orphans) -> (alive: Set<UInt64>, didReap: Bool) {
        var alive: Set<UInt64> = []
        var didReap = false
        for pid in orphans.children() where isOrphan(pid) {
            var ended = linux_exit()
            guard linux_wait_pid(pid, false, &ended) == 0 else {
                orphans.forget(pid)
                didReap = true
                continue
            }
            let owner = orphans.owner(of: pid).flatMap { running[$0] }
            if let owner, owner.leaderEnd == nil { continue }
            owner?.flags.insert(.survivors)
            if let owner { alive.insert(owner.attempt) }
            Glibc.kill(pid, SIGKILL)
        }
        return (alive, didReap)
    }

    /// How long attempts have to run so that it is told what they used, in milliseconds.
    private static let measuredFrom: Int64 = 100

    /// No process of it is left.
    private func finish(_ attempt: RunningAttempt) {
        guard let report = attempt.endReport() else {
            return Log.impossible("the end of \(attempt.name), whose leader runs")
        }
        loop.remove(attempt.cgroupToken)
        // Of the many short ones nobody wants to know, and it takes four files.
        if let cgroup = attempt.cgroup, report.endedMonotonic - report.start.startedMonotonic >= Supervisor.measuredFrom {
            measures[attempt.attempt] = cgroup.measures()
        }
        attempt.cgroup?.remove()
        credentials.takeBack(attempt.name)
        closeDoor(of: attempt.attempt)
        stopping.remove(attempt.attempt)
        running[attempt.attempt] = nil
        if !workspaces.keepIfPristine(folder: attempt.folder, name: attempt.name),
            !workspaces.removeIfEmpty(folder: attempt.folder, name: attempt.name),
            workspaces.hasResults(folder: attempt.folder, name: attempt.name)
        {
            results.add(attempt.attempt, folder: attempt.folder, name: attempt.name)
        }
        queues.free(attempt.start.slot, of: attempt.pool)
        fresh.append(UnacknowledgedEnd(report: report, pool: attempt.pool, entry: attempt.entry))
    }

    /// Makes the ends of this turn survive us, and only then lets anything follow from them.
    func commitEnds() {
        guard !fresh.isEmpty else { return }
        assert(Set(fresh.map(\.report.attempt)).count == fresh.count, "an attempt ends once")
        let isSafe = exits.append(fresh.map(\.report))
        let now = Clock.monotonic
        for end in fresh {
            switch end.entry {
            case let entry? where isSafe: state.leave(entry)
            case let entry?: unsafeEntries[end.report.attempt] = entry
            case nil: break
            }
            outbox.addEnd(end.report.attempt, pool: end.pool, now: now)
        }
        if isSafe { leaveTable(Array(unsafeEntries.keys)) }
        fresh.removeAll(keepingCapacity: true)
    }

    /// Takes attempts out of the table of those that run, now that their ends are on record.
    func leaveTable(_ attempts: [UInt64]) {
        guard !unsafeEntries.isEmpty else { return }
        for attempt in attempts { if let entry = unsafeEntries.removeValue(forKey: attempt) { state.leave(entry) } }
    }
}
