import CLinux
import Glibc
import Platform
import SupervisorLink

extension Supervisor {
    /// Starts whatever has a slot.
    func startWaiting() {
        while !isStopping, !isHolding, !state.isFull, let next = queues.next() {
            start(next.order.launch, next.order.descriptors, slot: next.slot)
        }
    }

    private func start(_ order: LaunchOrder, _ descriptors: [Descriptor], slot: UInt32) {
        do throws(SpawnFailure) {
            try launch(order, descriptors, slot: slot)
        } catch {
            credentials.takeBack(order.name)
            closeDoor(of: order.attempt)
            queues.free(slot, of: order.pool)
            end(order, .spawnFailed, code: error.code, step: error.step, slot: slot)
        }
    }

    private func launch(_ order: LaunchOrder, _ descriptors: [Descriptor], slot: UInt32) throws(SpawnFailure) {
        assert(running[order.attempt] == nil, "\(order.name) runs already")
        assert(descriptors.count == order.descriptors.count, "\(order.name) has the descriptors that it names")
        // Judged again: the policy may have changed while it waited.
        guard case .allowed(let identity, let programs) = policyCheck.check(order) else {
            queues.free(slot, of: order.pool)
            return end(order, .refused, code: refusal(of: order))
        }
        let cgroup: Cgroup?
        do throws(SystemError) {
            try workspaces.prepare(order.folder, for: identity)
        } catch { throw failure(.workspace, error.code) }
        do throws(SystemError) {
            cgroup = try cgroups?.make(order.name, limitedTo: policyCheck.controls(of: order))
        } catch { throw failure(.cgroup, error.code) }

        let secrets: [ByteString]
        do throws(Credentials.Missing) {
            secrets = try credentials.hand(
                policyCheck.credentials(of: order), to: order.name, as: isOwn(identity) ? nil : identity)
        } catch {
            Log.error("\(order.name) is not started: the credential \"\(error.name)\" of pool \(order.pool): \(error.reason)")
            cgroup?.remove()
            queues.free(slot, of: order.pool)
            return end(order, .refused, code: EndReport.Refusal.credential.rawValue)
        }

        let channel = try order.channel.map { _ throws(SpawnFailure) in try WorkerChannel() }
        let isPrepared = order.repository != nil || order.files != nil
        let worktree = try isPrepared ? WorktreeReport() : nil

        var report = StartReport(
            attempt: order.attempt, pid: 0, slot: slot, startedAt: Clock.realTime, startedMonotonic: Clock.monotonic)
        guard let entry = state.enter(report) else { throw failure(.resources, EAGAIN) }
        do throws(SpawnFailure) {
            var plan = plan(order, descriptors, slot: slot, identity: identity, programs: programs, cgroup: cgroup)
            plan.setVariables(secrets)
            if order.hasDoor {
                let path = ByteString(try openDoor(of: order, for: identity))
                plan.setVariables([ByteString("ORCHD_SOCKET=".utf8) + path])
                plan.arguments = order.arguments(withDoorAt: path)
            }
            if let channel, let number = order.channel {
                plan.give(channel.workers, as: number)
            }
            let workspace = workspaces.path(folder: order.folder, name: order.name)
            if let worktree, let archive = order.files {
                plan.putFiles(from: archive, into: filesDirectory(of: order, in: workspace), telling: worktree)
            }
            if let worktree, let repository = order.repository {
                plan.makeWorktree(of: repository, for: order, in: workspace, telling: worktree)
            }
            let process = try spawn(plan)
            report.pid = process.pid
            state.update(entry, report)
            let attempt = RunningAttempt(
                folder: order.folder, name: order.name, start: report, entry: entry, pidfd: process.pidfd, cgroup: cgroup)
            try watch(attempt, worktree)
            running[order.attempt] = attempt
            assert(leaders[process.pid] == nil, "process \(process.pid) leads an attempt that has not been reaped")
            leaders[process.pid] = order.attempt
            outbox.addStart(order.attempt, pool: order.pool, now: report.startedMonotonic)
            if let channel {
                channels[order.attempt] = channel.engines
                if engine?.isGreeted ?? false { outbox.channels.append(order.attempt) }
            }
            if order.hasDoor, engine?.isGreeted ?? false { outbox.doors.append(order.attempt) }
        } catch {
            state.leave(entry)
            cgroup?.remove()
            _ = workspaces.removeIfEmpty(folder: order.folder, name: order.name)
            if error.step == .workspace { workspaces.forget(order.folder) }
            // What could not be executed is not the program of the order.
            if worktree != nil, error.step == .execute { throw SpawnFailure(step: .workspace, code: error.code) }
            throw error
        }
    }

    /// Its path.
    private func openDoor(of order: LaunchOrder, for identity: Identity?) throws(SpawnFailure) -> String {
        do throws(SystemError) {
            let door = try places.open(for: isOwn(identity) ? nil : identity)
            doors[order.attempt] = door
            return door.path
        } catch {
            Log.error("\(order.name) is not started: cannot open its door: \(error)")
            throw SpawnFailure(step: .resources, code: error.code)
        }
    }

    func closeDoor(of attempt: UInt64) {
        if let door = doors.removeValue(forKey: attempt) { places.close(door) }
    }

