import Glibc
import Platform
import TestSupport
import Testing

@testable import Supervision
@testable import SupervisorLink

@Suite struct PolicyTests {
    private static let text = """
        orchd-policy 1
        program p /opt/my tools/run
        variable p PATH=/bin:/opt/my tools:.
        pool p 1000 1000,27
        pool any 1001 1001

        """

    @Test func aPolicyIsRead() throws {
        let policy = try Policy(parsing: Self.text)
        #expect(policy.pools["p"]?.runners == .one(.init(user: 1000, group: 1000, supplementary: [27])))
        #expect(policy.pools["p"]?.programs == [Array("/opt/my tools/run".utf8)])
        #expect(policy.pools["any"]?.programs == [])
    }

    @Test(arguments: [
        "", "orchd-policy 2\n", "orchd-policy 1\npool p 0 1", "orchd-policy 1\npool p 1", "orchd-policy 1\npool p 1 1,",
        "orchd-policy 1\npool p 1 1\npool p 2 2", "orchd-policy 1\n# x", "orchd-policy 1\n\npool p 1 1",
        "orchd-policy 1\npool ../p 1 1", "orchd-policy 1\npool p -1 1", "orchd-policy 1\npool p 4294967295 1",
        "orchd-policy 1\npool p 1 1\nlimit p memory", "orchd-policy 1\npool p 1 1\nlimit p memory x",
        "orchd-policy 1\npool p 1 1\nlimit p memory 1\nlimit p memory 2", "orchd-policy 1\nlimit p memory 1",
        "orchd-policy 1\npool p 1 1\nlimit p cpu 9", "orchd-policy 1\npool p 1 1\nlimit p disk 1",
        "orchd-policy 1\npool p 1 1\nsubmitter p 2 2", "orchd-policy 1\nsubmitter p 2 2",
        "orchd-policy 1\npool p submitter\nsubmitter p 0 0", "orchd-policy 1\npool p submitter\nsubmitter p 2",
        "orchd-policy 1\naccount 1 a /bin/sh", "orchd-policy 1\naccount 1 a /bin/sh home",
        "orchd-policy 1\naccount a a /bin/sh /",
        "orchd-policy 1\naccount 1 a /b /c\naccount 1 a /b /c",
        "orchd-policy 1\npool p submitter\nsubmitter p 2 2\nsubmitter p 2 2", "orchd-policy 1\npool p submitters",
        "orchd-policy 1\npool p 1 1\nvariable p A", "orchd-policy 1\npool p 1 1\nvariable p =a",
        "orchd-policy 1\nvariable p A=1", "orchd-policy 1\npool p 1 1\nopen-variable p *",
        "orchd-policy 1\npool p 1 1\nopen-variable p A*B", "orchd-policy 1\npool p 1 1\nopen-variable p A=",
        "orchd-policy 1\npool p 1 1\ndirectory p srv", "orchd-policy 1\nprogram p /bin/x",
        "orchd-policy 1\npool p 1 1\nprogram p x", "orchd-policy 1\npool  p 1 1",
    ]) func anInvalidOneIsRefused(text: String) {
        #expect(throws: Policy.Invalid.self) { try Policy(parsing: text) }
    }

