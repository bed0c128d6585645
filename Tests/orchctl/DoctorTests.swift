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

@Suite struct ServiceChecksTests {
    private func text(_ lines: [String: String]) -> String { lines.map { "\($0)=\($1)\n" }.joined() }

    @Test func whatRunsIsFine() {
        for state in ["active", "reloading"] {
            let finding = ServiceChecks.finding("orchd", text(["LoadState": "loaded", "ActiveState": state]), journal: "")
            #expect(finding.verdict == .ok)
        }
    }

    @Test func aRefusedStartIsExplained() {
        let failed = ["LoadState": "loaded", "ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "78"]
        let told = ServiceChecks.finding(
            "orchd", text(failed.merging(["StatusText": "Cannot start: the database /x is damaged"]) { $1 }), journal: "")
        #expect(told.verdict == .fail)
        #expect(told.detail == "orchd.service does not run: the database /x is damaged")
        #expect(told.remedy?.contains("systemctl start orchd") == true && told.remedy?.contains("orchd restore") == true)

        let journal = "orchd: first reason\norchd: the last: reason\norchd.service: Failed with result 'exit-code'.\n"
        let found = ServiceChecks.finding("orchd", text(failed), journal: journal, scope: "--user ")
        #expect(found.detail == "orchd.service does not run: the last: reason")
        #expect(found.remedy?.contains("systemctl --user start orchd") == true)

        let silent = ServiceChecks.finding(
            "orchd-supervisor",
            text(["LoadState": "loaded", "ActiveState": "failed", "Result": "signal", "ExecMainStatus": "9"]),
            journal: "")
        #expect(silent.detail.contains("it ended with signal, status 9"))
        let limit = ServiceChecks.finding(
            "orchd",
            text(["LoadState": "loaded", "ActiveState": "failed", "Result": "start-limit-hit", "ExecMainStatus": "1"]),
            journal: "")
        #expect(limit.remedy?.contains("reset-failed") == true)
    }

    @Test func whatIsStoppedOrMissingIsSaid() {
        let stopped = ServiceChecks.finding(
            "orchd", text(["LoadState": "loaded", "ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"]),
            journal: "")
        #expect(stopped.verdict == .fail && stopped.remedy == "systemctl start orchd")
        let missing = ServiceChecks.finding("orchd", text(["LoadState": "not-found", "ActiveState": "inactive"]), journal: "")
        #expect(missing.verdict == .warn && missing.detail.contains("not installed"))
        #expect(ServiceChecks.finding("orchd", "", journal: "").verdict == .warn)
    }
}

@Suite struct UpgradeReportTests {
    private func status(pid: Int32, started: Int64, supervisor: SupervisorStatus, version: String = "1.0") -> DaemonStatus {
        DaemonStatus(
            state: .running, version: version, pid: pid, startedAt: Timestamp(milliseconds: started),
            now: Timestamp(milliseconds: 0),
            supervisor: supervisor, counts: TaskCounts(), pools: [], problems: [], lastEvent: 0)
    }

    private func supervisor(_ pid: Int32, executed: Int64?, version: String? = "1.0") -> SupervisorStatus {
        var status = SupervisorStatus(connected: true)
        (status.pid, status.cgroups, status.version) = (pid, true, version)
        status.startedAt = executed.map { Timestamp(milliseconds: $0) }
        return status
    }

    @Test func bothAreNew() {
        let report = UpgradeReport(
            from: status(pid: 1, started: 1, supervisor: supervisor(9, executed: nil, version: nil)),
            to: status(pid: 2, started: 2, supervisor: supervisor(9, executed: 5, version: "2.0"), version: "2.0"),
            running: 3, lost: [], pause: 0.1234, problem: nil)
        #expect(report.problems.isEmpty)
        #expect(
            report.text(style: .plain) == """
                supervisor: an older version -> 2.0
                engine: 1.0 -> 2.0
                3 of 3 running tasks kept
                clients waited for at most 123 ms

                """)
    }

    @Test func whatWentWrongIsSaid() {
        let before = status(pid: 1, started: 1, supervisor: supervisor(9, executed: 5))
        let same = UpgradeReport(from: before, to: before, running: 1, lost: [], pause: 0, problem: "it failed")
        #expect(same.problems.count == 3 && same.problems[0] == "it failed")
        let other = UpgradeReport(
            from: before, to: status(pid: 2, started: 2, supervisor: supervisor(10, executed: 6)), running: 2, lost: [7],
            pause: 0, problem: nil)
        #expect(other.problems.count == 2 && other.problems[1].contains("7"))
        #expect(other.text(style: .plain).contains("1 of 2 running tasks kept"))
    }
}
