import Foundation
import Glibc
import Testing

/// Where there is less than a machine usually has: no /proc, no /dev, no processes to be had. Each program says what is missing, or needs
/// it not; none ends by a signal, and none does something else.
@Suite(.onThreads) struct BarePlaceTests {
    /// What is hidden, and what the two daemons say that need it.
    @Test(arguments: [("/proc", "there is no /proc"), ("/dev", "there is no usable /dev/null")])
    func whatIsMissingIsSaid(_ place: String, _ says: String) throws {
        let home = try Home()
        guard geteuid() == 0, try home.run("unshare -m true").status == 0 else {
            print("not tested: only root hides \(place) from a program")
            return
        }
        func bare(_ command: String, _ redirections: String = "") throws -> Daemon.Result {
            try home.run("exec unshare -m sh -c 'mount -t tmpfs none \(place); exec timeout 10 \(command) \(redirections)'")
        }
        for daemon in ["orchd run", "orchd-supervisor --link ~/l --state-dir ~/s --work-dir ~/w"] {
            let result = try bare(daemon)
            #expect(result.status == 1 && result.error.contains(says) && result.error.contains("mount"), "\(daemon): \(result)")
        }
        // Whoever only asks has its arguments all the same.
        let running = try home.daemon()
        #expect(try bare("orchctl run -- echo hi").output == "hi\n")
        #expect(try bare("orchctl submit --nonsense").error.contains("has no option --nonsense"))
        #expect(try bare("orchctl list --json").status == 0)
        #expect(try bare("orchctl status").status == 0)
        #expect(try bare("orchd check --state-dir ~/.local/state/orchd").output.contains("is undamaged"))
        #expect(try bare("orchd-supervisor --version").output.hasPrefix("orchd-supervisor "))
        // Closed descriptors are no others there, either.
        #expect(try bare("orchctl run -- echo hi", ">&-").status == 125)
        try home.end(running)
    }

    @Test func tooFewProcessesAreAnError() throws {
        let home = try Home()
        guard geteuid() == 0 else {
            print("not tested: root has no limit of processes, and only root becomes a user who has no other processes")
            return
        }
        try home.letOthersIn()
        let user = "setpriv --reuid 61234 --regid 61234 --clear-groups env HOME=$HOME PATH=$PATH"
        var hasStarted = false
        for count in [2, 3, 5, 8, 12, 16, 18, 20, 24, 32, 64] {
            let script = """
                \(user) bash -c 'ulimit -u \(count); exec orchd run --state-dir ~/s\(count) --socket ~/k --drain-timeout 0' > out 2> err & pid=$!
                lives() { [[ -e /proc/$pid/stat && $(< /proc/$pid/stat) != *') Z '* ]]; } 2> /dev/null
                looks() { echo "$1"; ps -L -u 61234 -o pid,tid,comm,stat,wchan:32; kill -KILL $pid; }
                SECONDS=0
                until grep -q ready out || ! lives || ((SECONDS > 20)); do sleep 0.05; done
                ((SECONDS <= 20)) || looks 'not ready, and not ended:'
                grep -q ready out && { timeout 10 orchctl run --socket ~/k -- echo hi; kill $pid; }
                SECONDS=0
                until ! lives || ((SECONDS > 20)); do sleep 0.05; done
                ((SECONDS <= 20)) || looks 'told to end, and did not:'
                wait $pid
                """
            let result = try home.run(script)
            let (out, error) = (home.directory?.text("out") ?? "", home.directory?.text("err") ?? "")
            #expect(result.status < 128, "\(count): \(result) \(error)")
            guard out.contains("ready") else {
                #expect(result.status == 1 && !error.contains("Backtrac"), "\(count): \(result) \(error)")
                #expect(
                    error.contains("raise the limit of processes") || error.contains("temporarily unavailable"),
                    "\(count): \(error)")
                #expect(!hasStarted, "\(count) do not suffice, and fewer do: \(error)")
                continue
            }
            hasStarted = true
            #expect(result.output == "hi\n" || result.error.contains("temporarily unavailable"), "\(count): \(result)")
        }
        #expect(hasStarted)
    }

    /// Where tasks have used up all processes of the user, the daemon goes on: it has all its threads from its start on.
    @Test func tasksThatUseUpAllProcessesHoldUpNobody() throws {
        let home = try Home()
        guard geteuid() == 0 else {
            print("not tested: root has no limit of processes, and only root becomes a user who has no other processes")
            return
        }
        try home.letOthersIn()
        let script = """
            setpriv --reuid 61235 --regid 61235 --clear-groups env HOME=$HOME PATH=$PATH bash -c \\
                'ulimit -u 40; exec orchd run --state-dir ~/s --socket ~/k --drain-timeout 0' > out 2> err & pid=$!
            lives() { [[ -e /proc/$pid/stat && $(< /proc/$pid/stat) != *') Z '* ]]; } 2> /dev/null
            until grep -q ready out || ! lives; do sleep 0.02; done
            lives || exit
            engine=$(pgrep -u 61235 -f 'orchd serve')
            threads() { cat /proc/$engine/task/*/comm | sort; }
            orchctl run --socket ~/k -- true; threads > before
            orchctl submit --socket ~/k -- bash -c 'while :; do sleep 60 & done'
            until (($(ps -L -u 61235 -o tid= | wc -l) >= 40)); do sleep 0.05; done
            ask() { timeout 4 orchctl "$@" --socket ~/k > ask.out 2>&1 || { echo "$*: $?"; cat ask.out; }; }
            for i in 1 2 3 4 5 6; do ask status; ask list; ask submit --hold -- true; done
            ask pause default; ask resume default; ask clean --all
            orchctl backup --socket ~/k b.db 2>&1 | grep -v 'start a thread'
            diff before <(threads) && echo same
            ask stop --all; ask list
            kill $pid; wait $pid
            echo ended $?
            """
        let result = try home.run(script)
        #expect(result.output.contains("same\nended 0\n"), "\(result) \(home.directory?.text("err") ?? "")")
    }
}
