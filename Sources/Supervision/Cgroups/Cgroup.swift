import Glibc
import Platform
import SupervisorLink

/// The cgroup of one attempt. Made for it, and removed with it: after `cgroup.kill`, some kernels kill whatever is cloned into the
/// same cgroup later.
final class Cgroup {
    let parent: Descriptor
    let name: String
    let directory: Descriptor

    init(in parent: Descriptor, name: String) throws(SystemError) {
        self.parent = parent
        self.name = name
        if mkdirat(parent.number, name, 0o755) != 0 {
            // One of a former life: it is gone, or it is not ours to use.
            guard errno == EEXIST, unlinkat(parent.number, name, AT_REMOVEDIR) == 0, mkdirat(parent.number, name, 0o755) == 0
            else { throw SystemError("make the directory \(name)") }
        }
        directory = try Descriptor(opening: name, in: parent, O_RDONLY | O_DIRECTORY)
    }

    init(existing name: String, in parent: Descriptor) throws(SystemError) {
        self.parent = parent
        self.name = name
        directory = try Descriptor(opening: name, in: parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// Readable with EPOLLPRI whenever `isPopulated` may have changed.
    func openEvents() throws(SystemError) -> Descriptor {
        try Descriptor(opening: "cgroup.events", in: directory, O_RDONLY)
    }

    var isPopulated: Bool {
        guard let events = try? openEvents() else { return true }
        return Self.isPopulated(events)
    }

    /// Reading also tells the kernel that this descriptor has seen the change; otherwise it stays ready.
    static func isPopulated(_ events: Descriptor) -> Bool {
        SmallFile.record(events).flatMap { keyedValue("populated", in: $0) } != 0
    }

    /// Kills all that is in it. Kernels before 5.14 have no `cgroup.kill`; there the caller must repeat it.
    func kill() {
        do throws(SystemError) {
            try SmallFile.write("1", to: "cgroup.kill", in: directory)
        } catch {
            signal(SIGKILL)
        }
    }

    /// Stops all that is in it, whatever it does with signals, or lets it continue. What is killed meanwhile dies all the same.
    func freeze(_ isFrozen: Bool) {
        do throws(SystemError) {
            try SmallFile.write(isFrozen ? "1" : "0", to: "cgroup.freeze", in: directory)
        } catch {
            signal(isFrozen ? SIGSTOP : SIGCONT)
        }
    }

    /// Sends a signal to each process in it, but to none that has taken the number of one that was.
    func signal(_ number: Int32, except leader: pid_t = 0) {
        let handles = processes.filter { $0 != leader }.compactMap { pid in ProcessHandle(pid) }
        // A handle whose number is still listed now was in the cgroup when it was opened, or its process is gone.
        let present = Set(processes)
        for handle in handles where present.contains(handle.pid) { handle.signal(number) }
    }

    private var processes: [pid_t] { SmallFile.read("cgroup.procs", in: directory)?.decimalNumbers ?? [] }

    /// Adds to the report of an end what it used: only what its controllers count.
    func account(in report: inout EndReport) {
        func count(_ key: String, _ file: String) -> Int64 {
            SmallFile.record(file, in: directory).flatMap { keyedValue(key, in: $0) } ?? 0
        }
        if count("oom_kill", "memory.events") > 0 { report.flags.insert(.outOfMemory) }
        // How often it was refused a process.
        if count("max", "pids.events") > 0 { report.flags.insert(.outOfProcesses) }
        let peak = SmallFile.record("memory.peak", in: directory).flatMap { Int64($0.split(separator: "\n").first ?? "") }
        report.peakMemory = peak ?? report.peakMemory
        guard let cpu = SmallFile.record("cpu.stat", in: directory) else { return }
        report.cpuUser = keyedValue("user_usec", in: cpu) ?? report.cpuUser
        report.cpuSystem = keyedValue("system_usec", in: cpu) ?? report.cpuSystem
    }

    /// Removes it and the empty cgroups that its processes made in it.
    func remove() {
        guard unlinkat(parent.number, name, AT_REMOVEDIR) != 0, errno == EBUSY || errno == ENOTEMPTY else { return }
        for child in directoryNames(in: directory) { (try? Cgroup(existing: child, in: directory))?.remove() }
        unlinkat(parent.number, name, AT_REMOVEDIR)
    }

    // MARK: Limits

    /// Sets its limits, before a process is in it.
    ///
    /// What the host has no controller for is left out: the greeting says which there are, and the engine tells people.
    func limit(to controls: [CgroupControl: UInt64]) throws(SystemError) {
        guard !controls.isEmpty else { return }
        for (control, value) in controls { try set(control.file, control.text(value)) }
        guard controls[.memory] != nil else { return }
        // What is left of a task without the process that the kernel chose is useless to anybody.
        try set("memory.oom.group", "1")
        // Otherwise the limit would only move it to the disk.
        if controls[.swap] == nil { try set("memory.swap.max", "0") }
    }

    private func set(_ file: String, _ text: String) throws(SystemError) {
        do throws(SystemError) {
            try SmallFile.write(text, to: file, in: directory)
        } catch  where error.code == ENOENT {}
    }
}

extension CgroupControl {
    fileprivate var file: String {
        switch self {
        case .memory: "memory.max"
        case .memoryHigh: "memory.high"
        case .swap: "memory.swap.max"
        case .cpu: "cpu.max"
        case .cpuWeight: "cpu.weight"
        case .pids: "pids.max"
        case .ioWeight: "io.weight"
        }
    }

    /// As cgroup-v2.rst of Linux says.
    fileprivate func text(_ value: UInt64) -> String {
        switch self {
        // Microseconds of each period of a tenth of a second.
        case .cpu: "\(value * 100) 100000"
        case .ioWeight: "default \(value)"
        default: String(value)
        }
    }
}

extension Cgroup {
    /// What an attempt has used of disks, and how long it waited for what it had not got; only what its controllers count.
    func measures() -> Measures {
        var measures = Measures(
            bytesRead: 0, bytesWritten: 0, stalledForProcessor: stalled("cpu"), stalledForMemory: stalled("memory"),
            stalledForDisk: stalled("io"))
        // A line for each device: `8:0 rbytes=1 wbytes=2 …`.
        for word in (SmallFile.text("io.stat", in: directory) ?? "").split(whereSeparator: \.isWhitespace) {
            if word.hasPrefix("rbytes=") { measures.bytesRead += Int64(word.dropFirst(7)) ?? 0 }
            if word.hasPrefix("wbytes=") { measures.bytesWritten += Int64(word.dropFirst(7)) ?? 0 }
        }
        return measures
    }

    /// The `total` of the line `some avg10=0.00 … total=123`.
    private func stalled(_ resource: String) -> Int64 {
        let text = SmallFile.text("\(resource).pressure", in: directory) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("some ") } ?? ""
        let word = line.split(separator: " ").first { $0.hasPrefix("total=") } ?? ""
        return Int64(word.dropFirst(6)) ?? 0
    }
}
