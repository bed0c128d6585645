import CLinux
import DaemonConfiguration
import Engine
import Glibc
import OrchClient
import OrchProtocol
import Platform
import Presentation

/// A foreground run: starts the supervisor and the engine, restarts whichever fails, and ends both together. What systemd does for
/// the service.
final class Launcher {
    private enum Phase {
        case running
        /// Told to drain; ends when the engine has ended, or at the deadline.
        case draining
        case stopping
    }

    private let foreground: ForegroundEnvironment
    private let engineNotices: NotifySocket
    private let supervisorNotices: NotifySocket
    private let socket: ClientSocket
    private let bridge: BridgeKeeper?
    /// When to try again to make the socket, which is gone and could not be made.
    private var renewSocketAt: Int64?
    /// A pipe that nobody writes to: its end tells both processes that the launcher is dead, however it died.
    private let lifeline: (reader: Descriptor, writer: Descriptor)
    private let signals: Int32
    private var keyboard: TerminalInput?
    private var engine: SpawnedProcess?
    private var supervisor: SpawnedProcess?
    private var phase = Phase.running
    private var status: Int32 = 0
    private var engineWatch: WatchdogMonitor
    private var supervisorWatch: WatchdogMonitor
    private var isEngineReady = false
    private var isSupervisorReady = false
    private var hasAnnounced = false
    /// On the monotonic clock, in milliseconds.
    private var deadline: Int64?
    private var restartEngineAt: Int64?
    /// The engine has been told to end so that another can be started: its new version, or one with another socket.
    private var isReplacingEngine = false

    init(_ foreground: ForegroundEnvironment) throws {
        self.foreground = foreground
        engineWatch = WatchdogMonitor(patience: Int64(foreground.watchdog) * 1000)
        // As in its unit: with it all tasks would end.
        supervisorWatch = WatchdogMonitor(patience: max(180_000, engineWatch.patience))
        let numbers = [SIGINT, SIGTERM, SIGCHLD, SIGHUP, SIGUSR2].filter { number in
            // What ends the run and was ignored before it began, by nohup(1) or a shell that put it in the background, stays ignored. The
            // other two come from its own children, and from orchctl upgrade.
            number == SIGCHLD || number == SIGUSR2 || !linux_ignores(number)
        }
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers {
            signal(number, SIG_DFL)
            sigaddset(&set, number)
        }
        sigprocmask(SIG_SETMASK, &set, nil)
        signals = linux_signal_descriptor(numbers, Int32(numbers.count))
        signal(SIGPIPE, SIG_IGN)
        // Where the supervisor dies, its workers come to this process, which then ends them.
        _ = linux_become_subreaper()
        lifeline = try Descriptor.pipe(waits: true)
        engineNotices = try NotifySocket()
        supervisorNotices = try NotifySocket()
        try makeDirectory(foreground.stateDirectory, withParents: true)
        try StateDirectory.expectSafe(foreground.stateDirectory)
        for path in [foreground.runDirectory, foreground.workDirectory] { try makeDirectory(path) }
        try StateDirectory.expectFree(foreground.stateDirectory)
        socket = try ClientSocket(foreground.socket, fixed: foreground.fixedSocket)
        bridge = foreground.bridge.map { BridgeKeeper($0) }
    }

    /// Returns the exit status when everything has ended.
    func run() throws -> Int32 {
        keyboard = TerminalInput()
        defer { keyboard?.restore() }
        try startSupervisor()
        try startEngine()
        while engine != nil || supervisor != nil || restartEngineAt != nil || bridge?.process != nil {
            let ready = wait()
            if ready.signal { try takeSignals() }
            if ready.notification { takeNotifications() }
            if ready.key { takeKeys() }
            if ready.socket { lookAfterSocket() }
            try takeTime()
        }
        Children.endStrangers(except: own)
        socket.remove()
        return status
    }

    private var own: [pid_t] { [engine?.pid, supervisor?.pid, bridge?.process?.pid].compactMap { $0 } }

    // MARK: The processes

    private func startSupervisor() throws {
        supervisor = try Children.start(
            foreground.supervisorProgram,
            [
                "--link", foreground.link, "--state-dir", foreground.runDirectory, "--work-dir", foreground.workDirectory,
                "--lifeline-fd", "3",
            ], environment: environment(supervisorNotices, supervisorWatch), descriptors: [lifeline.reader.number])
    }

    private func startEngine() throws {
        var arguments = [
            "serve", "--state-dir", foreground.stateDirectory, "--listen-fd", "3", "--lifeline-fd", "4", "--link",
            foreground.link, "--work-dir", foreground.workDirectory, "--foreground", "--umask", String(foreground.umask),
        ]
        if let config = foreground.config { arguments += ["--config", config] }
        if let workers = foreground.workers { arguments += ["--workers", String(workers)] }
        restartEngineAt = nil
        isEngineReady = false
        engine = try Children.start(
            foreground.engineProgram, arguments, environment: environment(engineNotices, engineWatch),
            descriptors: [socket.listener, lifeline.reader.number])
    }

