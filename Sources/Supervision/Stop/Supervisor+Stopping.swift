import CLinux
import Glibc
import Platform
import SupervisorLink

extension Supervisor {
    /// Asks an attempt to end, and kills it when the grace, in milliseconds, is over. Said again, it can only shorten that: an engine
    /// repeats it on every connection.
    func stop(_ number: UInt64, grace: Int64) {
        if queues.withdraw(number) != nil {
            // The engine thought that it had started.
            outbox.revoked.append((number, true))
            return
        }
        guard let attempt = running[number], attempt.leaderEnd == nil else { return }
        let isRepeated = attempt.flags.contains(.stopped)
        attempt.flags.insert(.stopped)
        let deadline = Clock.monotonic + grace
        attempt.killAt = min(attempt.killAt ?? deadline, deadline)
        stopping.insert(number)
        guard grace > 0 else { return kill(number) }
        guard !isRepeated else { return }
        attempt.cgroup?.freeze(false)
        // SIGCONT too: a stopped process would not take the SIGTERM.
        signal(attempt, [SIGTERM, SIGCONT])
    }

    /// Stops all processes of an attempt where they are, or lets them continue.
    func freeze(_ number: UInt64, _ isFrozen: Bool) {
        guard let attempt = running[number], attempt.leaderEnd == nil, !attempt.flags.contains(.stopped) else { return }
        if let cgroup = attempt.cgroup { return cgroup.freeze(isFrozen) }
        signal(attempt, [isFrozen ? SIGSTOP : SIGCONT])
    }

    /// Kills all of an attempt. Its end is noticed in the usual way.
    func kill(_ number: UInt64) {
        guard let attempt = running[number] else { return }
        attempt.killAt = nil
        if let cgroup = attempt.cgroup {
            cgroup.kill()
            attempt.killAt = Clock.monotonic + 100
        }
        if attempt.leaderEnd == nil {
            attempt.flags.insert(.killed)
            if attempt.cgroup == nil {
                // It is not to start others meanwhile, and its children are found by it.
                _ = linux_pidfd_signal(attempt.pidfd.number, SIGSTOP)
                roundUp(attempt)
            }
            // Through what is open already: this works when descriptors are short.
            _ = linux_pidfd_signal(attempt.pidfd.number, SIGKILL)
        }
        cgroupChanged(number)
    }

    /// Kills all processes of an attempt that has no cgroup, except for its leader. Children of what dies then become ours.
    func roundUp(_ attempt: RunningAttempt) {
        TreeKiller.kill(except: attempt.start.pid) { roots(of: attempt) }
    }

    /// Without a cgroup all processes of an attempt are below these, which are children of ours.
    private func roots(of attempt: RunningAttempt) -> [pid_t] {
        let leader = attempt.leaderEnd == nil ? [attempt.start.pid] : []
        guard let orphans else { return leader }
        return leader + orphans.children().filter { isOrphan($0) && orphans.owner(of: $0) == attempt.attempt }
    }

    /// Whether a child of ours is one that we did not start.
    func isOrphan(_ pid: pid_t) -> Bool {
        leaders[pid] == nil && !workspaceRemovals.isRunning(pid) && successor?.process.pid != pid
    }

    /// Sends signals to all processes of an attempt whose leader is alive.
    private func signal(_ attempt: RunningAttempt, _ numbers: [Int32]) {
        // First the leader, through what is open already: this works when descriptors are short.
        for number in numbers { _ = linux_pidfd_signal(attempt.pidfd.number, number) }
        let leader = attempt.start.pid
        if let cgroup = attempt.cgroup {
            for number in numbers { cgroup.signal(number, except: leader) }
        } else {
            ProcessTree.signal(numbers, below: roots(of: attempt), except: leader)
        }
    }

    func takeSignals() {
        while true {
            switch linux_next_signal(signals.number) {
            case 0: return
            case SIGCHLD: mustLookForOrphans = true
            case SIGHUP, SIGUSR2: reload()
            case SIGQUIT: shutDown(grace: 0)
            default: shutDown(grace: isStopping ? 0 : configuration.stopGrace)
            }
        }
    }

    /// Our starter has died, and nobody else would end the tasks.
    func lifelineEnded() {
        loop.remove(lifelineToken)
        shutDown(grace: configuration.stopGrace)
    }

    /// Ends all attempts, and then the loop.
    private func shutDown(grace: Int64) {
        if !isStopping {
            isStopping = true
            notifier.stopping()
            // Given back rather than forgotten: they have been heard of, and would count as lost.
            for attempt in queues.waitingAttempts {
                if let order = queues.withdraw(attempt) { refuse(order.launch, shortage: ECANCELED) }
            }
        }
        for attempt in running.keys { stop(attempt, grace: grace) }
    }

    /// Reads the policy, and then executes the program again, which would not start with a policy that is not valid.
    private func reload() {
        notifier.reloading()
        do throws(StartFailure) {
            if let path = configuration.policy { policyCheck.policy = try Policy.load(path) }
            replaceAskedAt = Clock.monotonic
        } catch {
            Log.error("\(error.message); the old policy and the old program stay")
            notifier.ready()
        }
        workspaces.forgetAll()
    }
}
