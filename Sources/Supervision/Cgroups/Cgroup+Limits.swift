import Glibc
import SupervisorLink

extension Cgroup {
    /// Sets its limits, before a process is in it.
    ///
    /// What the host has no controller for is left out: the greeting says which there are, and the engine tells people.
    func limit(to controls: [CgroupControl: UInt64]) throws(SystemError) {
        guard !controls.isEmpty else { return }
        for (control, value) in controls { try set(control.file, control.text(value)) }
        guard controls[.memory] != nil else { return }
        // What is left of a task without the process that the kernel chose is of no use to anybody.
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