    private func environment(_ notices: NotifySocket, _ watch: WatchdogMonitor) -> [ByteString] {
        // Sockets that somebody else was handed, and a journal that is not the engine's, do not concern it.
        let own: [ByteString] = [
            "LISTEN_FDS=", "LISTEN_PID=", "LISTEN_FDNAMES=", "WATCHDOG_USEC=", "WATCHDOG_PID=", "NOTIFY_SOCKET=",
        ]
        let inherited = ProcessText.environment.filter { variable in !own.contains(where: variable.hasPrefix) }
        return inherited + ["NOTIFY_SOCKET=\(notices.address)", "WATCHDOG_USEC=\(watch.variable)"]
    }

    private func takeExits() throws {
        while let ending = Children.reap() {
            // What it has said comes before its end: an engine that was ready is started again, another is not.
            takeNotifications()
            if ending.pid == engine?.pid {
                engine = nil
                engineWatch.childEnded()
                engineEnded(ending.status)
            } else if ending.pid == supervisor?.pid {
                supervisor = nil
                supervisorWatch.childEnded()
                try supervisorEnded(ending.status)
            } else {
                _ = bridge?.takeEnd(of: ending.pid, status: ending.status, now: now())
            }
        }
    }

    private func engineEnded(_ ended: Int32) {
        if phase == .running, isReplacingEngine {
            isReplacingEngine = false
            restartEngineAt = now()
            return
        }
        if phase == .running, hasAnnounced, ended != 0, ended != configurationStatus {
            // One that does not even become ready is not worth a processor.
            restartEngineAt = isEngineReady ? now() : now() + 1000
            printError("orchd: the engine has failed (status \(ended)) and is started again; running tasks continue")
            return
        }
        if phase == .running, ended != 0 || !hasAnnounced { status = ended == 0 ? 1 : ended }
        if phase == .running { sayIfKilled("engine", ended) }
        stop()
    }

    private func supervisorEnded(_ ended: Int32) throws {
        guard phase != .stopping else { return }
        Children.endStrangers(except: own)
        guard hasAnnounced else {
            sayIfKilled("supervisor", ended)
            status = ended == 0 ? 1 : ended
            return stop()
        }
        printError("orchd: the supervisor has failed (status \(ended)) and is started again; its tasks are lost")
        try startSupervisor()
    }

    /// A process that fails says why; a killed process cannot.
    private func sayIfKilled(_ name: String, _ ended: Int32) {
        if ended > 128 { printError("orchd: the \(name) was killed by \(signalName(ended - 128)) before it was ready") }
    }

    // MARK: What happens

