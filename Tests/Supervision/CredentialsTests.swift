import Glibc
import Platform
import TestSupport
import Testing

@testable import Supervision
@testable import SupervisorLink

/// Secrets that the policy gives to pools.
@Suite struct CredentialsTests {
    private let directory: ScratchDirectory
    private var source: String { directory.path("loaded") }
    private var place: String { directory.path("credentials") }

    init() throws {
        directory = try ScratchDirectory()
        mkdir(source, 0o700)
        try write("key\n", to: "orchd_openai")
        try write("pass", to: "plain")
        try write("bin\u{0}ary", to: "binary")
    }

    private func write(_ text: String, to name: String) throws {
        let file = try Descriptor(opening: "\(source)/\(name)", O_WRONLY | O_CREAT, mode: 0o400)
        let bytes = Array(text.utf8)
        #expect(Glibc.write(file.number, bytes, bytes.count) == bytes.count)
    }

    private func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    @Test func anAttemptFindsWhatItsPoolGets() throws {
        let credentials = try Credentials(from: source, in: place, keeping: [])
        let identity = Identity(user: geteuid() == 0 ? 12_345 : geteuid(), group: getegid(), supplementary: [])
        let grants = [CredentialGrant(name: "openai", variable: "KEY"), .init(name: "plain", variable: nil)]
        let variables = try credentials.hand(grants, to: "7.1", as: identity)
        #expect(variables == ["ORCH_CREDENTIALS_DIR=\(place)/7.1", "KEY=key"])
        #expect(SmallFile.text("\(place)/7.1/openai") == "key\n" && SmallFile.text("\(place)/7.1/plain") == "pass")
        let file = try #require(status("\(place)/7.1/openai"))
        #expect(file.st_mode & 0o777 == 0o400 && file.st_uid == identity.user)
        let own = try #require(status("\(place)/7.1"))
        #expect(own.st_mode & 0o777 == 0o750 && own.st_uid == geteuid())
        credentials.takeBack("7.1")
        #expect(status("\(place)/7.1") == nil)
        #expect(try credentials.hand([], to: "8.1", as: identity) == [] && status("\(place)/8.1") == nil)
    }

    @Test(arguments: ["missing", "binary", "../loaded/plain"]) func whatCannotBeHandedLeavesNothing(name: String) throws {
        let credentials = try Credentials(from: source, in: place, keeping: [])
        let grants = [CredentialGrant(name: "plain", variable: nil), .init(name: name, variable: "KEY")]
        // A policy would not have taken the last name; were it to, it is not found either, since no such file is made.
        #expect(throws: Credentials.Missing.self) { try credentials.hand(grants, to: "7.1", as: nil) }
        #expect(status("\(place)/7.1") == nil)
        let none = try Credentials(from: nil, in: place, keeping: [])
        #expect(throws: Credentials.Missing.self) { try none.hand([grants[0]], to: "7.1", as: nil) }
    }

    @Test func onlyWhatLivesIsKeptOverAStart() throws {
        let credentials = try Credentials(from: source, in: place, keeping: [])
        for name in ["1.1", "2.1"] { _ = try credentials.hand([.init(name: "plain", variable: nil)], to: name, as: nil) }
        _ = try Credentials(from: source, in: place, keeping: ["2.1"])
        #expect(status("\(place)/1.1") == nil && SmallFile.text("\(place)/2.1/plain") == "pass")
    }

    @Test func aPolicySaysWhoGetsWhat() throws {
        let policy = try Policy(
            parsing: "orchd-policy 1\ncredential p openai KEY\ncredential p plain\npool p 1 1\npool q 1 1\n")
        #expect(
            policy.pools["p"]?.credentials == [.init(name: "openai", variable: "KEY"), .init(name: "plain", variable: nil)])
        #expect(policy.pools["q"]?.credentials == [])
        for line in [
            "p", "p ", "p ../x", "p .x", "p a b c", "p a 1X", "p a PATH", "p a ORCH_X", "p a X=Y", "q a", "p a\ncredential p a",
        ] {
            #expect(throws: Policy.Invalid.self, "\(line)") {
                try Policy(parsing: "orchd-policy 1\npool p 1 1\ncredential \(line)")
            }
        }
    }

    @Test func anEngineHasNoSayWhereThereIsAPolicy() throws {
        let asked = [CredentialGrant(name: "other", variable: nil)]
        let order = LaunchOrder(attempt: 1, name: "1.1", pool: "p", arguments: ["/bin/true"], credentials: asked)
        let policy = try Policy(parsing: "orchd-policy 1\npool p 1 1\ncredential p own\n")
        #expect(PolicyCheck(policy: policy, ownOOMScore: 0).credentials(of: order) == [.init(name: "own", variable: nil)])
        #expect(PolicyCheck(policy: nil, ownOOMScore: 0).credentials(of: order) == asked)
    }

    @Test func variablesTakeThePlaceOfThoseThatWereGiven() {
        var plan = SpawnPlan(candidates: [], arguments: [], environment: ["KEY=old", "KEYS=1", "A=KEY=2"])
        plan.setVariables(["KEY=new"])
        #expect(plan.environment == ["KEYS=1", "A=KEY=2", "KEY=new"])
    }
}
