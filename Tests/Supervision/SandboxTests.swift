import Glibc
import Platform
import Testing

@testable import Supervision
@testable import SupervisorLink

/// Walls around attempts, with real processes.
@Suite struct SandboxTests {
    /// What a script says that tries something, in a real attempt.
    private func tried(
        _ script: String, _ sandbox: Sandbox, _ fixture: Fixture, _ engine: TestEngine
    ) throws -> (end: EndReport, text: String) {
        let output = try fixture.file("out-\(sandbox.noNetwork)-\(script.utf8.count)")
        let order = fixture.shell(script) {
            $0.sandbox = sandbox
            $0.environment = ["PATH=/usr/bin:/bin"]
            $0.descriptors = [1, 2]
        }
        let end = try engine.run(order, descriptors: [output.number, output.number])
        return (end, readAll(output.number))
    }

    @Test func itWritesOnlyWhereItMay() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let place = fixture.directory + "/place"
        mkdir(place, 0o777)
        chmod(place, 0o777)
        let script = """
            echo a > mine && mkdir -p sub/sub && mv mine sub/sub/its && rm -r sub && echo workspace
            echo x > $ORCH_RESULT_DIR/kept && echo results
            echo $TMPDIR > /dev/null && [ $TMPDIR = $PWD ] && echo devices
            (echo x > \(place)/file) 2> /dev/null && echo place
            (mkdir \(place)/directory) 2> /dev/null && echo directory
            (sh -c 'echo x > \(fixture.directory)/by-child') 2> /dev/null && echo child
            cat /proc/version > /dev/null && ls / > /dev/null && echo reads
            """
        let none = try tried(script, .init(writable: []), fixture, engine)
        #expect(none.text == "workspace\nresults\ndevices\nreads\n", "\(none)")
        let some = try tried(script, .init(writable: [place, "/not/there"]), fixture, engine)
        #expect(some.text == "workspace\nresults\ndevices\nplace\ndirectory\nreads\n", "\(some)")
        rmdir(place + "/directory")
        let free = try tried("(echo x > \(place)/file) && echo place", .init(noNetwork: true), fixture, engine)
        #expect(free.text == "place\n")
    }

    @Test func itReachesNobodyOverTheNetwork() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let script = """
            python3 - <<'END'
            import socket, ctypes
            def attempt(name, family):
                try: socket.socket(family, socket.SOCK_STREAM if family != socket.AF_NETLINK else socket.SOCK_RAW); print(name)
                except OSError as error: print(name, error.errno)
            attempt('inet', socket.AF_INET)
            attempt('inet6', socket.AF_INET6)
            attempt('unix', socket.AF_UNIX)
            attempt('netlink', socket.AF_NETLINK)
            libc = ctypes.CDLL(None, use_errno=True)
            libc.syscall(425, 1, 0)
            print('io_uring', ctypes.get_errno())
            END
            """
        let walled = try tried(script, .init(noNetwork: true), fixture, engine)
        #expect(walled.text == "inet \(EAFNOSUPPORT)\ninet6 \(EAFNOSUPPORT)\nunix\nnetlink\nio_uring \(ENOSYS)\n", "\(walled)")
        let open = try tried(script, .init(), fixture, engine)
        #expect(open.text.hasPrefix("inet\n"), "\(open)")
    }

    @Test func theWallsStandInThePolicy() throws {
        let text = """
            orchd-policy 1
            pool free 1 1
            pool walled 1 1
            confine walled network
            writable walled /srv/a b
            writable walled /var/cache

            """
        let policyCheck = PolicyCheck(policy: try Policy(parsing: text), ownOOMScore: 0)
        func isAllowed(_ pool: String, _ sandbox: Sandbox) -> Bool {
            let order = LaunchOrder(attempt: 1, name: "1.1", pool: pool, arguments: ["/bin/true"], sandbox: sandbox)
            return policyCheck.check(order) != .refused(.sandbox)
        }
        #expect(isAllowed("free", .init()) && isAllowed("free", .init(writable: ["/"], noNetwork: true)))
        #expect(isAllowed("walled", .init(writable: ["/srv/a b"], noNetwork: true)))
        #expect(isAllowed("walled", .init(writable: [], noNetwork: true)))
        #expect(!isAllowed("walled", .init(writable: ["/srv/a b"])))
        #expect(!isAllowed("walled", .init(noNetwork: true)))
        #expect(!isAllowed("walled", .init(writable: ["/srv"], noNetwork: true)))
        for line in ["walled x", "walled", "none network", "walled writes network"] {
            #expect(throws: Policy.Invalid.self, "\(line)") { try Policy(parsing: text + "confine \(line)\n") }
        }
        #expect(throws: Policy.Invalid.self) { try Policy(parsing: text + "writable walled srv\n") }
    }
}