    private func wait() -> (signal: Bool, notification: Bool, key: Bool, socket: Bool) {
        var polls = [
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
            pollfd(fd: engineNotices.descriptor.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: supervisorNotices.descriptor.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: keyboard == nil ? -1 : STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            pollfd(fd: socket.changes, events: Int16(POLLIN), revents: 0),
        ]
        let next = [
            bridge?.restartAt, deadline, restartEngineAt, renewSocketAt, engineWatch.deadline, supervisorWatch.deadline,
        ].compactMap { $0 }
            .min()
        let timeout = next.map { Int32(clamping: max(0, $0 - now())) } ?? -1
        guard poll(&polls, nfds_t(polls.count), timeout) > 0 else { return (false, false, false, false) }
        return (polls[0].revents != 0, polls[1].revents | polls[2].revents != 0, polls[3].revents != 0, polls[4].revents != 0)
    }

    private func takeSignals() throws {
        while true {
            switch linux_next_signal(signals) {
            case SIGCHLD: try takeExits()
            case SIGINT: interrupt()
            case SIGUSR2: upgrade()
            case SIGTERM, SIGHUP: drain(deadline: Int64(foreground.drainTimeout) * 1000)
            default: return try takeExits()
            }
        }
    }

    private func takeNotifications() {
        let fromEngine = engineNotices.take(from: engine?.pid)
        let fromSupervisor = supervisorNotices.take(from: supervisor?.pid)
        engineWatch.take(fromEngine, now: now())
        supervisorWatch.take(fromSupervisor, now: now())
        if fromEngine.isReady { isEngineReady = true }
        if fromSupervisor.isReady { isSupervisorReady = true }
        guard phase == .running, !hasAnnounced, isEngineReady, isSupervisorReady else { return }
        hasAnnounced = true
        let configuration = foreground.config.map { ", configuration \($0)" } ?? ""
        // If standard output is closed, nobody wants to know.
        try? printOutput(
            "ready: socket \(socket.path), \(counted(foreground.slots, "worker"))\(configuration)")
        bridge?.start(now: now())
        if keyboard != nil { printError("keys: s status, q drain and quit, Ctrl-C stop") }
    }

    private func takeKeys() {
        guard let keys = keyboard?.read() else {
            keyboard = nil
            return
        }
        for key in keys {
            switch key {
            case "s": showStatus()
            case "q": drain(deadline: nil)
            default: break
            }
        }
    }

    private func takeTime() throws {
        let now = now()
        if let time = restartEngineAt, time <= now {
            restartEngineAt = nil
            if phase == .running { try startEngine() }
        }
        if let time = renewSocketAt, time <= now { lookAfterSocket() }
        bridge?.takeTime(now)
        if let time = deadline, time <= now {
            deadline = nil
            if phase == .stopping {
                engine?.signal(SIGKILL)
                supervisor?.signal(SIGKILL)
                bridge?.kill()
            } else {
                stop()
            }
        }
        // What was said until now counts.
        takeNotifications()
        if engineWatch.isHanging(now: now) { end(engine, "engine", silentFor: engineWatch.patience) }
        if supervisorWatch.isHanging(now: now) { end(supervisor, "supervisor", silentFor: supervisorWatch.patience) }
    }

    /// Kills a child that hangs; its end is noticed in the usual way. A stopped process obeys no other signal.
    private func end(_ child: SpawnedProcess?, _ name: String, silentFor patience: Int64) {
        guard phase != .stopping else { return }
        printError("orchd: the \(name) hangs: it gave no sign of life for \(patience / 1000) s, and is killed")
        child?.signal(SIGKILL)
    }

    /// Makes both processes execute the programs that are now at their paths. The supervisor does so in place, and tasks
    /// continue; the engine is started again, and clients wait. Only if the new versions can run, and can use what there is:
    /// nothing is stopped that could not be started again.
    private func upgrade() {
        guard phase == .running, hasAnnounced, !isReplacingEngine else { return }
        let check = ["check", "--state-dir", foreground.stateDirectory] + (foreground.config.map { ["--config", $0] } ?? [])
        for (program, arguments) in [(foreground.supervisorProgram, ["--version"]), (foreground.engineProgram, check)] {
            do {
                let status = try Children.start(
                    program, arguments, environment: environment(engineNotices, engineWatch), descriptors: []
                ).end(within: 30_000)
                guard status == 0 else { throw StartError("\(program) \(arguments[0]) ended with status \(status)") }
            } catch {
                return printError("orchd: not upgraded: \(error)")
            }
        }
        printError("orchd: upgrading; running tasks continue")
        supervisor?.signal(SIGHUP)
        isReplacingEngine = true
        engine?.signal(SIGTERM)
        bridge?.renew()
    }

    /// Somebody has touched the socket: where it is gone, as after a logout, nobody could reach the daemon any more.
    private func lookAfterSocket() {
        socket.takeChanges()
        guard phase == .running, !socket.isThere else {
            if phase == .running { socket.renewLink() }
            renewSocketAt = nil
            return
        }
        let old = socket.path
        do {
            try socket.renew()
        } catch {
            if renewSocketAt == nil {
                printError("orchd: the socket \(old) was removed, and cannot be made again yet: \(error)")
            }
            renewSocketAt = now() + 5000
            return
        }
        renewSocketAt = nil
        let place = socket.path == old ? "" : " as \(socket.path)"
        printError("orchd: the socket \(old) was removed, and is made again\(place); running tasks continue")
        // Only an engine that is started now can be given it; where there is none, the next one is.
        guard let engine else { return }
        isReplacingEngine = true
        engine.signal(SIGTERM)
    }

    // MARK: Ends

    private func interrupt() {
        if phase == .stopping {
            engine?.signal(SIGKILL)
            bridge?.kill()
            // Its second signal makes it kill all tasks at once.
            supervisor?.signal(SIGTERM)
        } else {
            stop()
        }
    }

    /// Lets what runs come to its end.
    private func drain(deadline milliseconds: Int64?) {
        guard phase == .running else { return stop() }
        phase = .draining
        deadline = milliseconds.map { now() + $0 }
        do {
            let answer: Acknowledged = try Connection(path: socket.path, patience: 5)
                .call(.stop, StopParameters(), deadline: .now + .seconds(5))
            printError("orchd: \(answer.message)")
        } catch {
            // One that hangs would not take the SIGTERM either.
            if error as? ClientError == .timedOut { engine?.signal(SIGKILL) }
            stop()
        }
    }

    /// Ends all processes, and with the supervisor all tasks.
    private func stop() {
        guard phase != .stopping else { return }
        phase = .stopping
        deadline = now() + 20_000
        restartEngineAt = nil
        engine?.signal(SIGTERM)
        supervisor?.signal(SIGTERM)
        bridge?.stop()
    }

    private func showStatus() {
        do {
            let connection = try Connection(path: socket.path, patience: 2)
            // An engine that hangs must not make the launcher hang, which must end it.
            let deadline = ContinuousClock.now + .seconds(2)
            let status = try connection.call(.status, deadline: deadline)
            let workers = try connection.call(
                .workerList, WorkerListParameters(), deadline: deadline)
            let environment = Environment.own
            let style = Style(
                isTerminal: isatty(STDERR_FILENO) == 1, noColor: environment[.noColor], term: environment[.terminal])
            let text = StatusText.text(status, workers: workers.workers, style: style)
            printError(text)
        } catch {
            printError("orchd: \(error)")
        }
    }

    private func now() -> Int64 { Clock.awake }
}
