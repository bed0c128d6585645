import OrchProtocol
import Presentation
import Testing

@testable import orchctl

@Suite struct DoctorTests {
    @Test(arguments: [
        ("6.1.0-18-amd64", Finding.Verdict.ok), ("5.14.0", .ok), ("5.10.0-28", .warn), ("5.4.0", .fail), ("4.19.1", .fail),
        ("", .warn), ("x.y", .warn), ("6", .warn),
    ])
    func kernels(_ release: String, _ verdict: Finding.Verdict) {
        #expect(MachineChecks.kernel(release: release).verdict == verdict)
    }

    @Test(arguments: [
        ("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", Finding.Verdict.ok),
        ("tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n", .warn), ("", .warn),
    ])
    func hierarchies(_ mounts: String, _ verdict: Finding.Verdict) {
        #expect(MachineChecks.hierarchy(mounts: mounts).verdict == verdict)
    }

    @Test func delegation() {
        #expect(MachineChecks.delegation(controllers: "cpuset cpu io memory pids", place: "p").verdict == .ok)
        #expect(MachineChecks.delegation(controllers: "memory pids", place: "p").detail == "p lacks cpu")
    }

    @Test(arguments: [
        ("systemd 252 (252.22-1~deb12u1)\n+PAM", Finding.Verdict.ok), ("systemd 257.2", .ok), ("systemd 245", .warn),
        ("", .warn),
        ("sh: not found", .warn),
    ])
    func versions(_ text: String, _ verdict: Finding.Verdict) {
        #expect(ProgramChecks.systemd(version: text).verdict == verdict)
    }

    @Test func room() {
        #expect(ProgramChecks.storage(path: "p", free: 2 << 30, hasFiles: true).verdict == .ok)
        #expect(ProgramChecks.storage(path: "p", free: 500 << 20, hasFiles: true).verdict == .warn)
        #expect(ProgramChecks.storage(path: "p", free: 1 << 20, hasFiles: true).verdict == .fail)
        #expect(ProgramChecks.storage(path: "p", free: 2 << 30, hasFiles: false).verdict == .fail)
        #expect(MachineChecks.descriptors(hard: 100).verdict == .fail)
        #expect(MachineChecks.descriptors(hard: 1024).verdict == .warn)
        #expect(MachineChecks.descriptors(hard: .max).verdict == .ok)
    }

    @Test func textHasARemedy() {
        let text = Finding.text(
            [Finding("a", .fail, "is off", remedy: "turn it on"), Finding("long", .ok, "fine")], style: .plain)
        #expect(text == "fail  a     is off\n            -> turn it on\nok    long  fine\n")
    }
}