    /// A process that cannot be watched may not run.
    private func watch(_ attempt: RunningAttempt, _ worktree: WorktreeReport?) throws(SpawnFailure) {
        do throws(SystemError) {
            attempt.leaderToken = try loop.add(attempt.pidfd, .read, .leader(attempt.attempt))
            if let worktree {
                let token = try loop.add(worktree.supervisors, .read, .worktree(attempt.attempt))
                attempt.worktree = (worktree.supervisors, token)
            }
        } catch {
            loop.remove(attempt.leaderToken)
            attempt.cgroup?.kill()
            _ = linux_pidfd_signal(attempt.pidfd.number, SIGKILL)
            var ended = linux_exit()
            _ = linux_wait_pidfd(attempt.pidfd.number, true, &ended)
            throw SpawnFailure(step: .resources, code: error.code)
        }
    }

    private func plan(
        _ order: LaunchOrder, _ descriptors: [Descriptor], slot: UInt32, identity: Identity?,
        programs: [ByteString], cgroup: Cgroup?
    ) -> SpawnPlan {
        let workspace = workspaces.path(folder: order.folder, name: order.name)
        let results = "\(workspace)/\(WorkspacePaths.resultDirectoryName)"
        let directory = order.directory.isEmpty ? ByteString(workspace) : order.directory
        var own: [ByteString] = [
            "ORCH_WORKER=\(order.pool)/\(slot)", "ORCH_WORKSPACE=\(workspace)",
            "ORCH_RESULT_FILE=\(workspace)/\(WorkspacePaths.resultName)", "ORCH_RESULT_DIR=\(results)",
        ]
        if order.files != nil { own.append("ORCH_FILES=\(filesDirectory(of: order, in: workspace))") }
        let names: [ByteString] = ["ORCH_FILES=", "ORCH_WORKER=", "ORCH_WORKSPACE=", "ORCH_RESULT_FILE=", "ORCH_RESULT_DIR="]
        let given = policyCheck.environment(of: order).filter { variable in !names.contains { variable.hasPrefix($0) } }
        let account = policyCheck.account(of: identity)?.missing(in: given) ?? []
        let isThere = workspaces.reuse(folder: order.folder, as: order.name)
        var plan = SpawnPlan(
            candidates: programs, arguments: order.arguments, environment: given + account + own,
            workspace: isThere ? [] : [workspace, results], directory: directory)
        for (descriptor, number) in zip(descriptors, order.descriptors) { plan.give(descriptor, as: number) }
        plan.limits = limits(order)
        plan.identity = isOwn(identity) ? nil : identity
        plan.umask = order.umask
        plan.nice = order.nice > ownNice ? order.nice : nil
        plan.oomScore = order.oomScoreAdjust > policyCheck.ownOOMScore ? order.oomScoreAdjust : nil
        plan.noNewPrivileges = order.noNewPrivileges
        plan.hasNetwork = !order.sandbox.noNetwork
        if let writable = order.sandbox.writable {
            plan.writable = [workspace] + writable + (order.repository.map { [$0] } ?? [])
            // What wants to write elsewhere for a while has to find a place.
            if !given.contains(where: { $0.hasPrefix("TMPDIR=") }) { plan.setVariables(["TMPDIR=\(workspace)"]) }
        }
        plan.cgroup = cgroup?.directory
        return plan
    }

    /// Where the files of its task are put: where it starts, or if that is not its workspace, in a directory of their own there.
    private func filesDirectory(of order: LaunchOrder, in workspace: String) -> String {
        order.directory.isEmpty && order.repository == nil ? workspace : "\(workspace)/\(WorkspacePaths.filesName)"
    }

    private func limits(_ order: LaunchOrder) -> [spawn_limit] {
        // First what we changed or need, then what the order says; but the mark stands.
        var limits = [descriptorLimit]
        if let orphans { limits.append(orphans.mark(of: order.attempt)) }
        for limit in order.limits where orphans == nil || limit.resource != Orphans.markedResource {
            limits.append(spawn_limit(resource: limit.resource, soft: limit.soft, hard: limit.hard))
        }
        return limits
    }

    /// Without root there is only one user to be, and any other fails honestly.
    func isOwn(_ identity: Identity?) -> Bool { geteuid() != 0 && identity?.user == geteuid() }

    private func refusal(of order: LaunchOrder) -> Int32 {
        guard case .refused(let refusal) = policyCheck.check(order) else { return 0 }
        return refusal.rawValue
    }

    private func failure(_ step: EndReport.Step, _ code: Int32) -> SpawnFailure {
        let isShortage = [EMFILE, ENFILE, ENOMEM, EAGAIN].contains(code)
        return SpawnFailure(step: isShortage ? .resources : step, code: code)
    }
}

/// Why a process was not started.
struct SpawnFailure: Error, Equatable {
    let step: EndReport.Step
    let code: Int32
}

/// Starts a process, and returns when its program has been executed.
func spawn(_ plan: SpawnPlan) throws(SpawnFailure) -> SpawnedProcess {
    do throws(SpawnError) {
        return try plan.start()
    } catch {
        throw SpawnFailure(step: EndReport.Step(rawValue: error.step) ?? .clone, code: error.code)
    }
}
