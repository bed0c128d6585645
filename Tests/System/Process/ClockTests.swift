import Foundation
import Glibc
import OrchProtocol
import Testing

/// Real programs while somebody sets the clock: what is shown of an attempt is how long it ran.
@Suite(.onThreads) struct ClockTests {
    /// A library that puts the real-time clock of whoever loads it forward by the seconds that a file says.
    private static let library = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>
        static long shift(void) {
            char text[32] = "";
            const char *path = getenv("CLOCK_SHIFT");
            int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
            if (file < 0) return 0;
            if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
            close(file);
            return atol(text);
        }
        int clock_gettime(clockid_t clock, struct timespec *at) {
            long result = syscall(SYS_clock_gettime, clock, at);
            if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += shift();
            return (int)result;
        }
        int gettimeofday(struct timeval *restrict at, void *restrict zone) {
            struct timespec now;
            (void)zone;
            clock_gettime(CLOCK_REALTIME, &now);
            at->tv_sec = now.tv_sec;
            at->tv_usec = now.tv_nsec / 1000;
            return 0;
        }
        time_t time(time_t *at) {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            if (at) *at = now.tv_sec;
            return now.tv_sec;
        }
        """

    /// What dies while the clock is wrong. What is lost with its supervisor in that very moment still shows the step.
    enum Death: String, CaseIterable { case nothing, engine }

    @Test(arguments: [3600, -3600], Death.allCases) func anAttemptTookAsLongAsItRan(_ seconds: Int, _ death: Death) throws {
        let home = try Home()
        let directory = try #require(home.directory)
        try directory.write(Self.library, to: "clock.c")
        guard try home.run("cc -shared -fPIC -O1 -o clock.so clock.c").status == 0 else {
            print("not tested: there is no C compiler, and so no clock to set")
            return
        }
        try directory.write("0", to: "shift")
        let clock = ["LD_PRELOAD": home.path + "/clock.so", "CLOCK_SHIFT": home.path + "/shift"]
        let daemon = try home.daemon("exec orchd run --drain-timeout 0 --workers 2", clock, client: clock)
        // One that has ended before, one that runs meanwhile, and one that starts after.
        let script = "sh -c 'echo > ~/on; until [ -e ~/go ]; do sleep 0.02; done'"
        let before = try home.run("orchctl submit --wait -- true > told; orchctl list -c id | tail -1", clock).output
            .trimmingCharacters(
                in: .whitespacesAndNewlines)
        let during = try home.run("orchctl submit -- \(script)", clock).id
        try directory.wait(for: "on")
        try directory.write(String(seconds), to: "shift")
        switch death {
        case .nothing: break
        case .engine:
            let mark = "\0serve\0"
            let victim = try #require(
                children(of: daemon.pid).first { contents("/proc/\($0)/cmdline")?.contains(mark) ?? false })
            kill(victim, SIGKILL)
            try eventually("its end") { !isAlive(victim) }
        }
        try directory.write("", to: "go")
        try home.run("orchctl wait \(during)", clock)
        let after = try home.run("orchctl run -- true; orchctl list -c id | sed -n 2p", clock).output.trimmingCharacters(
            in: .whitespacesAndNewlines)
        for task in [before, "\(during)", after] {
            let shown = try home.run("orchctl show --json \(task)", clock)
            let record = try Wire.decode(TaskRecord.self, from: Data(shown.bytes))
            for attempt in record.attempts {
                let (start, end) = (try #require(attempt.startedAt), try #require(attempt.endedAt))
                let took = end.milliseconds - start.milliseconds
                #expect((0..<60_000).contains(took), "\(seconds) s, \(death): task \(task) took \(took) ms: \(shown.output)")
            }
            #expect(!record.attempts.isEmpty, "\(shown)")
        }
        try home.end(daemon)
    }
}