    @Test func ordersAreJudged() throws {
        let policyCheck = PolicyCheck(policy: try Policy(parsing: Self.text), ownOOMScore: 0)
        func verdict(_ configure: (inout LaunchOrder) -> Void) -> PolicyCheck.Verdict {
            var order = LaunchOrder(attempt: 1, name: "1.1", pool: "p", arguments: ["/opt/my tools/run"])
            configure(&order)
            return policyCheck.check(order)
        }
        let identity = Identity(user: 1000, group: 1000, supplementary: [27])
        #expect(verdict { _ in } == .allowed(identity, programs: ["/opt/my tools/run"]))
        #expect(
            verdict {
                $0.arguments = ["run"]
                $0.environment = ["PATH=/home/mine"]
            } == .allowed(identity, programs: ["/opt/my tools/run"]))
        #expect(verdict { $0.arguments = ["/bin/sh"] } == .refused(.program))
        #expect(verdict { $0.arguments = ["/opt/my tools/../../bin/sh"] } == .refused(.program))
        #expect(verdict { $0.pool = "other" } == .refused(.unknownPool))
        #expect(verdict { $0.nice = -1 } == .refused(.nice))
        #expect(verdict { $0.oomScoreAdjust = -1 } == .refused(.oomScore))
    }

    /// What an engine gone wrong could put beside the name of a program that is allowed.
    @Test func whereProgramsArePromisedThePolicySaysWhatTheyFind() throws {
        let text = """
            orchd-policy 1
            pool p 1000 1000
            program p /bin/true
            variable p PATH=/bin
            variable p GREETING=a  b
            open-variable p LC_*
            open-variable p LANG
            directory p /srv/app
            directory p /opt/../opt
            pool any 1001 1001
            open-variable any X

            """
        let check = PolicyCheck(policy: try Policy(parsing: text), ownOOMScore: 0)
        func order(_ configure: (inout LaunchOrder) -> Void) -> LaunchOrder {
            var order = LaunchOrder(attempt: 1, name: "1.1", pool: "p", arguments: ["/bin/true"])
            configure(&order)
            return order
        }
        let hostile: [ByteString] = [
            "LD_PRELOAD=/proc/self/fd/9", "PATH=/home/mine", "HOME=/home/mine", "BASH_ENV=x", "NODE_OPTIONS=--import=x",
            "GREETING=other", "LANGUAGE=x", "LANG_X=y", "lang=z", "LC", "ORCH_RESULT_FILE=/etc/x", "ORCHD_SOCKET=/x",
            "ORCH_TASK_ID_=x",
            "\u{E4}=1", "=x",
        ]
        let good: [ByteString] = ["LC_ALL=C", "LC_=", "LANG=de", "ORCH_TASK_ID=7", "ORCH_ATTEMPT=1", "ORCH_MODEL=m"]
        #expect(check.environment(of: order { $0.environment = hostile + good }) == ["PATH=/bin", "GREETING=a  b"] + good)
        #expect(check.environment(of: order { ($0.pool, $0.environment) = ("any", hostile) }) == hostile)
        for directory in ["", "/srv/app", "/srv/app/", "//srv//app/./x", "/srv/app/x y"] as [ByteString] {
            #expect(check.check(order { $0.directory = directory }) != .refused(.directory), "\(directory)")
        }
        for directory in ["/", "/srv", "/srv/appx", "/srv/app/..", "/srv/app/../x", "/home/mine", "/opt/x"] as [ByteString] {
            #expect(check.check(order { $0.directory = directory }) == .refused(.directory), "\(directory)")
        }
        #expect(check.check(order { $0.descriptors = [0, 1, 2, 9] }) == .refused(.program))
        #expect(check.check(order { $0.noNewPrivileges = false }) == .refused(.program))
        guard case .allowed = check.check(order { $0.descriptors = [0, 1, 2, 3, 4, 5] }) else {
            Issue.record("what is usual is refused")
            return
        }
    }

    @Test func tasksRunAsTheirSubmitterWhereThePolicyListsThem() throws {
        let text = "orchd-policy 1\nsubmitter s 1000 1000,27\npool s submitter\nsubmitter s 999 999\npool p 1 1\n"
        let policyCheck = PolicyCheck(policy: try Policy(parsing: text), ownOOMScore: 0, engineUser: 999)
        func verdict(_ pool: String, _ submitter: UInt32?) -> PolicyCheck.Verdict {
            policyCheck.check(LaunchOrder(attempt: 1, name: "1.1", pool: pool, arguments: ["/bin/true"], submitter: submitter))
        }
        let identity = Identity(user: 1000, group: 1000, supplementary: [27])
        #expect(verdict("s", 1000) == .allowed(identity, programs: ["/bin/true"]))
        // Not listed, nobody, root, the engine's, and a pool that has a user of its own.
        for (pool, user) in [("s", 1001), ("s", nil), ("s", 0), ("s", 999), ("p", 1), ("p", 1000)] as [(String, UInt32?)] {
            #expect(verdict(pool, user) == .refused(.user), "\(pool) \(user ?? 0)")
        }
    }

    @Test func noOrderIsAboveTheLimitsOfItsPool() throws {
        let text = "orchd-policy 1\nlimit p memory 1000\nlimit p pids 5\npool p 1 1\npool q 1 1\n"
        let policyCheck = PolicyCheck(policy: try Policy(parsing: text), ownOOMScore: 0)
        func order(_ pool: String, _ controls: [CgroupControl: UInt64]) -> LaunchOrder {
            LaunchOrder(attempt: 1, name: "1.1", pool: pool, arguments: ["/bin/true"], controls: controls)
        }
        #expect(policyCheck.check(order("p", [.memory: 1001])) == .refused(.limit))
        #expect(policyCheck.check(order("p", [.pids: 6, .memory: 1])) == .refused(.limit))
        for allowed in [order("p", [.memory: 1000, .cpu: 99]), order("p", [:]), order("q", [.memory: 1001])] {
            guard case .allowed = policyCheck.check(allowed) else {
                Issue.record("\(allowed)")
                continue
            }
        }
        // An order that says nothing does not escape them.
        #expect(policyCheck.controls(of: order("p", [.pids: 2, .cpu: 99])) == [.memory: 1000, .pids: 2, .cpu: 99])
        #expect(policyCheck.controls(of: order("q", [.pids: 2])) == [.pids: 2])
    }

    /// Two spellings of an ä, which Swift's strings take for equal and the kernel does not.
    @Test func programsAreComparedByteForByte() throws {
        let (allowed, other) = ("/opt/\u{E4}", "/opt/a\u{308}")
        let policy = try Policy(parsing: "orchd-policy 1\npool p 1 1\nprogram p \(allowed)\n")
        let policyCheck = PolicyCheck(policy: policy, ownOOMScore: 0)
        func verdict(_ program: String) -> PolicyCheck.Verdict {
            policyCheck.check(LaunchOrder(attempt: 1, name: "1.1", pool: "p", arguments: [ByteString(program)]))
        }
        #expect(verdict(other) == .refused(.program))
        #expect(verdict(allowed) != .refused(.program))
    }

    @Test(.enabled(if: geteuid() == 0)) func poolsRunAsTheirUsersAndReloadIsAllOrNothing() throws {
        var template = Array("/tmp/orchd-policy-XXXXXX".utf8CString)
        close(mkstemp(&template))
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        func put(_ text: String) throws { try SmallFile.write(text, to: path) }
        try put("orchd-policy 1\npool p 65534 65534\n")
        let fixture = try Fixture(options: ["--policy", path])
        var engine = try fixture.engine()
        let output = try fixture.file("out")
        let order = fixture.shell("id -u; id -G; touch x; stat -c %u-%a . ..; mkdir -m 0 locked; echo r > .orch-result") {
            $0.descriptors = [1]
        }
        #expect(try engine.run(order, descriptors: [output.number]).code == 0)
        #expect(readAll(output.number) == "65534\n65534\n65534-700\n65534-770\n")
        #expect(engine.results[1] == "r\n")
        try engine.send(.discard(pool: "p", name: "1.1"))
        try eventually { access(fixture.directory + "/work/p/1.1", F_OK) != 0 }
        let refused = try engine.run(fixture.order("true") { $0.pool = "q" })
        #expect(refused.ending == .refused && refused.code == EndReport.Refusal.unknownPool.rawValue)

        try put("orchd-policy 1\npool p 0 0\npool q 0 0\n")
        fixture.send(SIGHUP)
        #expect(try engine.run(fixture.order("true")).ending == .exited)
        truncate(path, 0)
        try put("orchd-policy 1\npool q 65534 65534\nprogram q /bin/true\n")
        fixture.send(SIGHUP)
        // With a policy that is valid it executes its program anew.
        try engine.waitForClose()
        engine = try fixture.engine()
        try engine.send(.slots(pool: "q", count: 1))
        #expect(try engine.run(fixture.order("/bin/true") { $0.pool = "q" }).ending == .exited)
        #expect(try engine.run(fixture.order("/bin/sh") { $0.pool = "q" }).code == EndReport.Refusal.program.rawValue)
        #expect(try engine.run(fixture.order("true")).code == EndReport.Refusal.unknownPool.rawValue)
    }

    /// Each submitter has a folder of workspaces that the others of the pool cannot enter, over a new version of the program too.
    @Test(.enabled(if: geteuid() == 0)) func submittersDoNotMeet() throws {
        let directory = try ScratchDirectory()
        defer { withExtendedLifetime(directory) {} }
        let path = directory.path("policy")
        _ = try Descriptor(opening: path, O_WRONLY | O_CREAT, mode: 0o600)
        try SmallFile.write(
            "orchd-policy 1\naccount 12345 alice - /home/a b\npool p submitter\nsubmitter p 12345 12345\nsubmitter p 12346 12346\n",
            to: path)
        let fixture = try Fixture(options: ["--policy", path])
        var engine = try fixture.engine()
        func order(_ user: UInt32, _ script: String) -> LaunchOrder {
            fixture.shell(script) {
                $0.submitter = user
                $0.descriptors = [1]
            }
        }
        let output = try fixture.file("out")
        let script =
            "echo $HOME $USER $SHELL; id -u; stat -c %n-%u-%a $ORCH_WORKSPACE; echo r > $ORCH_RESULT_FILE; echo f > $ORCH_RESULT_DIR/f"
        #expect(try engine.run(order(12_345, script), descriptors: [output.number]).code == 0)
        let work = "\(fixture.directory)/work"
        #expect(readAll(output.number) == "/home/a b alice\n12345\n\(work)/p.12345/1.1-12345-700\n")
        #expect(engine.results[1] == "r\n")
        let look = order(12_346, "ls \(work)/p.12345 2>&1 | grep -c denied; cd \(work)/p.12345/1.1 2>&1; sleep 1000")
        try engine.send(.launch(look), descriptors: [output.number])
        try eventually { readAll(output.number).contains("1\n") && readAll(output.number).contains("can't cd") }

        fixture.send(SIGUSR2)
        try engine.waitForClose()
        engine = try fixture.engine()
        try engine.send(.stop(attempt: 2, grace: 60_000))
        #expect(try engine.end(of: 2).code == SIGTERM)
        #expect(try engine.run(order(12_347, "true"), descriptors: [output.number]).code == EndReport.Refusal.user.rawValue)
        for name in ["1.1", "2.1"] { try engine.send(.discard(pool: "p", name: name)) }
        try eventually { access("\(work)/p.12345/1.1", F_OK) != 0 && access("\(work)/p.12346/2.1", F_OK) != 0 }
        #expect(access("\(work)/p.12345", F_OK) == 0)
    }
}
