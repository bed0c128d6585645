import TestSupport
import Testing

@testable import DaemonConfiguration

/// `programs`, and what would make them promise nothing.
@Suite struct SurroundingsConfigurationTests {
    private func faults(_ lines: String) throws -> [String] {
        try ConfigurationFiles(["orchd.toml": "", "pools.d/p.toml": "slots = 1\nprograms = [\"/bin/true\"]\n" + lines]).faults()
    }

    @Test(arguments: [
        "LD_PRELOAD", "LD_LIBRARY_PATH", "PATH", "HOME", "BASH_ENV", "ENV", "NODE_OPTIONS", "PYTHONPATH", "PERL5OPT",
        "GIT_SSH_COMMAND",
        "RUBYOPT", "JAVA_TOOL_OPTIONS", "XDG_CONFIG_HOME", "GLIBC_TUNABLES", "L*", "P*", "GIT_*", "X*", "SOME_OPTIONS",
        "MANPATH",
        "ORCH_X", "ORCHD_SOCKET",
    ]) func whatDecidesAboutCodeCannotBeOpen(_ name: String) throws {
        #expect(try faults("env_allow = [\"\(name)\"]\n").first?.contains("decide which code") == true)
    }

    @Test(arguments: ["LANG", "LC_*", "TZ", "TERM", "APP_MODE", "CI", "DEBUG", "BUILD_*"]) func whatDoesNotCan(_ name: String)
        throws
    {
        #expect(try faults("env_allow = [\"\(name)\"]\n") == [])
    }

    @Test func whatIsNoNameOrNoPathIsTold() throws {
        for name in ["", "*", "A=B", "A B", "A*B"] {
            #expect(
                try faults("env_allow = [\"\(name)\"]\n").first?.contains("is not the name of a variable") == true, "\(name)")
        }
        for path in ["srv", "/srv/..", "/a/../b"] {
            #expect(try faults("directories = [\"\(path)\"]\n").first?.contains("absolute paths") == true, "\(path)")
        }
        #expect(try faults("env = { A = \"a\\nb\" }\n").first?.contains("control characters") == true)
    }

    @Test func withoutProgramsNothingIsPromised() throws {
        let files = ["orchd.toml": "", "pools.d/p.toml": "slots = 1\nenv_allow = [\"LANG\"]\ndirectories = [\"/srv\"]\n"]
        #expect(try ConfigurationFiles(files).faults().count == 2)
    }

    @Test func thePolicyHasWhatTheFilesSay() throws {
        let files = try ConfigurationFiles([
            "orchd.toml": "",
            "agents/a.toml": "argv = [\"/bin/true\"]\nprompt = \"stdin\"\n[env]\nA_HOME = \"{workspace}\"\n",
            "pools.d/p.toml": """
            slots = 1
            agent = "a"
            user = "nobody"
            path = "/opt/bin"
            programs = ["/bin/true"]
            env = { B = "x  y", PATH = "/other" }
            env_allow = ["LC_*"]
            directories = ["/srv/my app"]
            """,
        ])
        let policy = try files.load().policy(defaultUser: "nobody", clientGroup: "root", file: "f")
        let lines = policy.split(separator: "\n").filter { $0.contains(" p ") && !$0.hasPrefix("pool ") }
        #expect(
            lines == [
                "program p /bin/true", "variable p B=x  y", "variable p PATH=/opt/bin", "open-variable p LC_*",
                "open-variable p A_HOME", "directory p /srv/my app",
            ])
    }
}
