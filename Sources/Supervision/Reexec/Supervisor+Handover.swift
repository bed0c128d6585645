import CLinux
import Glibc
import Platform
import SupervisorLink

extension Supervisor {
    /// Executes the program again, with the same process and the same children: how it is upgraded. Where that fails, it continues.
    ///
    /// What is in our memory only comes first: how the leader of an attempt ended whose survivors are not dead yet, ends that a full
    /// disk kept out of the file, worktrees that are being made, and helpers that nobody would wait for.
    func replaceIfReady() {
        guard replaceAskedAt != nil, !isStopping, workspaceRemovals.isIdle,
            !running.values.contains(where: { $0.leaderEnd != nil || $0.worktree != nil })
        else { return }
        assert(fresh.isEmpty, "all ends are on record before the program is replaced")
        guard let canHold = successorCanHold() else { return }
        replaceAskedAt = nil
        successor = nil
        defer { notifier.ready() }
        guard canHold else {
            return Log.error(
                "the new version is not executed: it is an older one, which knows nothing of the doors of tasks that run; pause their pools, and reload when they have ended"
            )
        }
        guard exits.isSafe() else { return Log.error("the new version is not executed: \(ExitStore.notSafe)") }
        workspaces.removeSpares()
        let handover = makeHandover()
        let bytes = handover.encoded()
        let memory = linux_sealed_memfd("orchd-handover", bytes, bytes.count)
        guard memory >= 0 else {
            return Log.error("cannot execute the new version: \(SystemError("make a file in memory", code: -memory))")
        }
        let file = Descriptor(memory)
        let channels = try? HeldDescriptors.channels.leave(handover.channels)
        let doors: Descriptor?
        do throws(SystemError) { doors = try HeldDescriptors.doors.leave(handover.doors) } catch {
            return Log.error("cannot execute the new version: \(error)")
        }
        let memories = [file, channels, doors, lifeline].compactMap { $0?.number }
        let kept =
            memories + [handover.listener] + handover.running.map(\.pidfd) + handover.waiting.flatMap(\.descriptors)
            + Array(handover.channels.values) + Array(handover.doors.values)
        for number in kept { _ = fcntl(number, F_SETFD, 0) }
        setenv(Handover.variable, "\(file.number)", 1)
        notifier.handOver()
        var arguments: [UnsafeMutablePointer<CChar>?] = ProcessText.arguments.map { $0.withCString { strdup($0) } }
        arguments.append(nil)
        program.withCString { _ = execv($0, &arguments) }
        Log.error("cannot execute the new version: \(SystemError("execute \(program.shellQuoted())"))")
        arguments.forEach { free($0) }
        unsetenv(Handover.variable)
        for held in [HeldDescriptors.channels, .doors] { unsetenv(held.variable) }
        for number in kept { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
    }

    /// Whether starts are held back so that there comes a moment for the new version. Not for long: what holds it up may be a process
    /// that the kernel cannot end.
    var isHolding: Bool { replaceAskedAt.map { Clock.monotonic - $0 < Supervisor.holdingTime } ?? false }
    static let holdingTime: Int64 = 1000

    /// The path of the program; after an upgrade of the package it is another file.
    var program: ByteString {
        ProcessText.arguments.first.flatMap { $0.contains("/") ? $0 : nil } ?? "/proc/self/exe"
    }

    private func makeHandover() -> Handover {
        var handover = Handover(listener: listener.socket.number, descriptorLimit: descriptorLimit.soft)
        handover.slots = queues.slotCounts
        handover.running = running.values.map {
            Handover.Running(
                folder: $0.folder, name: $0.name, start: $0.start.encoded(), entry: $0.entry, flags: $0.flags.rawValue,
                pidfd: $0.pidfd.number, killAt: $0.killAt ?? -1)
        }
        handover.waiting = queues.waitingAttempts.compactMap { queues.order(of: $0) }.map {
            Handover.Waiting(
                order: EngineMessage.launch($0.launch).encoded(), descriptors: $0.descriptors.map(\.number))
        }
        handover.removals = workspaceRemovals.unfinished
        handover.channels = channels.mapValues(\.number)
        handover.doors = doors.mapValues(\.listener.number)
        return handover
    }

    /// Takes up what a former version left.
    func takeOver(_ handover: Handover) throws(SystemError) {
        for (pool, count) in handover.slots { queues.setSlots(of: pool, to: count) }
        for it in handover.running {
            let pidfd = try inherited(it.pidfd)
            guard let start = try? StartReport(decoding: it.start[...]) else { continue }
            let cgroup = cgroups.flatMap { try? $0.existing(it.name) }
            let attempt = RunningAttempt(
                folder: it.folder, name: it.name, start: start, entry: it.entry, pidfd: pidfd, cgroup: cgroup)
            attempt.flags = EndReport.Flags(rawValue: it.flags)
            if it.killAt >= 0 {
                attempt.killAt = it.killAt
                stopping.insert(start.attempt)
            }
            queues.occupy(start.slot, of: attempt.pool)
            attempt.leaderToken = try loop.add(pidfd, .read, .leader(start.attempt))
            running[start.attempt] = attempt
            leaders[start.pid] = start.attempt
        }
        for it in handover.waiting {
            let descriptors = try it.descriptors.map { number throws(SystemError) in try inherited(number) }
            guard case .launch(let order) = (try? EngineMessage.decode(it.order[...]))?.first else { continue }
            let waiting = WaitingOrder(launch: order, descriptors: descriptors)
            queues.enqueue(order.attempt, pool: order.pool, waiting, size: waiting.size)
        }
        for removal in handover.removals { workspaceRemovals.add(removal) }
        for (attempt, number) in handover.channels { channels[attempt] = try inherited(number) }
        for (attempt, number) in handover.doors { doors[attempt] = Doors.inherited(try inherited(number)) }
        mustLookForOrphans = true
    }

    private func inherited(_ number: Int32) throws(SystemError) -> Descriptor {
        guard fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else { throw SystemError("take over descriptor \(number)") }
        return Descriptor(number)
    }
}
